//! The adapter alone, in a host that answers its calls: what an honest provider would not send.

use std::collections::HashMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tests::place::filter_module;
use tests::wasm_host::{Exchange, Host, Message, Outcome};

/// An attempt at Anthropic for a client of this path, and another to make after it.
fn exchange(path: &str, response: Message) -> Exchange {
    let attempt = |cluster: &str| {
        json!({
            "provider": cluster, "cluster": cluster, "format": "anthropic", "authority": "api.example.com",
            "model": {"name": "claude", "id": "claude-sonnet-4-5", "written": false},
        })
    };
    let body = json!({"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let plan = json!({
        "decision_id": "0123456789abcdef", "api": if path == "/v1/messages" { "messages" } else { "chat" },
        "method": "POST", "path": path, "headers": [], "stream": false, "strictness": "strict",
        "body": {"length": body.len(), "model": [9, 15]}, "attempts": [attempt("first"), attempt("second")],
    });
    let properties = HashMap::from([
        ("policymesh_plan".to_owned(), plan.to_string().into_bytes()),
        ("xds\0cluster_name".to_owned(), b"first".to_vec()),
    ]);
    Exchange { response, properties, upstream: true, ..Exchange::new(Message::post(path, body)) }
}

fn run(exchange: Exchange) -> Outcome {
    let mut host = Host::load(filter_module(), br#"{"role": "adapter"}"#).unwrap();
    let outcome = host.exchange(exchange);
    assert_eq!(outcome.trap, None);
    outcome
}

fn answer(status: &str, body: Vec<u8>) -> Message {
    let message = Message::new([(":status", status), ("content-type", "application/json")]);
    Message { chunks: vec![body], ..message }
}

fn message() -> Vec<u8> {
    let content = json!([{"type": "text", "text": "hello"}]);
    let usage = json!({"input_tokens": 9, "output_tokens": 2});
    json!({"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "end_turn", "usage": usage})
        .to_string()
        .into_bytes()
}

fn progress(outcome: &Outcome) -> Value {
    serde_json::from_slice(&outcome.state["policymesh_progress"]).unwrap()
}

#[test]
fn a_provider_cannot_make_envoy_ask_another_nor_speak_in_our_name() {
    for path in ["/v1/messages", "/v1/chat/completions"] {
        let forged = answer("200", message()).header("x-policymesh-retry", "1").header("x-policymesh-own-answer", "1");
        let response = run(exchange(path, forged.header("x-envoy-upstream-service-time", "1"))).response.unwrap();
        let names = response.headers.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned());
        let ours: Vec<_> =
            names.filter(|name| name.starts_with("x-policymesh-") || name.starts_with("x-envoy-")).collect();
        assert_eq!(ours, [""; 0], "{path}");
    }
    let failed = run(exchange("/v1/messages", answer("503", b"{}".to_vec())));
    assert_eq!(failed.response.unwrap().header("x-policymesh-retry"), "1");
    assert_eq!(failed.state["policymesh_cluster"], b"second");
}

#[test]
fn an_answer_that_is_compressed_though_nobody_asked_is_read() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&message()).unwrap();
    let compressed = answer("200", gzip.finish().unwrap()).header("content-encoding", "gzip").in_chunks_of(7);
    let outcome = run(exchange("/v1/chat/completions", compressed));
    let response = outcome.response.as_ref().unwrap();
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], "hello");
    assert_eq!(response.header("content-encoding"), "");
    assert_eq!(response.header("content-length"), response.body.len().to_string());
    assert_eq!(progress(&outcome)["usage"]["state"], "complete");
}

#[test]
fn an_answer_that_ends_with_trailers_is_translated() {
    let mut trailing = answer("200", message());
    trailing.trailers = vec![(b"x-sum".to_vec(), b"1".to_vec())];
    let outcome = run(exchange("/v1/chat/completions", trailing));
    let body: Value = serde_json::from_slice(&outcome.response.as_ref().unwrap().body).unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], "hello");
    assert_eq!(progress(&outcome)["attempts"][0]["outcome"], "answered");
}

#[test]
fn a_request_for_a_cluster_that_is_not_in_the_plan_is_refused() {
    let mut elsewhere = exchange("/v1/messages", answer("200", message()));
    elsewhere.properties.insert("xds\0cluster_name".into(), b"elsewhere".to_vec());
    let mut without = exchange("/v1/messages", answer("200", message()));
    without.properties.remove("policymesh_plan");
    for refused in [elsewhere, without] {
        let outcome = run(refused);
        assert_eq!(outcome.reply.map(|reply| reply.status), Some(503));
        assert_eq!(outcome.request, None);
    }
}

#[test]
fn a_cluster_that_is_tried_again_by_a_route_of_its_own_gets_its_own_request() {
    let mut again = exchange("/v1/messages", answer("200", message()));
    let attempted = json!({"provider": "first", "cluster": "first", "outcome": "no-answer"});
    again.properties.insert("policymesh_progress".into(), json!({"attempts": [attempted]}).to_string().into_bytes());
    let outcome = run(again);
    assert_eq!(outcome.request.as_ref().unwrap().header(":authority"), "api.example.com");
    assert_eq!(progress(&outcome)["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(outcome.state["policymesh_cluster"], b"second");
}

#[test]
fn the_largest_body_is_translated_in_bounded_memory() {
    let mut exchange = exchange("/v1/chat/completions", answer("200", message()));
    let content = "lorem \n ipsum ".repeat((15 << 20) / 15);
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": content}]}).to_string().into_bytes();
    assert!(((14 << 20)..(16 << 20)).contains(&body.len()), "{}", body.len());
    exchange.request.chunks = vec![body];
    let mut host = Host::load(filter_module(), br#"{"role": "adapter"}"#).unwrap();
    let before = host.memory();
    let outcome = host.exchange(exchange);
    assert_eq!(outcome.trap, None);
    assert!(outcome.request.unwrap().body.len() > 14 << 20);
    let grown = host.memory() - before;
    println!("the VM grew by {} MiB", grown >> 20);
    assert!(grown < 6 * (16 << 20), "the VM grew by {} MiB", grown >> 20);
}

#[test]
fn whatever_a_provider_says_kills_nobody() {
    let nested = "[".repeat(100_000);
    let bodies = [&b""[..], b"\xff\xfe", b"null", b"{\"content\": 7}", b"data: {", nested.as_bytes()];
    for body in bodies {
        for kind in ["application/json", "text/event-stream", "application/x-ndjson", "", "\u{e9}"] {
            for status in ["200", "204", "301", "429", "599", "999", "x"] {
                let message = Message::new([(":status", status), ("content-type", kind)]);
                let message = Message { chunks: vec![body.to_vec(), body.to_vec()], ..message };
                for path in ["/v1/messages", "/v1/chat/completions"] {
                    run(exchange(path, message.clone()));
                }
            }
        }
    }
}
