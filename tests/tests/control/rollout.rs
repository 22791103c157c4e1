//! New versions to some nodes first.

use tests::mesh::Mesh;
use tests::standin::Behaviour;

use crate::{foreign, local_only, mesh, name, ordinary, policy, start};

/// Which provider a chat goes to that may go to the cloud.
fn goes_to(mesh: &Mesh) -> String {
    mesh.take_received();
    assert_eq!(mesh.send(&ordinary()).status, 200);
    mesh.take_received().pop().unwrap().0
}

#[test]
fn a_canary_goes_to_its_nodes_alone_and_is_taken_back_where_they_refuse_it() {
    let (control, edge) = start();
    let _core = mesh(&control, "core");
    control.apply(&edge.moved(&policy("lock")), &[]);
    for node in ["edge", "core"] {
        control.wait_for_node(node, |node| node["acked"]["number"] == 1);
    }

    control.apply_in_vain(&foreign(&edge), &["--canary-node", "core"]);
    let path = format!("/v1/policies/{}", name());
    let halted = tests::waiting::eventually(|| {
        Some(control.json(&path)).filter(|policy| policy["rollout"]["stage"] == "halted")
    });
    let policy = halted.expect("the canary is taken back");
    assert_eq!((&policy["published"], &policy["rollout"]["to"]), (&1.into(), &2.into()));
    let reason = policy["rollout"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("node `core` refuses it"), "{reason}");
    assert_eq!(control.json(&format!("{path}/versions/2"))["state"], "rolled-back");
    let edge_node = control.json("/v1/nodes/edge");
    assert!(edge_node["sent"].as_str().unwrap().contains("/1/"), "{edge_node:#}");

    // The providers of `core` are those of `edge` by now: the policy says where they are.
    control.apply(&edge.moved(&local_only()), &["--canary-node", "core"]);
    control.wait_for_node("core", |node| node["acked"]["number"] == 3);
    assert_eq!(goes_to(&edge), "cloud");
    assert_eq!(control.json("/v1/nodes/edge")["acked"]["number"], 1);
    control.does(&["promote", &name()]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 3);
    assert_eq!(goes_to(&edge), "local");

    control.does(&["rollback", &name(), "--reason", "to see it"]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    assert_eq!(goes_to(&edge), "cloud");
    let told = control.does(&["policies"]);
    assert!(told.contains("version 1 in force of 3, version 3 taken back: to see it"), "{told}");
}

#[test]
fn a_version_under_which_requests_fail_is_taken_back_from_its_first_nodes_and_from_all() {
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    mesh.provider("local").behave(Behaviour::page(503));
    for (number, everywhere) in [(2, false), (3, true)] {
        let mut worse = mesh.moved(&local_only());
        worse["metadata"]["version"] = number.to_string().into();
        control.apply(&worse, &["--canary-node", "edge"]);
        control.wait_for_node("edge", |node| node["acked"]["number"] == number);
        if everywhere {
            control.does(&["promote", &name()]);
        }
        // As many as it takes to say that it is worse.
        for _ in 0..20 {
            assert_eq!(mesh.send(&ordinary()).status, 503);
        }
        let back = control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
        assert_eq!(goes_to(&mesh), "cloud", "{back:#}");
        let told = control.does(&["policies"]);
        let reason = format!("version {number} taken back: 100 % of its requests fail, under the version before 0 %");
        assert!(told.contains(&reason), "{told}");
    }
}
