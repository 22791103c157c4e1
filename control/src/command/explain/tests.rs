use policy::policy::Policy;

use super::*;

const POLICY: &str = r"
apiVersion: policymesh.dev/v1
kind: Policy
metadata: {name: acme}
spec:
  sensitivity:
    detectors:
    - {id: badge, name: Badge, label: pii, level: restricted, pattern: 'EMP-\d{6}'}
  providers:
  - {name: ollama, format: ollama, cluster: ollama, zone: local, cleared: restricted}
  - {name: openai, format: openai, cluster: openai, zone: cloud, cleared: internal}
  models:
  - {name: llama, provider: ollama, id: 'llama3.1:8b'}
  - {name: gpt, provider: openai}
  rules:
  - name: alice is refused
    match: {client: [alice]}
    action: {deny: {message: not you}}
  - name: as asked
    action: {route: {models: [$asked, llama]}}
  identity: {header: x-client-id}
";

fn explain(body: &str, headers: &[&str]) -> Explained {
    let policy = match Policy::parse(POLICY.as_bytes()) {
        Ok((policy, _)) => policy,
        Err(problems) => panic!("{problems:#?}"),
    };
    let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
    Explained::of(policy, &request::read(body.as_bytes(), None, &headers).unwrap())
}

#[test]
fn it_shows_the_facts_what_each_rule_asked_and_which_candidates_were_struck() {
    let body = r#"{"model":"gpt","messages":[{"role":"user","content":"I am EMP-123456"}]}"#;
    let shown = show(&explain(body, &["x-client-id: bob"]), Style::PLAIN);
    for expected in [
        "level: restricted",
        "\"badge\"",
        "rule `alice is refused`: does not match",
        "rule `as asked`: matches",
        "=> 1. llama at ollama (local)",
        "  x  gpt",
    ] {
        assert!(shown.contains(expected), "{expected:?} is not in\n{shown}");
    }
}

#[test]
fn it_shows_what_a_refused_client_is_told() {
    let shown = show(&explain(r#"{"model":"gpt"}"#, &["x-client-id: alice"]), Style::PLAIN);
    assert!(shown.contains("the client is told: 403 policy_denied: not you"), "{shown}");
}

#[test]
fn what_is_refused_before_any_rule_is_asked_says_so() {
    let explained = explain(r#"{"model":"gpt","model":"llama"}"#, &[]);
    assert_eq!(explained.explanation, None);
    assert!(show(&explained, Style::PLAIN).contains("400 ambiguous_request"));
}

#[test]
fn as_json_it_has_facts_and_explanation() {
    let document = json!(explain(r#"{"model":"gpt","messages":[]}"#, &[]));
    assert_eq!(document.pointer("/record/facts/api").and_then(Value::as_str), Some("chat"));
    assert_eq!(document.pointer("/explanation/rules/1/name").and_then(Value::as_str), Some("as asked"));
    assert_eq!(document.get("refusal"), Some(&Value::Null));
}
