use serde_json::{Value, json};

use super::*;

fn found() -> Found {
    let record = json!({
        "form": 1, "stage": "ended", "decision_id": "0199d3c1-0000-7000-8000-000000000001", "time_us": 1_764_109_800_000_000_u64,
        "instance": {"epoch": "0123456789abcdef", "sequence": 1},
        "policy": {"name": "acme", "digest": "dd"}, "action": "route", "rule": "a, b", "level": "public",
        "chosen": {"provider": "openai", "cluster": "openai", "format": "openai", "zone": "cloud",
            "model": {"name": "gpt-4o", "id": "gpt-4o-2024"}},
        "decision": {"level": "public", "reason": {"rule": "a, b"}, "outcome": {"route": [
            {"provider": "anthropic", "cluster": "anthropic", "format": "anthropic", "zone": "abroad",
                "model": {"name": "claude", "id": "claude-4"}},
        ]}},
        "attempts": [
            {"provider": "openai", "cluster": "openai", "zone": "cloud", "model": "gpt-4o", "outcome": "failed"},
            {"provider": "anthropic", "cluster": "anthropic", "zone": "abroad", "model": "claude", "outcome": "answered"},
        ],
        "cost": {"nano_usd": 207_000},
        "scan": {"body_bytes": 1, "text_bytes": 1, "remembered_bytes": 0, "micros": 1},
        "ending": {"status": 200, "request_bytes": 1, "response_bytes": 1, "attempts": 2, "micros": 2_000},
    });
    Found { seq: 7, node: "edge 1".into(), received_us: 1, record }
}

fn json_of(form: Form) -> Value {
    serde_json::from_str(&form.line(&found()).unwrap()).unwrap()
}

#[test]
fn a_line_of_csv_has_a_field_for_each_column() {
    let line = Form::Csv.line(&found()).unwrap();
    assert_eq!(
        line,
        "7,2025-11-25T22:30:00.000000Z,edge 1,0199d3c1-0000-7000-8000-000000000001,,acme,dd,route,\"a, b\",public,,,\
         \"openai, anthropic\",\"gpt-4o, claude\",\"cloud, abroad\",200,2,2,,207000\r\n"
    );
    assert_eq!(Form::Csv.head().matches(',').count(), 19);
}

#[test]
fn ocsf_has_what_the_class_requires() {
    let event = json_of(Form::Ocsf);
    for required in [
        "activity_id",
        "actor",
        "api",
        "category_uid",
        "class_uid",
        "metadata",
        "severity_id",
        "src_endpoint",
        "time",
        "type_uid",
    ] {
        assert!(!event[required].is_null(), "{required}: {event:#}");
    }
    assert_eq!((&event["type_uid"], &event["time"]), (&json!(600_399), &json!(1_764_109_800_000_u64)));
    assert_eq!(event["ai_model"], json!({"ai_provider": "anthropic", "name": "claude", "uid": "claude-4"}));
}

#[test]
fn a_cloud_event_has_what_the_specification_requires() {
    let event = json_of(Form::Cloudevents);
    assert_eq!((&event["specversion"], &event["source"]), (&json!("1.0"), &json!("/policymesh/nodes/edge%201")));
    assert_eq!((&event["id"], &event["data"]), (&json!("0199d3c1-0000-7000-8000-000000000001"), &found().record));
}

#[test]
fn what_has_been_taken_out_is_not_exported() {
    let gone = Found { record: Value::Null, ..found() };
    for form in [Form::Jsonl, Form::Csv, Form::Ocsf, Form::Cloudevents] {
        assert_eq!(form.line(&gone), None);
    }
}
