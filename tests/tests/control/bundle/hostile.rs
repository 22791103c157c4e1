//! Answers that no honest service gives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tests::control::Control;

use super::Node;
use crate::{local_only, policy};

/// A server that answers everything with the same.
pub struct Hostile {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
}

// === impl Hostile ===

impl Hostile {
    /// Starts one, which lives as long as the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = shared.lock().unwrap().clone();
                // Whoever has heard enough closes the connection.
                let _ = serve(stream, &answer);
            }
        });
        Self { address, answer }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Will answer with this body.
    pub fn answer(&self, body: &[u8]) {
        self.say(&[format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat());
    }

    /// Will say just this.
    fn say(&self, bytes: &[u8]) {
        *self.answer.lock().unwrap() = bytes.to_vec();
    }
}

fn serve(stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let mut request = BufReader::new(&stream);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    (&stream).write_all(answer)
}

#[test]
fn whatever_the_service_answers_the_last_good_policy_stays() {
    let control = Control::start().unwrap();
    control.apply(&policy("lock"), &[]);
    let node = Node::of(&control, "edge");
    assert_eq!(node.pull(&control, &[]).0, 0);
    let kept = node.kept();
    control.apply(&local_only(), &[]);
    let next = control.get(super::PATH).body();
    let other = Control::start().unwrap();
    for version in [policy("lock"), local_only(), policy("lock")] {
        other.apply(&version, &[]);
    }
    let of_another_key = other.get(super::PATH).body();
    let of_another_node = control.get("/v1/nodes/core/bundle?cluster=policymesh").body();
    let of_another_cluster = control.get("/v1/nodes/edge/bundle?cluster=core").body();
    let mut changed = serde_json::from_slice::<serde_json::Value>(&next).unwrap();
    changed["serial"] = json!(1_000_000);
    let changed = changed.to_string().into_bytes();

    let hostile = Hostile::start();
    let url = hostile.url();
    let pull = || node.pull(&control, &["--server", &url]);
    let refused: [(&[u8], &str); 8] = [
        (&of_another_key, "and the one that is trusted is"),
        (&of_another_node, "it is for node `core`"),
        (&of_another_cluster, "of cluster `core`"),
        (&changed, "it was changed after it was signed"),
        (&next[..next.len() - 1], "it is no bundle: EOF"),
        (b"<html>Log in to this network</html>", "it is no bundle"),
        (b"", "it is no bundle"),
        (b"{\"kind\": \"Bundle\"}", "missing field"),
    ];
    for (body, reason) in refused {
        hostile.answer(body);
        let (code, said) = pull();
        assert!(code == 1 && said.contains(reason), "{reason}: {code} {said}");
        assert_eq!(node.kept(), kept);
    }

    let head = |head: &str| format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
    let endless = [head("200 OK\r\ncontent-length: 99000000"), vec![b' '; 40 << 20]].concat();
    let cut = [head(&format!("200 OK\r\ncontent-length: {}", next.len())), next[..next.len() / 2].to_vec()].concat();
    let failed: [(Vec<u8>, &str); 5] = [
        (endless, "broke off"),
        (cut, "broke off"),
        (head("500 Internal Server Error\r\ncontent-length: 0"), "status 500"),
        (b"SSH-2.0-x\r\n".to_vec(), "cannot reach the control service"),
        (Vec::new(), "cannot reach the control service"),
    ];
    for (answer, reason) in failed {
        hostile.say(&answer);
        let (code, said) = pull();
        assert!(code == 2 && said.contains(reason), "{reason}: {code} {said}");
        assert_eq!(node.kept(), kept);
    }
    // A 304 to what was not asked for is no harm: what is there was checked.
    hostile.say(&head("304 Not Modified"));
    assert_eq!(pull().0, 0);
    assert_eq!(node.kept(), kept);

    hostile.answer(&next);
    let (code, said) = pull();
    assert!(code == 0 && said.contains("version 2 of"), "{said}");
}
