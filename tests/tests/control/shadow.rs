//! A version beside the one in force: what it would do is told, and not done.

use serde_json::{Value, json};
use tests::mesh::Mesh;
use tests::waiting::eventually;

use crate::{local_only, mesh, name, ordinary, policy, sensitive, start};

/// Sends a chat, and tells which provider got it and what the record says of the shadow.
fn chat(mesh: &Mesh, request: &tests::client::Request) -> (String, Value) {
    mesh.take_received();
    let response = mesh.send(request);
    assert_eq!(response.status, 200, "{}", response.text());
    let provider = mesh.line(&response)["audit"]["chosen"]["provider"].as_str().unwrap().to_owned();
    let received = mesh.take_received().pop();
    assert!(received.is_none_or(|(name, _)| name == provider), "it was sent elsewhere than its record says");
    (provider, mesh.line(&response)["audit"]["shadow"].clone())
}

#[test]
fn a_shadow_is_asked_on_its_nodes_alone_obeyed_on_none_and_compared_with_what_is_in_force() {
    let (control, edge) = start();
    let core = mesh(&control, "core");
    control.apply(&edge.moved(&policy("lock")), &[]);
    control.apply(&edge.moved(&local_only()), &["--no-publish"]);
    for node in ["edge", "core"] {
        control.wait_for_node(node, |node| node["acked"]["number"] == 1);
    }
    let path = format!("/v1/policies/{}", name());
    assert_eq!(control.get(&format!("{path}/shadow")).status, 404);
    let refused = control.command(&["shadow", "start", &name(), "1"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("version 1 of `lock` is the one in force"));

    let before = control.json("/v1/nodes/edge")["acked"]["version"].clone();
    control.does(&["shadow", "start", &name(), "2", "--node", "edge"]);
    control.wait_for_node("edge", |node| node["acked"]["version"] != before);
    // Envoy has answered; now its workers follow.
    let followed = eventually(|| Some(chat(&edge, &sensitive())).filter(|(_, shadow)| !shadow.is_null()));
    let (provider, shadow) = followed.expect("the shadow is in the records");
    assert_eq!((provider.as_str(), &shadow["agrees"], &shadow["facts"]), ("local", &json!(true), &Value::Null));
    let (provider, shadow) = chat(&edge, &ordinary());
    assert_eq!((provider.as_str(), &shadow["agrees"]), ("cloud", &json!(false)), "{shadow:#}");
    assert_eq!(shadow["chosen"]["provider"], "local", "{shadow:#}");
    assert_eq!(chat(&core, &ordinary()), ("cloud".to_owned(), Value::Null));

    let compared = || control.json(&format!("{path}/shadow"));
    let whole = eventually(|| Some(compared()).filter(|compared| compared["differ"] == 1));
    let whole = whole.unwrap_or_else(|| panic!("{:#}", compared()));
    let [difference] = whole["differences"].as_array().unwrap().as_slice() else { panic!("{whole:#}") };
    assert_eq!(
        (&difference["live"]["to"], &difference["shadow"]["to"]),
        (&"big at cloud".into(), &"small at local".into())
    );
    assert!(whole["nodes"]["core"].is_null() && whole["nodes"]["edge"]["differ"] == 1, "{whole:#}");
    let shown = control.command(&["shadow", "show", &name()]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.code() == Some(1) && text.contains("big at cloud (rule "), "{text}");
    let id = difference["examples"][0].as_str().unwrap();
    let told = control.does(&["why", id]);
    assert!(told.contains("in shadow: lock would not have done the same"), "{told}");

    // Once it is in force, it is no shadow.
    control.does(&["publish", &name(), "2"]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 2);
    assert!(control.json(&path)["shadow"].is_null());
    let export = control.get("/v1/audit/export").text();
    assert!(export.contains("shadow-started"), "the chain does not say who began it");
}

#[test]
fn a_shadow_ends_when_it_is_said_and_one_that_a_node_cannot_run_harms_nothing() {
    let (control, edge) = start();
    control.apply(&edge.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    // It names a cluster that this node does not have.
    control.apply(&crate::foreign(&edge), &["--no-publish"]);
    control.does(&["shadow", "start", &name(), "2"]);
    let acked = || control.json("/v1/nodes/edge")["acked"]["version"].clone();
    let live = acked();
    control.wait_for_node("edge", |node| node["acked"]["version"] != live && node["acked"]["number"] == 1);
    let refused = || edge.envoy.stats().into_iter().find(|(name, _)| name.ends_with("policymesh_shadow_refused"));
    assert!(eventually(refused).is_some_and(|(_, count)| count > 0), "the filter counts that it has no shadow");
    assert_eq!(chat(&edge, &ordinary()), ("cloud".to_owned(), Value::Null));

    control.apply(&edge.moved(&local_only()), &["--no-publish"]);
    control.does(&["shadow", "start", &name(), "3"]);
    let followed = eventually(|| Some(chat(&edge, &ordinary()).1).filter(|shadow| !shadow.is_null()));
    assert!(followed.is_some(), "another shadow takes the place of the first");
    control.does(&["shadow", "stop", &name()]);
    assert!(eventually(|| Some(chat(&edge, &ordinary()).1).filter(Value::is_null)).is_some());
    let again = control.command(&["shadow", "stop", &name()]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("`lock` has no shadow"));
}
