use super::*;
use crate::exchange::{Arrival, Engine, Exchange, Header, Secrets};

const CATALOGUE: &str = include_str!("../policy/tests/catalogue.yaml");

fn policy(rules: &str) -> Policy {
    Policy::parse(format!("{CATALOGUE}  rules:\n{rules}").as_bytes()).unwrap().0
}

/// The access log's line for a request under a policy, as JSON.
fn line(policy: &Policy, sequence: u64, model: &str, prompt: &str) -> String {
    let engine = Rc::new(Engine::new(policy.clone(), Secrets::default()));
    let mut exchange = Exchange::new(engine, Arrival { time: 1_800_000_000_000_000_000 + sequence, sequence });
    let headers: Vec<Header> =
        [(":method", "POST"), (":path", "/v1/chat/completions"), ("content-type", "application/json")]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .into();
    exchange.on_request_headers(&headers, &|_| None, false);
    let body = serde_json::json!({"model": model, "messages": [{"role": "user", "content": prompt}]}).to_string();
    exchange.on_request_body(body.as_bytes(), true);
    serde_json::json!({"start_time": "x", "audit": exchange.record(), "bytes": 17}).to_string()
}

fn replayed(policy: &Policy, old: &[Policy], lines: &[String]) -> Summary {
    let mut replay = Replay::new(policy, old);
    lines.iter().for_each(|line| replay.add(line.as_bytes()));
    replay.finish()
}

const OLD: &str = "  - {name: all, action: {route: [$asked, near]}}\n";

#[test]
fn what_goes_elsewhere_is_counted_by_what_it_is() {
    let old = policy(OLD);
    let lines: Vec<_> =
        ["far", "far", "mid", "near"].iter().zip(1..).map(|(model, n)| line(&old, n, model, "hi")).collect();
    let new = policy(
        "  - {name: abroad, match: {model: far}, action: {route: [mid]}}\n  - {name: rest, action: {route: [$asked, near]}}\n",
    );
    let summary = replayed(&new, std::slice::from_ref(&old), &lines);
    assert_eq!((summary.lines, summary.decided, summary.same, summary.moved()), (4, 4, 2, 2));
    assert_eq!((summary.moved[0].from.as_str(), summary.moved[0].to.as_str()), ("far at far", "mid at eu"));
    assert_eq!(summary.by_rule["all -> abroad"], Counts { all: 2, moved: 2 });
    assert_eq!(summary.by_provider["home"], Counts { all: 1, moved: 0 });
    assert_eq!(summary.by_level["public"], Counts { all: 4, moved: 2 });
    assert!(summary.cost_now < summary.cost_before, "{summary:?}");
}

#[test]
fn the_parts_of_a_replay_come_to_the_whole() {
    let old = policy(OLD);
    let asked = ["far", "mid", "far", "near", "far", "mid"];
    let mut lines: Vec<_> =
        asked.iter().zip(1..).map(|(model, n)| line(&old, n, model, ["hi", "a badge"][n as usize % 2])).collect();
    lines.push("no record".into());
    let new = policy(
        "  - {name: abroad, match: {model: far}, action: {route: [mid]}}\n  - {name: refused, match: {model: near}, action: deny}\n  - {name: rest, action: {route: [$asked, near]}}\n",
    );
    let whole = replayed(&new, &[], &lines);
    assert!(whole.moved.len() > 1 && whole.malformed == 1, "{whole:?}");
    for place in 0..=lines.len() {
        let (one, other) = lines.split_at(place);
        let mut joined = replayed(&new, &[], one);
        joined.join(replayed(&new, &[], other));
        assert_eq!(joined, whole, "{place}");
    }
}

#[test]
fn what_was_not_recorded_is_indeterminate() {
    let old = policy(OLD);
    let lines = [line(&old, 1, "far", "hi"), line(&old, 2, "near", "a badge")];
    let by_header = policy(
        "  - {name: h, match: {header: {x: {equals: a}}}, action: deny}\n  - {name: rest, action: {route: [$asked, near]}}\n",
    );
    assert_eq!(replayed(&by_header, std::slice::from_ref(&old), &lines).indeterminate, 2);
    // A detector that the old policy did not have would keep a request from the provider abroad, and changes nothing at home.
    let detector = "      - {id: key,";
    let finds = CATALOGUE
        .replace(detector, &format!("      - {{id: name, label: pii, level: internal, terms: [Ann]}}\n{detector}"));
    let finds = Policy::parse(format!("{finds}  rules:\n{OLD}").as_bytes()).unwrap().0;
    let summary = replayed(&finds, std::slice::from_ref(&old), &lines);
    assert_eq!((summary.indeterminate, summary.same), (1, 1));
    let unknown = replayed(&finds, &[], &lines);
    assert_eq!((unknown.indeterminate, unknown.unknown_policies.len()), (0, 1));
}

#[test]
fn what_an_invariant_would_have_forbidden_is_named() {
    let document = format!(
        "{}  rules:\n{OLD}",
        CATALOGUE.replace("cluster: far, zone: us, cleared: public", "cluster: far, zone: us, cleared: restricted")
    );
    let old = Policy::parse(
        document
            .replace("  invariants:\n    - {name: no keys abroad, never: {labels: {any: credential}, zone: us}}\n", "")
            .as_bytes(),
    )
    .unwrap()
    .0;
    let new = Policy::parse(document.as_bytes()).unwrap().0;
    let lines = [line(&old, 1, "far", "a key"), line(&old, 2, "far", "hi")];
    let summary = replayed(&new, std::slice::from_ref(&old), &lines);
    let kept = &summary.invariants[&Name::written("no keys abroad")];
    assert_eq!((kept.broken_before, kept.strikes, summary.moved()), (1, 1, 1));
}

#[test]
fn what_is_no_record_is_counted() {
    let old = policy(OLD);
    let lines = ["{".to_owned(), "{\"audit\": null}".into(), String::new(), " ".into(), line(&old, 1, "far", "hi")];
    let summary = replayed(&old, std::slice::from_ref(&old), &lines);
    assert_eq!((summary.lines, summary.malformed, summary.decided, summary.same), (3, 2, 1, 1));
}

#[test]
fn facts_that_differ_only_in_time_are_decided_once() {
    let (before, time, after) = line::without_time(r#"{"api":"chat","time":17,"level":"a"}"#);
    assert_eq!((before, time, after), (r#"{"api":"chat","#, 17, r#","level":"a"}"#));
    let (all, time, rest) = line::without_time(r#"{"detectors":{"time":{"count":1}}}"#);
    assert_eq!((all.len(), time, rest), (34, 0, ""));
}
