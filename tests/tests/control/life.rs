//! What a version must go through before it is in force.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use tests::control::Control;
use tests::place;

use crate::{local_only, name, ordinary, policy, start};

/// Cases of `lock`: what may leave goes to the cloud first.
fn write_cases(folder: &Path, candidates: &str) -> String {
    let file = folder.join("cases.toml");
    let cases = format!(
        "policy_file = \"lock.yaml\"\n\n[[case]]\nname = \"a greeting\"\nprompt = \"hello\"\n\
         expect = {{ action = \"route\", candidates = {candidates} }}\n"
    );
    fs::write(&file, cases).unwrap();
    file.display().to_string()
}

#[test]
fn a_version_is_published_only_if_its_tests_hold_and_keeps_them() {
    let control = Control::start().unwrap();
    let cases = write_cases(control.folder(), r#"["big", "small"]"#);
    let first = control.apply(&policy("lock"), &["--tests", &cases, "--no-publish"]);
    assert!(first.contains("version 1 is kept"), "{first}");
    let version = || control.json(&format!("/v1/policies/{}/versions/1", name()));
    assert_eq!((&version()["state"], &version()["tests"][0]["name"]), (&json!("tested"), &json!("cases.toml")));
    control.does(&["publish", &name(), "1"]);
    assert_eq!(version()["state"], "published");

    // Another policy, for which the same cases do not hold.
    let file = control.folder().join("policy.json").display().to_string();
    fs::write(&file, local_only().to_string()).unwrap();
    let refused = control.command(&["apply", &file, "--tests", &cases]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{told}");
    assert!(told.contains("`a greeting` fails") && told.contains(r#"expected ["big", "small"]"#), "{told}");

    // Nor does it get round them by leaving them out, unless somebody says so.
    let silent = control.command(&["apply", &file]);
    let told = String::from_utf8_lossy(&silent.stderr).into_owned();
    assert!(!silent.status.success() && told.contains("that is in force has tests, and version 2 has none"), "{told}");
    assert_eq!(control.json(&format!("/v1/policies/{}", name()))["published"], 1);

    // With tests of its own it goes through.
    let cases = write_cases(control.folder(), r#"["small"]"#);
    assert!(control.does(&["apply", &file, "--tests", &cases]).contains("version 3 is published"));
    let listed = control.json(&format!("/v1/policies/{}/versions", name()));
    assert!(listed["versions"][0]["tests"].is_null(), "a list has no tests in it: {listed:#}");
    fs::write(&file, policy("lock").to_string()).unwrap();
    assert!(control.does(&["apply", &file, "--without-tests"]).contains("version 4 is published"));
}

#[test]
fn what_is_between_two_versions_is_told_in_text_and_in_what_they_decide() {
    let control = Control::start().unwrap();
    let mut renamed = policy("lock");
    renamed["metadata"]["version"] = json!("1.1");
    for version in [policy("lock"), renamed, local_only()] {
        control.apply(&version, &[]);
    }
    let diff = |from: &str, to: &str| {
        let output = control.command(&["diff", &name(), from, to]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = diff("1", "2");
    assert!(code == Some(0) && told.contains("both decide the same about every request"), "{told}");
    assert!(told.contains("+{") && told.contains("1.1"), "the text is not the same: {told}");
    let (code, told) = diff("1", "3");
    assert!(code == Some(1) && told.contains("they decide differently about requests such as"), "{told}");
    assert!(told.contains("before: big, small") && told.contains("now: small"), "{told}");
    assert_eq!(control.get(&format!("/v1/policies/{}/diff?from=1&to=9", name())).status, 404);
    assert_eq!(control.get(&format!("/v1/policies/{}/diff?from=1", name())).status, 400);
    // A reader who has seen enough, as `head`, is no reason to fail.
    let mut unread = Command::new(place::policymesh());
    unread.args(["diff", &name(), "1", "3"]).env("POLICYMESH_SERVER", format!("http://{}", control.api()));
    let mut running = unread.stdout(Stdio::piped()).spawn().unwrap();
    drop(running.stdout.take());
    assert!(running.wait().unwrap().success());
}

#[test]
fn a_policy_is_for_the_nodes_that_are_said_and_no_two_are_for_the_same() {
    let (control, mesh) = start();
    assert!(control.apply(&mesh.moved(&policy("lock")), &[]).contains("1 of 1 connected nodes have taken it"));
    let mut other = mesh.moved(&local_only());
    other["metadata"]["name"] = "other".into();
    let file = control.folder().join("other.json").display().to_string();
    std::fs::write(&file, other.to_string()).unwrap();
    let refused = control.command(&["apply", &file]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("policy `lock` is published for just the same nodes"), "{told}");

    control.does(&["select", "other", "--cluster", "elsewhere"]);
    let told = control.does(&["publish", "other", "1"]);
    assert!(told.contains("no node that is connected is to have it"), "{told}");
    assert_eq!(control.json("/v1/nodes/edge")["due"]["policy"], "lock");
    let told = control.does(&["select", "other", "--node", "edge", "--cluster", "policymesh"]);
    assert!(told.contains("other: for node edge, cluster policymesh"), "{told}");
    control.wait_for_node("edge", |node| node["acked"]["policy"] == "other");
    mesh.send(&ordinary());
    assert_eq!(mesh.take_received()[0].0, "local");
    assert!(control.does(&["policies"]).contains("for node edge, cluster policymesh"));
    assert!(control.command(&["select", "other"]).status.code() == Some(2), "it must be said");
}

#[test]
fn what_people_read_in_lists_has_no_control_characters_and_bodies_are_objects() {
    let control = Control::start().unwrap();
    let version = |message: &str| json!({"document": policy("lock").to_string(), "message": message, "draft": true});
    for (name, message) in
        [("a%1b%5b31m", "m"), ("a", "\u{1b}[2J"), ("a", "m\0"), (&"a".repeat(101), "m"), ("%20", "m")]
    {
        let answer = control.post(&format!("/v1/policies/{name}/versions"), Some(0), &version(message));
        assert_eq!(answer.status, 422, "{name} {message:?}: {}", answer.text());
    }
    assert_eq!(control.post("/v1/policies/lock/versions", Some(0), &version("two\nlines")).status, 201);
    let answer = control.post("/v1/tokens", None, &json!(["n", "admin", "1h"]));
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(control.get("/v1/records?action=bogus").status, 400);
}
