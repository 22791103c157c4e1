//! Each official client in front of a provider of each format, through a real Envoy. `make test-clients` runs it.

use std::fs;

use serde_json::Value;
use tests::mesh::{Mesh, key};
use tests::standin::Received;
use tests::{node, place, python};

/// What may stand in a request to a provider beside the pseudo-headers and what Envoy itself adds.
const HEADERS: &[&str] = &[
    "host",
    "accept",
    "accept-encoding",
    "user-agent",
    "content-length",
    "content-type",
    "transfer-encoding",
    "traceparent",
    "x-request-id",
    "x-forwarded-proto",
    "x-stainless-retry-count",
];

/// Runs a client's program, and looks at all that reached the providers.
fn check(run: impl FnOnce(&str) -> anyhow::Result<String>) {
    let policy = fs::read_to_string(place::repository().join("tests/clients/policy.yaml")).unwrap();
    let policy: Value = serde_saphyr::from_str(&policy).unwrap();
    let mesh = Mesh::start(&policy).unwrap();
    let printed = run(&format!("http://{}", mesh.envoy.address())).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{printed}");
    let received = mesh.take_received();
    assert!(["openai", "anthropic", "ollama"].iter().all(|provider| received.iter().any(|(by, _)| by == provider)));
    for (provider, received) in &received {
        assert!(!received.contains("key-of-the-client"), "{provider} received the client's key: {received:?}");
        assert!(!received.contains("AKIAQ3EGUBZJ5XPKW7ML"), "{provider} received the secret: {received:?}");
        check_own(provider, received);
    }
}

/// A provider receives its own key, its own headers, and nothing of another's format; the rest its stand-in refuses.
fn check_own(provider: &str, received: &Received) {
    let bearer = ("authorization", format!("Bearer {}", key(provider)));
    let ((credential, value), others): (_, &[&str]) = match provider {
        "anthropic" => (("x-api-key", key(provider)), &["anthropic-version", "anthropic-beta"]),
        "openai" => (bearer, &["openai-beta"]),
        _ => (bearer, &[]),
    };
    assert_eq!(received.header(credential), value, "{provider}: {received:?}");
    for name in received.headers.keys().map(|name| name.as_str()) {
        let known = HEADERS.contains(&name) || others.contains(&name) || name == credential;
        assert!(known, "{provider} received `{name}`: {received:?}");
    }
}

#[test]
fn the_openai_sdk_for_python_works_with_every_provider() {
    check(|mesh| python::run("openai_pairs.py", &[("MESH", mesh)]));
}

#[test]
fn the_anthropic_sdk_for_python_works_with_every_provider() {
    check(|mesh| python::run("anthropic_pairs.py", &[("MESH", mesh)]));
}

#[test]
fn the_ollama_sdk_for_python_works_with_every_provider() {
    check(|mesh| python::run("ollama_pairs.py", &[("MESH", mesh)]));
}

#[test]
fn the_openai_sdk_for_node_works_with_every_provider() {
    check(|mesh| node::run("openai.test.mjs", &[("MESH", mesh)]));
}

#[test]
fn the_ai_sdk_of_vercel_works_with_every_provider() {
    check(|mesh| node::run("vercel.test.mjs", &[("MESH", mesh)]));
}
