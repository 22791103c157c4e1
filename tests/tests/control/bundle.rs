//! The policy of a node as a signed bundle: taken, checked, kept, and in force in an Envoy that reads it from a file.

mod hostile;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::control::{ANY, Control};
use tests::mesh::{DECISION_ID, Delivery, FILTER, Mesh, Rendering};
use tests::waiting::eventually;

use crate::{local_only, mesh, name, ordinary, policy};
use hostile::Hostile;

/// The files of a node that pulls.
struct Node {
    folder: PathBuf,
    key: String,
}

// === impl Node ===

impl Node {
    /// One that trusts this service.
    fn of(control: &Control, id: &str) -> Self {
        let folder = control.folder().join(id);
        fs::create_dir_all(&folder).unwrap();
        let key = folder.join("control.key");
        fs::write(&key, control.json("/v1/audit/key")["key"].as_str().unwrap()).unwrap();
        Self { folder, key: key.display().to_string() }
    }

    fn bundle(&self) -> PathBuf {
        self.folder.join("policy.bundle")
    }

    /// Takes the policy of `edge`, and gives the exit code and what is said.
    fn pull(&self, control: &Control, options: &[&str]) -> (i32, String) {
        let out = self.bundle().display().to_string();
        let pull = ["bundle", "pull", "--once", "--node", "edge", "--out", &out, "--public-key", &self.key];
        self.run(control, &[&pull, options].concat())
    }

    fn verify(&self, control: &Control, file: &Path) -> (i32, String) {
        self.run(control, &["bundle", "verify", &file.display().to_string(), "--public-key", &self.key])
    }

    fn run(&self, control: &Control, arguments: &[&str]) -> (i32, String) {
        let output = control.command(arguments);
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), said)
    }

    /// What is kept: the bundle, and what Envoy reads.
    fn kept(&self) -> (Value, Value) {
        self.kept_or_nothing().unwrap()
    }

    fn kept_or_nothing(&self) -> Option<(Value, Value)> {
        let read = |file: PathBuf| serde_json::from_slice(&fs::read(file).ok()?).ok();
        Some((read(self.bundle())?, read(self.folder.join("policy.bundle.yaml"))?))
    }
}

const PATH: &str = "/v1/nodes/edge/bundle?cluster=policymesh";

/// Asks for what is not known by this tag.
fn ask(control: &Control, path: &str, tag: &str) -> Response {
    Request::new("GET", path).header("if-none-match", tag).send(control.api()).unwrap()
}

#[test]
fn a_bundle_says_what_the_node_would_be_pushed_and_is_not_sent_twice() {
    let control = Control::start().unwrap();
    let nobody = control.get(PATH);
    assert_eq!(nobody.status, 404, "{}", nobody.text());
    let pushed = mesh(&control, "edge");
    control.apply(&pushed.moved(&policy("lock")), &[]);
    let acked = control.wait_for_node("edge", |node| node["acked"]["number"] == 1)["acked"]["version"].clone();
    let mut bootstrap = fs::read_to_string(pushed.envoy.folder().join("bootstrap.json")).unwrap();
    let known: Value = serde_json::from_str(&bootstrap).unwrap();

    // The same node, by what its Envoy reads: to the hash the same configuration and module.
    let node = Node::of(&control, "edge");
    let file = node.folder.join("bootstrap.json");
    fs::write(&file, &bootstrap).unwrap();
    let out = node.bundle().display().to_string();
    let of_bootstrap = ["bundle", "pull", "--once", "--bootstrap", &file.display().to_string(), "--out", &out];
    let (code, said) = node.run(&control, &[&of_bootstrap[..], &["--public-key", &node.key]].concat());
    assert!(code == 0 && said.contains("version 1 of `"), "{said}");
    let (bundle, resource) = node.kept();
    assert_eq!(resource["version_info"], acked);
    assert_eq!(bundle["node"]["metadata"], known["node"]["metadata"]);
    let version = control.json(&format!("/v1/policies/{}/versions/1", name()));
    assert_eq!((&bundle["digest"], &bundle["policy"]), (&version["digest"], &json!(name())));
    let configuration: Value = serde_json::from_str(bundle["configuration"].as_str().unwrap()).unwrap();
    assert_eq!(configuration["clusters"], known["node"]["metadata"]["policymesh"]["clusters"]);
    let (code, said) = node.verify(&control, &node.bundle());
    assert!(code == 0 && said.contains("version 1 of policy") && said.contains("node `edge`"), "{said}");

    // A second time nothing is sent, nor written.
    let answer = control.get(PATH);
    assert_eq!(ask(&control, PATH, &answer.header("etag")).status, 304);
    assert_eq!(ask(&control, PATH, &format!("\"x\", {}", answer.header("etag"))).status, 304);
    assert_eq!(ask(&control, PATH, "W/\"1-0123456789abcdef\"").status, 200);
    let written = fs::metadata(node.bundle()).unwrap().modified().unwrap();
    let (code, said) = node.run(&control, &[&of_bootstrap[..], &["--public-key", &node.key]].concat());
    assert!(code == 0 && said.contains("nothing is new"), "{said}");
    assert_eq!(fs::metadata(node.bundle()).unwrap().modified().unwrap(), written);

    // An Envoy that has not the cluster of a provider would refuse it, and stay without a policy when it starts anew.
    bootstrap = bootstrap.replace("\"clusters\":[\"", "\"clusters\":[\"other-");
    fs::write(&file, bootstrap).unwrap();
    let (code, said) = node.run(&control, &[&of_bootstrap[..], &["--public-key", &node.key]].concat());
    assert!(code == 1 && said.contains("the filter would refuse it"), "{said}");
    assert_eq!(node.kept(), (bundle, resource));

    for wrong in ["wait=61", "wait=-1", "wait=x", "metadata=[]", "metadata=%7B", "colour=red"] {
        let answer = control.get(&format!("{PATH}&{wrong}"));
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
    let answer = control.get(&format!("{PATH}&metadata=%22{}%22", "x".repeat(20_000)));
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn who_waits_is_answered_when_a_version_is_published() {
    let control = Control::start().unwrap();
    let api = control.api();
    let asked = |tag: String, wait: u64| {
        std::thread::spawn(move || {
            let began = Instant::now();
            let request = Request::new("GET", &format!("{PATH}&wait={wait}")).header("if-none-match", tag);
            (request.send(api).unwrap(), began.elapsed())
        })
    };
    // Nothing is published yet: that is waited for, too.
    let first = asked(String::new(), 60);
    std::thread::sleep(Duration::from_millis(300));
    control.apply(&policy("lock"), &[]);
    let (first, took) = first.join().unwrap();
    assert_eq!((first.status, &first.json()["version"]), (200, &json!(1)), "{}", first.text());
    assert!((Duration::from_millis(300)..Duration::from_secs(30)).contains(&took), "{took:?}");

    let (same, took) = asked(first.header("etag"), 1).join().unwrap();
    assert!(same.status == 304 && took >= Duration::from_secs(1), "{} after {took:?}", same.status);
    let next = asked(first.header("etag"), 60);
    std::thread::sleep(Duration::from_millis(300));
    control.apply(&local_only(), &[]);
    let published = Instant::now();
    let (next, took) = next.join().unwrap();
    println!(
        "a waiting node was answered {:?} after `apply` had ended, {took:?} after it had asked",
        published.elapsed()
    );
    assert!((Duration::from_millis(300)..Duration::from_secs(30)).contains(&took), "{took:?}");
    assert_eq!((next.status, &next.json()["version"]), (200, &json!(2)));

    // A roll back is the old version with a serial that is higher still.
    let back = asked(next.header("etag"), 60);
    control.does(&["rollback", &name()]);
    let (back, _) = back.join().unwrap();
    assert_eq!(back.json()["version"], 1);
    let serials = [first, next, back].map(|answer| answer.json()["serial"].as_u64().unwrap());
    assert!(serials.is_sorted_by(|one, other| one < other), "{serials:?}");
}

#[test]
fn those_who_wait_leave_room_for_the_others() {
    let control = Control::start().unwrap();
    control.apply(&policy("lock"), &[]);
    let tag = control.get(PATH).header("etag");
    let wait = |seconds: u64| format!("{PATH}&wait={seconds}");
    let request = format!("GET {} HTTP/1.1\r\nhost: localhost\r\nif-none-match: {tag}\r\n\r\n", wait(60));
    let waiting: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(control.api()).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    // 250 may wait: the others are answered at once, though nothing is new.
    let is_answered = |stream: &&TcpStream| stream.peek(&mut [0]).is_ok();
    let answered = || waiting.iter().filter(is_answered).count();
    assert!(eventually(|| (answered() == 50).then_some(())).is_some(), "{} of 300 are answered", answered());
    assert_eq!(control.get("/v1/policies").status, 200);
    drop(waiting);
    let again = eventually(|| {
        let began = Instant::now();
        ask(&control, &wait(1), &tag);
        (began.elapsed() >= Duration::from_secs(1)).then_some(())
    });
    assert!(again.is_some(), "those who have gone still take the room");
}

#[test]
fn whatever_is_changed_in_a_bundle_is_found() {
    let control = Control::start().unwrap();
    control.apply(&policy("lock"), &[]);
    let node = Node::of(&control, "edge");
    assert_eq!(node.pull(&control, &[]).0, 0);
    let (whole, _) = node.kept();
    let file = node.folder.join("changed");
    for field in whole.as_object().unwrap().keys() {
        for value in [Some(other(&whole[field])), None] {
            let mut changed = whole.clone();
            match value {
                Some(value) => changed[field] = value,
                None => drop(changed.as_object_mut().unwrap().remove(field)),
            }
            fs::write(&file, changed.to_string()).unwrap();
            let (code, said) = node.verify(&control, &file);
            assert!(code == 1 && said.contains(&file.display().to_string()), "{field}: {code} {said}");
        }
    }
    let text = whole.to_string();
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    let (code, said) = node.verify(&control, &file);
    assert!(code == 1 && said.contains("EOF"), "{said}");
    let (code, said) = node.verify(&control, Path::new("/nowhere"));
    assert!(code == 2 && said.contains("cannot read `/nowhere`"), "{said}");
}

/// Another value of the same kind.
fn other(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_u64().unwrap() + 1),
        Value::Object(_) => json!({"id": "core", "cluster": "policymesh", "metadata": {}}),
        value => {
            let text = value.as_str().unwrap();
            // Another digit, or another letter.
            let (head, tail) = text.split_at(text.len() - 1);
            json!(format!("{head}{}", if tail == "0" { "1" } else { "0" }))
        }
    }
}

#[test]
fn an_older_policy_is_refused_unless_somebody_says_so() {
    let folder = tempfile::TempDir::new().unwrap();
    let key = folder.path().join("signing.key").display().to_string();
    let start = || Control::launch([ANY, ANY], &["--signing-key", &key]).unwrap();
    let control = start();
    control.apply(&policy("lock"), &[]);
    let old = control.get(PATH).body();
    control.apply(&local_only(), &[]);
    let node = Node::of(&control, "edge");
    assert_eq!(node.pull(&control, &[]).0, 0);
    control.does(&["rollback", &name()]);
    let (code, said) = node.pull(&control, &[]);
    assert!(code == 0 && said.contains("version 1 of"), "what is rolled back to is newer: {said}");
    let kept = node.kept();

    // Somebody who kept an old bundle gives it out again.
    let hostile = Hostile::start();
    hostile.answer(&old);
    let (code, said) = node.pull(&control, &["--server", &hostile.url()]);
    assert!(code == 1 && said.contains("its serial is 1, and"), "{said}");
    // A service that lost what it knew.
    let emptied = start();
    emptied.apply(&policy("lock"), &[]);
    let (code, said) = node.pull(&emptied, &[]);
    assert!(code == 1 && said.contains("the service lost what it knew"), "{said}");
    assert_eq!(node.kept(), kept);
    let (code, said) = node.pull(&emptied, &["--accept-older"]);
    assert!(code == 0, "{said}");
    assert!(node.kept().0["serial"].as_u64() < kept.0["serial"].as_u64());
}

/// Which provider a chat goes to that may go to the cloud; empty if to none.
fn goes_to(mesh: &Mesh) -> String {
    mesh.take_received();
    mesh.send(&ordinary());
    mesh.take_received().pop().map(|(provider, _)| provider).unwrap_or_default()
}

/// Waits until such a chat goes to this provider.
fn wait_until_it_goes_to(mesh: &Mesh, provider: &str) {
    let there = eventually(|| (goes_to(mesh) == provider).then_some(()));
    assert!(there.is_some(), "nothing goes to `{provider}`: {}", mesh.envoy.log());
}

#[test]
fn an_envoy_that_starts_while_the_service_is_away_decides_by_the_last_good_policy() {
    let mut control = Control::start().unwrap();
    let named = |rendering: Rendering, _: &Path| {
        rendering.option("--node-id", "edge").option("--node-cluster", "web").option("--access-log", "/dev/stdout")
    };
    let mut mesh = Mesh::launch(&policy("lock"), Delivery::Ecds, named, |starter| starter).unwrap();
    control.apply(&mesh.moved(&local_only()), &[]);
    let node = Node::of(&control, "edge");
    let file = |name: &str| mesh.envoy.folder().join(name).display().to_string();
    let (log, bootstrap, filter) = (file("access.log"), file("bootstrap.json"), file(FILTER));
    assert_eq!(goes_to(&mesh), "cloud", "what was rendered is in force");

    let collecting = control.background(&[
        "collect",
        &log,
        "--bootstrap",
        &bootstrap,
        "--policy-file",
        &filter,
        "--public-key",
        &node.key,
    ]);
    wait_until_it_goes_to(&mesh, "local");
    let response = mesh.send(&ordinary());
    let id = response.header(DECISION_ID);
    let came = eventually(|| (control.get(&format!("/v1/records/{id}")).status == 200).then_some(()));
    assert!(came.is_some(), "its record never comes: {}", collecting.log());

    let published = Instant::now();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    let applied = published.elapsed();
    wait_until_it_goes_to(&mesh, "cloud");
    println!("in force {:?} after `apply` began, which took {applied:?}", published.elapsed());

    control.kill();
    for envoy_too in [false, true] {
        if envoy_too {
            mesh.envoy.end(false);
            mesh.envoy.restart().unwrap();
        }
        assert_eq!(goes_to(&mesh), "cloud");
        let told = eventually(|| collecting.log().contains("the policy stays as it is").then_some(()));
        assert!(told.is_some(), "{}", collecting.log());
    }
    control.restart().unwrap();
    control.apply(&mesh.moved(&local_only()), &[]);
    wait_until_it_goes_to(&mesh, "local");
}

#[test]
fn a_bundle_that_is_followed_takes_the_place_of_the_last_and_of_whatever_is_put_there() {
    let mut control = Control::start().unwrap();
    control.apply(&policy("lock"), &[]);
    let node = Node::of(&control, "edge");
    let out = node.bundle().display().to_string();
    let _following =
        control.background(&["bundle", "pull", "--watch", "--node", "edge", "--out", &out, "--public-key", &node.key]);
    // The bundle comes first, then Envoy's file.
    let wait_for = |version: u64| {
        let resource = format!("{}/{version}/", name());
        let fits = |(bundle, policy): &(Value, Value)| {
            bundle["version"] == version && policy["version_info"].as_str().unwrap().starts_with(&resource)
        };
        let there = eventually(|| node.kept_or_nothing().filter(fits));
        there.unwrap_or_else(|| panic!("version {version} never comes, only {:?}", node.kept_or_nothing()))
    };
    wait_for(1);
    control.apply(&local_only(), &[]);
    let kept = wait_for(2);
    control.kill();
    fs::write(node.folder.join("policy.bundle.yaml"), "resources: []").unwrap();
    let healed = eventually(|| (node.kept_or_nothing() == Some(kept.clone())).then_some(()));
    assert!(healed.is_some(), "Envoy's file is not made good again");
    control.restart().unwrap();
    control.apply(&policy("lock"), &[]);
    let (last, _) = wait_for(3);
    assert!(last["serial"].as_u64() > kept.0["serial"].as_u64());
}
