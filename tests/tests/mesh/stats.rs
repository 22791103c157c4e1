//! What Envoy's own stats show.

use serde_json::{Value, json};
use tests::client::Request;
use tests::mesh::{Mesh, key};
use tests::standin::Behaviour;
use tests::waiting::eventually;

use crate::translation::ask;
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
fn tokens_cost_and_attempts_are_counted_with_the_names_of_the_conventions() {
    let mut policy = policy("three");
    policy["spec"]["aliases"]["any"] = json!(["gpt", "claude"]);
    let mesh = Mesh::start(&policy).unwrap();
    if mesh.envoy.version() < (1, 39) {
        return;
    }
    mesh.provider("openai").behave(Behaviour::Fail(503));
    for stream in [false, true] {
        mesh.line(&mesh.send(&ask("/v1/chat/completions", "any", stream)));
    }
    // Envoy adds up histograms every few seconds.
    let added_up = |metrics: &String| value(metrics, "gen_ai_client_token_usage_count", &[]) == Some(2);
    let metrics = eventually(|| Some(mesh.envoy.ask_admin("/stats/prometheus").unwrap().text()).filter(added_up));
    let metrics = metrics.expect("the histograms are added up");
    let call =
        [("gen_ai_operation_name", "chat"), ("gen_ai_provider_name", "anthropic"), ("gen_ai_request_model", "claude")];
    let counted = |name: &str, labels: &[(&str, &str)]| value(&metrics, name, labels);
    let of_claude = [("provider", "anthropic"), ("model", "claude")];
    let tokens = |kind| counted("policymesh_tokens", &[&of_claude[..], &[("kind", kind)]].concat());
    assert_eq!(
        (tokens("input"), tokens("output"), tokens("cached")),
        (Some(18), Some(24), Some(0)),
        "{}",
        ours(&metrics)
    );
    let seen = |kind| counted("gen_ai_client_token_usage_count", &[&call[..], &[("gen_ai_token_type", kind)]].concat());
    assert_eq!((seen("input"), seen("output")), (Some(2), Some(2)), "{}", ours(&metrics));
    assert_eq!(counted("gen_ai_client_operation_duration_milliseconds_count", &call), Some(2), "{}", ours(&metrics));
    assert_eq!(counted("gen_ai_client_operation_time_to_first_chunk_milliseconds_count", &call), Some(1));
    let cost = 2 * (9 * 3000 + 12 * 15_000);
    assert_eq!(counted("policymesh_cost_nano_usd", &of_claude), Some(cost), "{}", ours(&metrics));
    assert_eq!(counted("policymesh_usage", &[&of_claude[..], &[("state", "complete")]].concat()), Some(2));
    assert_eq!(counted("policymesh_attempts", &[("provider", "openai"), ("outcome", "failed")]), Some(2));
    assert_eq!(counted("policymesh_attempts", &[("provider", "anthropic"), ("outcome", "answered")]), Some(2));
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
    metrics.lines().find(is)?.rsplit(' ').next()?.parse::<f64>().ok().map(|value| value.round() as u64)
}

fn ours(metrics: &str) -> String {
    metrics
        .lines()
        .filter(|line| line.starts_with("policymesh") || line.starts_with("gen_ai"))
        .collect::<Vec<_>>()
        .join("\n")
}
