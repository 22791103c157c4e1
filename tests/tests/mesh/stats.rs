//! What Envoy's own stats show, and what the doctor says of a healthy Envoy.

use std::process::Command;

use serde_json::Value;
use tests::client::Request;
use tests::mesh::{Mesh, key};
use tests::place;

use crate::{ordinary, policy, sensitive};

#[test]
fn requests_are_counted_by_what_was_decided() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    for request in [ordinary(), sensitive(), sensitive(), Request::chat("nobody", "hello"), Request::post("/x", "{")] {
        mesh.line(&mesh.send(&request));
    }
    let counted =
        |name: &str| mesh.envoy.stats().into_iter().find(|(known, _)| known.ends_with(name)).map(|(_, value)| value);
    assert_eq!(counted("policymesh_requests.action.route.level.public.rule.as_asked.provider.cloud"), Some(1));
    assert_eq!(counted("policymesh_requests.action.route.level.restricted.rule.as_asked.provider.local"), Some(2));
    assert_eq!(counted("policymesh_unreadable.reason.malformed-json"), Some(1));
}

#[test]
fn counts_have_labels_in_prometheus() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    if mesh.envoy.version() < (1, 39) {
        // Before 1.39 the name begins with that of some cluster, where no tag rule looks.
        return;
    }
    for request in [ordinary(), sensitive(), sensitive(), Request::post("/x", "{")] {
        mesh.line(&mesh.send(&request));
    }
    let metrics = mesh.envoy.ask_admin("/stats/prometheus").unwrap().text();
    let routed = |provider: &str, level: &str, count: u64| {
        let labels = [("action", "route"), ("provider", provider), ("level", level), ("rule", "as_asked")];
        assert_eq!(value(&metrics, "policymesh_requests", &labels), Some(count), "{}", ours(&metrics));
    };
    routed("cloud", "public", 1);
    routed("local", "restricted", 2);
    assert_eq!(
        value(&metrics, "policymesh_unreadable", &[("reason", "malformed-json")]),
        Some(1),
        "{}",
        ours(&metrics)
    );
    assert_eq!(value(&metrics, "policymesh_policy_active", &[("policy", "lock")]), Some(1), "{}", ours(&metrics));
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_rendered_envoy() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    let address = format!("http://{}", mesh.envoy.admin());
    let output = Command::new(place::policymesh()).args(["doctor", &address]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_provider_gets_its_own_key_and_the_path_of_its_own_api() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let body = r#"{"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}"#;
    mesh.send(&Request::post("/team/v1/messages", body).header("x-api-key", "key-of-the-client"));
    let received = mesh.provider("anthropic").wait_for(1).remove(0);
    assert_eq!(received.header("x-api-key"), key("anthropic"));
    assert_eq!((received.path.as_str(), received.header("anthropic-version").as_str()), ("/v1/messages", "2023-06-01"));
    assert_eq!(received.json()["model"], "claude-sonnet-4-5");
    mesh.send(&Request::chat("gpt", "hello").header("authorization", "Bearer key-of-the-client"));
    let received = mesh.provider("openai").wait_for(1).remove(0);
    assert_eq!(received.header("authorization"), format!("Bearer {}", key("openai")));
    assert_eq!((received.path.as_str(), &received.json()["model"]), ("/v1/chat/completions", &Value::from("gpt-4o")));
}

/// The value of the series of this name that has these labels.
fn value(metrics: &str, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
    let is = |line: &&str| {
        let labels = labels.iter().map(|(label, value)| format!("{label}=\"{value}\""));
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
            && labels.into_iter().all(|one| line.contains(&one))
    };
    metrics.lines().find(is)?.rsplit(' ').next()?.parse().ok()
}

fn ours(metrics: &str) -> String {
    metrics.lines().filter(|line| line.starts_with("policymesh")).collect::<Vec<_>>().join("\n")
}
