//! Records in, none missing and none changed.

use std::fs;

use serde_json::{Value, json};
use tests::control::Control;
use tests::mesh::DECISION_ID;
use tests::standin::Behaviour;

use crate::{local_only, ordinary, policy, sensitive, start};

#[test]
fn what_the_stream_loses_the_file_brings_and_the_chain_proves_the_whole() {
    let (mut control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let send = |count: usize| (0..count).for_each(|_| drop(mesh.line(&mesh.send(&ordinary()))));
    send(4);
    control.wait_for_records("limit=100", 4);

    // The service is killed: requests go on, and their records are in the file alone.
    control.kill();
    send(5);
    control.restart().unwrap();
    control.wait_for_node("edge", |node| node["connections"] == 1);
    send(1);
    let count = || control.json("/v1/records?limit=100")["records"].as_array().unwrap().len() as u64;
    let missing = || control.json("/v1/gaps")["missing"].as_u64().unwrap();
    // Envoy may have kept some of them. What counts is that each is there or known to be missing.
    let accounted =
        tests::waiting::eventually(|| Some((count(), missing())).filter(|(there, gone)| there + gone == 10));
    assert!(accounted.is_some(), "{} there, {} missing", count(), missing());

    let log = mesh.envoy.folder().join("access.log").display().to_string();
    control.does(&["collect", &log, "--node", "edge", "--once"]);
    assert_eq!((count(), missing()), (10, 0));
    // What is known is not taken again, also where nobody remembers how far the file was read.
    fs::remove_file(format!("{log}.collected")).unwrap();
    assert!(control.does(&["collect", &log, "--node", "edge", "--once"]).contains("0 new, 10 known before"));

    let anchor = control.folder().join("data/anchor.jsonl").display().to_string();
    let key = control.json("/v1/audit/key")["key"].as_str().unwrap().to_owned();
    let told = control.does(&["audit", "verify", "--anchor", &anchor, "--key", &key]);
    assert!(told.contains("whole and unchanged"), "{told}");
    tampering(&control.does(&["audit", "export"]), |export| {
        let file = control.folder().join("export.jsonl");
        fs::write(&file, export).unwrap();
        let output =
            control.command(&["audit", "verify", &file.display().to_string(), "--anchor", &anchor, "--key", &key]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    });
}

#[test]
fn a_decision_is_explained_with_its_attempts_and_with_what_would_have_changed_it() {
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let response = mesh.send(&ordinary());
    control.wait_for_records("limit=100", 1);
    let told = control.does(&["why", &response.header(DECISION_ID)]);
    assert!(told.contains("attempt 1: cloud") && told.contains("status 200"), "{told}");
    let why = control.json(&format!("/v1/records/{}/why", response.header(DECISION_ID)));
    assert_eq!(why["agrees"], true);
    // A policy whose second lock is `cleared` sends the same text elsewhere as soon as it is more sensitive.
    let changes = why["alternatives"]["facts"].as_array().unwrap();
    assert!(changes.iter().any(|one| one["outcome"]["route"][0]["provider"] == "local"), "{why:#}");
    assert!(
        told.contains("it would have been another if") && told.contains("the policy would decide otherwise"),
        "{told}"
    );
}

#[test]
fn a_request_is_found_by_every_provider_that_it_reached() {
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    mesh.send(&sensitive());
    mesh.provider("cloud").behave(Behaviour::Fail(503));
    let response = mesh.send(&ordinary());
    control.wait_for_records("limit=100", 2);
    if mesh.envoy.version() < (1, 39) {
        return;
    }
    let found = |provider: &str| control.json(&format!("/v1/records?provider={provider}"))["records"].take();
    let [cloud, local] = ["cloud", "local"].map(found);
    assert_eq!((cloud.as_array().unwrap().len(), local.as_array().unwrap().len()), (1, 2));
    let attempts = &cloud[0]["record"]["attempts"];
    assert_eq!((&attempts[0]["zone"], &attempts[1]["zone"]), (&json!("cloud"), &json!("local")), "{attempts:#}");
    let told = control.does(&["records", &response.header(DECISION_ID)]);
    assert!(told.contains("cloud,local"), "{told}");
    let told = control.does(&["records", "--form", "csv", "--provider", "cloud"]);
    assert!(told.contains("\"cloud, local\",\"big, small\",\"cloud, local\",200,2,"), "{told}");
}

#[test]
fn records_of_an_instance_come_from_its_own_node_and_ids_are_names() {
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let line = mesh.line(&mesh.send(&ordinary()));
    control.wait_for_records("limit=100", 1);
    let mut forged = line["audit"].clone();
    forged["instance"]["sequence"] = json!(7);
    let post = |node: &str| control.post("/v1/records", None, &json!({"node": node, "records": [forged.clone()]}));
    assert_eq!(post("other").json()["new"], 0);
    assert_eq!((post("edge\0").status, post("").status), (400, 400));
    assert_eq!(post("edge").json()["new"], 1);
    let verified = control.does(&["audit", "verify"]);
    assert!(verified.contains("whole and unchanged"), "{verified}");
}

#[test]
fn who_is_erased_is_named_in_nothing_that_somebody_looked_for() {
    let control = Control::start().unwrap();
    let file = control.folder().join("candidate.json");
    fs::write(&file, policy("lock").to_string()).unwrap();
    control.does(&["replay", &file.display().to_string(), "--client", "jane \"x\" doe"]);
    control.does(&["records", "--client", "jane \"x\" doe"]);
    assert_eq!(control.get("/v1/records?client=a%00b").status, 200);
    let erased = control.does(&["audit", "erase", "jane \"x\" doe"]);
    assert!(erased.contains("2 entries named this client"), "{erased}");
    let export = control.does(&["audit", "export"]);
    assert!(!export.contains("jane") && export.contains("replay"), "{export}");
    assert!(control.does(&["audit", "verify"]).contains("2 with content taken out by tombstones"));
    assert!(control.does(&["audit", "erase", "a\u{1}b"]).contains("0 entries"));
}

/// Damages an export in each way, and expects that it is named.
fn tampering(export: &str, verify: impl Fn(&str) -> (Option<i32>, String)) {
    assert_eq!(verify(export).0, Some(0));
    let lines: Vec<&str> = export.lines().collect();
    let seq = |line: &str| serde_json::from_str::<Value>(line).ok().and_then(|line| line["entry"]["seq"].as_u64());
    let place = lines.iter().position(|line| line.contains(r#""kind":"record""#)).unwrap();
    let number = seq(lines[place]).unwrap();
    let mut missing = lines.clone();
    missing.remove(place);
    let mut twice = lines.clone();
    twice.insert(place, lines[place]);
    let changed = export.replacen(r#""provider":"cloud""#, r#""provider":"local""#, 1);
    assert_ne!(changed, export);
    for (what, export, expected) in [
        ("changed", changed, format!("the content of entry {number} was changed")),
        ("missing", missing.join("\n"), format!("entry {number} is missing")),
        ("inserted", twice.join("\n"), format!("entry {number} stands after entry {number}")),
        ("cut off", lines[..place].join("\n"), format!("the chain is cut off after entry {}", number - 1)),
    ] {
        let (code, told) = verify(&export);
        assert_eq!(code, Some(1), "{what}: {told}");
        assert!(told.contains(&expected), "{what}: `{expected}` is not in: {told}");
    }
}

#[test]
fn a_policy_is_tried_on_the_requests_that_were_recorded() {
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    // Decided: three of them for the cloud.
    (0..3).for_each(|_| drop(mesh.send(&ordinary())));
    mesh.send(&sensitive());
    control.wait_for_records("limit=100", 4);
    let candidate = control.folder().join("candidate.json");
    fs::write(&candidate, mesh.moved(&local_only()).to_string()).unwrap();
    let candidate = candidate.display().to_string();

    let told = control.does(&["replay", &candidate]);
    assert!(told.contains("4 decided once more") && told.contains("3 go elsewhere"), "{told}");
    let summary: Value = serde_json::from_str(&control.does(&["replay", &candidate, "--json"])).unwrap();
    let moved = summary["moved"].as_array().unwrap();
    assert_eq!((moved.len(), &moved[0]["count"]), (1, &json!(3)), "{summary:#}");
    assert_eq!((&moved[0]["from"], &moved[0]["to"]), (&json!("big at cloud"), &json!("small at local")), "{summary:#}");
    // The service knows what was in force, so nothing is assumed.
    assert_eq!(summary["unknown_policies"], json!([]));
    let few: Value =
        serde_json::from_str(&control.does(&["replay", &candidate, "--level", "restricted", "--json"])).unwrap();
    assert_eq!((&few["decided"], &few["moved"]), (&json!(1), &json!([])), "{few:#}");

    // The same as from the file.
    let log = mesh.envoy.folder().join("access.log").display().to_string();
    let of_file: Value = serde_json::from_str(&control.does(&["replay", &candidate, &log, "--json"])).unwrap();
    assert_eq!((&of_file["decided"], &of_file["by_rule"]), (&summary["decided"], &summary["by_rule"]));

    let wrong = control.post("/v1/replay", None, &json!({"document": "kind: Polcy"}));
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert!(!wrong.json()["findings"].as_array().unwrap().is_empty(), "{}", wrong.text());
}

#[test]
fn what_there_is_to_watch_is_told_in_the_format_of_prometheus() {
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    mesh.send(&ordinary());
    control.wait_for_records("limit=100", 1);
    let answer = control.get("/metrics");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"), "{:?}", answer.headers);
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    for line in [
        "policymesh_nodes_connected 1",
        "policymesh_nodes_refusing 0",
        "policymesh_records_missing 0",
        r#"policymesh_policies{stage="complete"} 1"#,
        r#"policymesh_api_requests_total{method="POST",route="/v1/policies/{name}/versions",status="201"} 1"#,
        "# EOF",
    ] {
        assert!(lines.contains(&line), "no `{line}` in\n{text}");
    }
    assert!(text.contains("policymesh_api_request_duration_seconds_bucket"), "{text}");
    assert!(!text.contains("edge"), "no series is named by a node: {text}");
}
