//! Several replicas of the service, which share a PostgreSQL database.

use std::thread::sleep;
use std::time::{Duration, Instant};

use tests::control::Control;
use tests::waiting::eventually;

use crate::load::{Load, is_recorded};
use crate::{foreign, local_only, mesh, mesh_of, name, ordinary, policy};

#[test]
fn what_is_published_at_one_replica_is_in_force_at_the_nodes_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = Control::start_replicas(folder.path()).unwrap();
    let (edge, core) = (mesh(&one, "edge"), mesh(&other, "core"));
    let begin = Instant::now();
    one.apply(&edge.moved(&policy("lock")), &[]);
    other.wait_for_node("core", |node| node["acked"]["number"] == 1);
    println!("in force at the other replica's node {:?} after it was applied", begin.elapsed());
    // What one replica sees all tell.
    for replica in [&one, &other] {
        for node in ["edge", "core"] {
            replica.wait_for_node(node, |node| node["acked"]["number"] == 1 && node["connections"] == 1);
        }
    }

    // A canary that a node of the other replica refuses is taken back, and that node has the last good one, wherever it goes.
    one.apply_in_vain(&foreign(&edge), &["--canary-node", "core"]);
    let path = format!("/v1/policies/{}", name());
    let halted = || Some(other.json(&path)).filter(|policy| policy["rollout"]["stage"] == "halted");
    let halted = eventually(halted).expect("the canary is taken back");
    assert!(halted["rollout"]["reason"].as_str().unwrap().starts_with("node `core` refuses it"), "{halted:#}");
    let node = one.wait_for_node("core", |node| node["refused"][0]["number"] == 2);
    assert_eq!(node["acked"]["number"], 1);

    // Each wrote to the chain, and it is one.
    assert_eq!(edge.send(&ordinary()).status, 200);
    assert_eq!(core.send(&ordinary()).status, 200);
    for replica in [&one, &other] {
        assert_eq!(replica.wait_for_records("", 2).len(), 2);
        assert!(replica.does(&["audit", "verify"]).contains("whole and unchanged"));
    }

    // Of two who change the same thing one is told.
    let file = folder.path().join("policy.json").display().to_string();
    std::fs::write(&file, edge.moved(&local_only()).to_string()).unwrap();
    let revision = one.json(&path)["revision"].as_u64().unwrap();
    let new = serde_json::json!({ "document": std::fs::read_to_string(&file).unwrap() });
    let answers = [&one, &other].map(|replica| replica.post(&format!("{path}/versions"), Some(revision), &new).status);
    assert_eq!(answers, [201, 412]);
}

#[test]
fn a_replica_killed_in_the_middle_of_intake_and_rollout_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [mut one, mut other] = Control::start_replicas(folder.path()).unwrap();
    let (edge, core) = (mesh_of(&[&one, &other], "edge"), mesh_of(&[&one, &other], "core"));
    one.apply(&edge.moved(&policy("lock")), &[]);
    for node in ["edge", "core"] {
        other.wait_for_node(node, |node| node["acked"]["number"] == 1);
    }
    let load = Load::start(&[&edge, &core], 2);
    one.apply(&edge.moved(&local_only()), &["--canary-node", "core", "--max-denials", "100"]);
    one.kill();
    other.wait_for_node("core", |node| node["acked"]["number"] == 2);
    sleep(Duration::from_millis(700));
    one.restart().unwrap();
    sleep(Duration::from_millis(300));
    other.kill();
    // The rollout that one began goes on at the other, or at the first again.
    one.does(&["promote", &name()]);
    one.wait_for_node("edge", |node| node["acked"]["number"] == 2);
    other.restart().unwrap();
    sleep(Duration::from_millis(500));
    let decided = load.stop();
    println!("{} requests while each of two replicas was killed", decided.len());
    is_recorded(&other, &[("edge", &edge), ("core", &core)], decided);
    for mesh in [&edge, &core] {
        mesh.take_received();
        assert_eq!(mesh.send(&ordinary()).status, 200);
        assert_eq!(mesh.take_received().pop().unwrap().0, "local");
    }
}
