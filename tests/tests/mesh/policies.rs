//! Policies that change while Envoy runs.

use serde_json::{Value, json};
use tests::mesh::{Delivery, Mesh};
use tests::standin::Behaviour;
use tests::waiting::eventually;

use crate::{ordinary, policy, sensitive};

const UPDATES: &str = "extension_config_discovery.http_filter.policymesh";

fn start() -> Mesh {
    Mesh::start_with(&policy("lock"), Delivery::Ecds, |starter| starter).unwrap()
}

/// The same policy, with `auto` for the local model alone.
fn local_only() -> Value {
    let mut policy = policy("lock");
    policy["metadata"]["version"] = json!("2");
    policy["spec"]["aliases"]["auto"] = json!(["small"]);
    policy
}

fn digest(line: &Value) -> String {
    line["audit"]["policy"]["digest"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_good_policy_takes_over_while_envoy_runs() {
    let mesh = start();
    let first = mesh.line(&mesh.send(&ordinary()));
    assert_eq!(mesh.take_received()[0].0, "cloud");
    mesh.replace_policy(&local_only()).unwrap();
    let line = eventually(|| {
        let line = mesh.line(&mesh.send(&ordinary()));
        (digest(&line) != digest(&first)).then_some(line)
    });
    assert_eq!(line.expect("the new policy takes over")["audit"]["policy"]["version"], "2");
    assert_eq!(mesh.take_received().pop().unwrap().0, "local");
}

#[test]
fn a_bad_policy_is_refused_with_all_its_errors_and_the_old_one_stays() {
    let mesh = start();
    let first = digest(&mesh.line(&mesh.send(&ordinary())));
    let mut filter = mesh.filter().unwrap();
    let spec = policy_in(&mut filter);
    spec["aliases"]["auto"] = json!(["bigg"]);
    spec["rules"][0]["colour"] = json!("red");
    mesh.replace_filter(&filter).unwrap();
    mesh.envoy.wait_for_stat(&format!("{UPDATES}.update_rejected"), |count| count == 1);
    let log = mesh.envoy.log();
    for part in ["aliases.auto", "`bigg`", "rules[0]", "`colour`"] {
        assert!(log.contains(part), "Envoy's log says nothing of {part}: {log}");
    }
    for (request, provider) in [(ordinary(), "cloud"), (sensitive(), "local")] {
        mesh.take_received();
        assert_eq!(digest(&mesh.line(&mesh.send(&request))), first);
        assert_eq!(mesh.take_received()[0].0, provider);
    }
    // And the next good one is taken.
    mesh.replace_policy(&local_only()).unwrap();
    let taken = eventually(|| (digest(&mesh.line(&mesh.send(&ordinary()))) != first).then_some(()));
    assert!(taken.is_some(), "{}", mesh.envoy.log());
}

#[test]
fn a_policy_for_a_cluster_that_envoy_does_not_have_is_refused() {
    let mesh = start();
    let mut filter = mesh.filter().unwrap();
    policy_in(&mut filter)["providers"][1]["cluster"] = json!("clowd");
    mesh.replace_filter(&filter).unwrap();
    mesh.envoy.wait_for_stat(&format!("{UPDATES}.update_rejected"), |count| count == 1);
    let log = mesh.envoy.log();
    assert!(log.contains("spec.providers[1].cluster") && log.contains("`clowd`"), "{log}");
}

#[test]
fn without_any_good_policy_no_request_goes_anywhere() {
    let break_it = |starter: tests::envoy::Starter| {
        let file = starter.folder().join(tests::mesh::FILTER);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("kind: Policy", "kind: Polizei")).unwrap();
        starter
    };
    let mesh = Mesh::start_with(&policy("lock"), Delivery::Ecds, break_it).unwrap();
    for request in [ordinary(), sensitive(), ordinary().http2()] {
        let response = mesh.send(&request);
        // Envoy puts a filter that refuses everything in place of the one that it cannot configure.
        assert_eq!(response.status, 403, "{response:?}");
    }
    assert!(mesh.take_received().is_empty());
}

#[test]
fn a_stream_in_flight_ends_under_the_policy_that_it_began_under() {
    let mesh = start();
    mesh.provider("cloud").behave(Behaviour::Hold);
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let request = tests::client::Request::post("/v1/chat/completions", body);
    let address = mesh.envoy.address();
    let client = std::thread::spawn(move || request.send(address));
    mesh.provider("cloud").wait_for(1);
    mesh.replace_policy(&local_only()).unwrap();
    let new = eventually(|| {
        let line = mesh.line(&mesh.send(&sensitive()));
        (line["audit"]["policy"]["version"] == "2").then(|| digest(&line))
    });
    mesh.provider("cloud").behave(Behaviour::Answer);
    let response = client.join().unwrap().unwrap();
    assert_eq!(response.status, 200);
    assert!(response.text().ends_with("data: [DONE]\n\n"), "{}", response.text());
    let line = mesh.line(&response);
    assert_ne!(digest(&line), new.expect("the new policy takes over"));
    assert_eq!(line["audit"]["stage"], "ended");
    assert_eq!(line["upstream"]["cluster"], "cloud");
}

/// The policy's `spec` in a filter's configuration.
fn policy_in(filter: &mut Value) -> &mut Value {
    let place = "/resources/0/typed_config/config/configuration/value/policy/spec";
    filter.pointer_mut(place).unwrap_or_else(|| panic!("the filter's configuration has no {place}"))
}
