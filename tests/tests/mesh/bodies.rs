//! Bodies: large ones, too large ones, broken off ones, and answers that stream.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::envoy::Bootstrap;
use tests::mesh::{Delivery, Mesh};
use tests::standin::Behaviour;

use crate::{ordinary, policy, sensitive};

const MIB: usize = 1024 * 1024;

#[test]
fn a_body_of_32_mb_is_read_to_its_end_and_goes_through_whole_in_bounded_memory() {
    let mut policy = policy("lock");
    for model in policy["spec"]["models"].as_array_mut().unwrap() {
        // 32 MB of text are about eight million tokens.
        model["context"] = json!(10_000_000);
    }
    let mesh = Mesh::start(&policy).unwrap();
    assert_eq!(mesh.send(&ordinary()).status, 200);
    mesh.take_received();
    let before = resident(&mesh);
    // What is sensitive stands at the very end.
    let filler = "lorem ipsum dolor sit amet, ".repeat(32 * MIB / 28 - 10);
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": filler + "Bluebird"}]}).to_string();
    assert!((31 * MIB..=32 * MIB).contains(&body.len()), "{}", body.len());
    for request in [Request::post("/v1/chat/completions", body.clone()).in_chunks_of(MIB / 8), large(&body).http2()] {
        let response = mesh.send(&request);
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(mesh.line(&response)["audit"]["facts"]["detectors"]["project-names"]["count"], 1);
        let received = mesh.take_received();
        let [(provider, received)] = &received[..] else { panic!("{} providers received it", received.len()) };
        assert_eq!(provider, "local");
        assert!(received.body == body.replacen("auto", "small", 1).as_bytes(), "the body changed on its way");
    }
    let grown = peak(&mesh).saturating_sub(before);
    println!("Envoy grew from {} MiB by {} MiB at its peak", before / MIB, grown / MIB);
    // Envoy holds the body, and copies it for another attempt; the filter holds nothing of it.
    assert!(grown < 4 * 32 * MIB, "Envoy grew by {} MiB", grown / MIB);
}

fn large(body: &str) -> Request {
    Request::post("/v1/chat/completions", body.to_owned())
}

#[test]
fn a_body_that_envoy_does_not_hold_is_refused_in_the_shape_of_the_api() {
    let small_buffers = |mut bootstrap: Bootstrap| {
        set_everywhere(bootstrap.document(), "request_body_buffer_limit", &json!(65536));
        set_everywhere(bootstrap.document(), "per_connection_buffer_limit_bytes", &json!(32768));
        bootstrap
    };
    let start = |starter: tests::envoy::Starter| starter.change(small_buffers);
    let mesh = Mesh::start_with(&policy("lock"), Delivery::Static, start).unwrap();
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "x".repeat(300_000)}]}).to_string();
    let error = |path: &str| {
        let response = mesh.send(&Request::post(path, body.clone()).in_chunks_of(10_000));
        assert_eq!(response.status, 413, "{}", response.text());
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(mesh.line(&response)["status"], 413);
        response.json()
    };
    assert_eq!(error("/v1/chat/completions")["error"]["code"], "request_too_large");
    assert_eq!(error("/v1/messages")["error"]["type"], "request_too_large");
    assert!(error("/api/chat")["error"].is_string());
    assert!(mesh.take_received().is_empty());
    assert_eq!(mesh.send(&ordinary()).status, 200);
}

#[test]
fn trailers_end_a_body_and_go_nowhere() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    for (request, provider) in [(ordinary(), "cloud"), (sensitive(), "local")] {
        for request in [request.clone(), request.http2()] {
            let response = mesh.send(&request.trailer("x-note", "Falcon Nine").trailer("x-sum", "1234"));
            assert_eq!(response.status, 200, "{}", response.text());
            let received = mesh.take_received();
            let [(name, received)] = &received[..] else { panic!("{received:?}") };
            assert_eq!(name, provider);
            assert!(received.whole && received.trailers.is_empty(), "{received:?}");
            assert!(!received.contains("Falcon Nine"), "{received:?}");
        }
    }
}

#[test]
fn a_client_that_leaves_before_its_request_is_whole_reaches_nobody_and_is_recorded() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    let mut client = TcpStream::connect(mesh.envoy.address()).unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(br#"{"model": "auto", "messages": [{"role": "user", "content": "hello"#).unwrap();
    mesh.envoy.wait_for_stat("http.policymesh.downstream_rq_active", |active| active == 1);
    drop(client);
    let line = mesh.envoy.wait_for_access_log(|line| line["flags"].as_str().is_some_and(|flags| flags.contains("DC")));
    assert_eq!((&line["audit"]["action"], &line["audit"]["stage"]), (&json!("none"), &json!("ended")), "{line:#}");
    assert_eq!(line["audit"]["instance"]["sequence"], 1);
    assert!(mesh.take_received().is_empty());
    let response = mesh.send(&ordinary());
    assert_eq!(mesh.line(&response)["audit"]["instance"]["sequence"], 2);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_answer_is_recorded_with_its_decision() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    mesh.provider("cloud").behave(Behaviour::Hold);
    let mut client = TcpStream::connect(mesh.envoy.address()).unwrap();
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    client.write_all((head + &body).as_bytes()).unwrap();
    mesh.provider("cloud").wait_for(1);
    drop(client);
    let line = mesh.envoy.wait_for_access_log(|line| line["flags"].as_str().is_some_and(|flags| flags.contains("DC")));
    assert_eq!((&line["audit"]["action"], &line["audit"]["rule"]), (&json!("route"), &json!("as asked")), "{line:#}");
}

#[test]
fn an_answer_comes_as_it_streams() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "hello"}]});
    for request in [large(&body.to_string()), large(&body.to_string()).http2()] {
        mesh.provider("cloud").behave(Behaviour::Hold);
        let address = mesh.envoy.address();
        let (started, first) = std::sync::mpsc::channel();
        let client = std::thread::spawn(move || request.send_watched(address, move |_| started.send(()).unwrap_or(())));
        // The first part is here while the provider holds back all others.
        first.recv().unwrap();
        mesh.provider("cloud").behave(Behaviour::Answer);
        let response: Response = client.join().unwrap().unwrap();
        assert_eq!(response.status, 200);
        assert!(response.text().ends_with("data: [DONE]\n\n"), "{}", response.text());
    }
}

/// Memory of Envoy's process in bytes, now and at most so far.
fn resident(mesh: &Mesh) -> usize {
    status(mesh, "VmRSS:")
}

fn peak(mesh: &Mesh) -> usize {
    status(mesh, "VmHWM:")
}

/// A field of `/proc/PID/status`, which counts in kB.
fn status(mesh: &Mesh, field: &str) -> usize {
    let text = fs::read_to_string(format!("/proc/{}/status", mesh.envoy.process_id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Sets a field wherever it occurs.
fn set_everywhere(document: &mut Value, field: &str, value: &Value) {
    let (mut places, mut count) = (vec![document], 0);
    while let Some(place) = places.pop() {
        if let Some(found) = place.get_mut(field) {
            *found = value.clone();
            count += 1;
        }
        match place {
            Value::Array(items) => places.extend(items),
            Value::Object(fields) => places.extend(fields.values_mut()),
            _ => {}
        }
    }
    assert!(count > 0, "the bootstrap has no `{field}`");
}
