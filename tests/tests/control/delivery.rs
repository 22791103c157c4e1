//! Policies out, and what becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::control::Control;
use tests::envoy::Starter;
use tests::mesh::{DECISION_ID, Delivery, Mesh};
use tests::waiting::eventually;

use crate::{foreign, local_only, mesh, name, ordinary, policy, start};

#[test]
fn a_policy_decides_as_soon_as_it_is_applied_and_the_next_one_takes_its_place() {
    let (control, mesh) = start();
    // Nothing is published: nothing goes anywhere.
    assert_eq!(mesh.send(&ordinary()).status, 403);

    control.apply(&mesh.moved(&policy("lock")), &["--message", "the first"]);
    let node = control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    assert_eq!(node["sent"], node["acked"]["version"]);
    let response = mesh.send(&ordinary());
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(mesh.take_received()[0].0, "cloud");

    let id = response.header(DECISION_ID);
    let record = eventually(|| Some(control.get(&format!("/v1/records/{id}"))).filter(|answer| answer.status == 200));
    let record = record.expect("the record comes to the service").json();
    assert_eq!(record["node"], "edge");
    assert_eq!(record["record"]["chosen"]["provider"], "cloud");
    assert_eq!(record["record"]["stage"], "ended");
    // The access log file has the same record.
    assert_eq!(record["record"], mesh.line(&response)["audit"]);

    control.apply(&mesh.moved(&local_only()), &["--message", "everything stays here"]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 2);
    let response = mesh.send(&ordinary());
    assert_eq!((response.status, mesh.take_received()[0].0.as_str()), (200, "local"));
    let second = control.json(&format!("/v1/policies/{}/versions/2", name()));
    let node = control.wait_for_node("edge", |node| node["seen"]["digest"] == second["digest"]);
    assert_eq!(node["seen_number"], 2, "{node:#}");
    assert!(control.does(&["nodes"]).contains("runs  lock version 2, "));
    assert_eq!(node["unrecorded"], 1, "the request before there was a policy has no record: {node:#}");
}

#[test]
fn a_change_is_in_force_within_a_second_and_no_request_is_lost() {
    /// A second, and one more for a machine that runs other tests at the same time.
    const SOON: Duration = Duration::from_secs(2);
    let (control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let (address, over) = (mesh.envoy.address(), Arc::new(AtomicBool::new(false)));
    let client = |over: Arc<AtomicBool>| {
        std::thread::spawn(move || {
            let mut answers = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let response = ordinary().send(address).unwrap();
                assert_eq!(response.status, 200, "{}", response.text());
                answers.push((began, response.text().contains("`small`")));
            }
            answers
        })
    };
    let clients: Vec<_> = (0..4).map(|_| client(Arc::clone(&over))).collect();
    mesh.provider("cloud").wait_for(20);
    let applied = Instant::now();
    control.apply(&mesh.moved(&local_only()), &[]);
    mesh.provider("local").wait_for(20);
    over.store(true, Ordering::Relaxed);
    let answers: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let last_by_the_old = answers.iter().filter(|(_, local)| !local).map(|(began, _)| *began).max().unwrap();
    let took = last_by_the_old.saturating_duration_since(applied);
    println!("in force after {took:?}, while {} requests were answered", answers.len());
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_policy_that_envoy_refuses_is_told_in_its_words_and_not_sent_again_and_the_last_good_one_stays() {
    let (control, mesh) = start();
    takes_what_is_good_and_refuses_what_is_not(control, &mesh);
}

#[test]
fn an_envoy_that_speaks_delta_xds_is_served_alike() {
    let control = Control::start().unwrap();
    let speaks_delta = |starter: Starter| starter.change(|bootstrap| bootstrap.replacing("GRPC", "DELTA_GRPC"));
    let mesh = Mesh::start_with(&policy("lock"), Delivery::Control(&[control.xds()], "edge"), speaks_delta).unwrap();
    takes_what_is_good_and_refuses_what_is_not(control, &mesh);
}

fn takes_what_is_good_and_refuses_what_is_not(mut control: Control, mesh: &Mesh) {
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    // Right in itself, but this Envoy has no such cluster.
    control.apply_in_vain(&foreign(mesh), &[]);
    let node = control.wait_for_node("edge", |node| node["refused"][0]["number"] == 2);
    let message = node["refused"][0]["message"].as_str().unwrap();
    assert!(message.contains("policymesh") && message.ends_with("(this Envoy has no cluster `clowd`)"), "{message}");
    assert_eq!(node["acked"]["number"], 1);
    assert_eq!(mesh.send(&ordinary()).status, 200);

    // Neither a new stream nor a new service sends it again.
    control.kill();
    control.restart().unwrap();
    let envoy = mesh.envoy.stats();
    let reconnected = control.wait_for_node("edge", |node| node["connections"] == 1);
    assert_eq!(reconnected["refused"].as_array().unwrap().len(), 1, "{reconnected:#}");
    let rejected = "extension_config_discovery.http_filter.policymesh.update_rejected";
    assert_eq!(mesh.envoy.stats().get(rejected), envoy.get(rejected));

    // The next good one is taken.
    control.apply(&mesh.moved(&local_only()), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 3);
    mesh.take_received();
    assert_eq!(mesh.send(&ordinary()).status, 200);
    assert_eq!(mesh.take_received()[0].0, "local");

    // The same as the refused one is not sent again under another number either: Envoy would say that it took it.
    let rejections = mesh.envoy.stats().get(rejected).copied();
    control.apply_in_vain(&foreign(mesh), &["--canary-node", "edge"]);
    let node = control.wait_for_node("edge", |node| node["refused"][1]["number"] == 4);
    assert_eq!(node["acked"]["number"], 3, "{node:#}");
    assert_eq!(mesh.envoy.stats().get(rejected).copied(), rejections);
    let halted = || control.json(&format!("/v1/policies/{}", name()))["rollout"]["stage"] == "halted";
    assert!(eventually(|| halted().then_some(())).is_some(), "the canary is taken back");
    assert_eq!(mesh.send(&ordinary()).status, 200);
    assert_eq!(mesh.take_received()[0].0, "local");
}

#[test]
fn an_envoy_that_starts_anew_gets_the_last_good_policy_where_it_refused_the_newest() {
    let (control, first) = start();
    control.apply(&first.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    control.apply_in_vain(&foreign(&first), &[]);
    control.wait_for_node("edge", |node| node["refused"][0]["number"] == 2);
    drop(first);
    let again = mesh(&control, "edge");
    // Its providers are gone with the first mesh, but the request is decided.
    assert!(!again.send(&ordinary()).header(DECISION_ID).is_empty());
}

#[test]
fn with_the_service_away_the_policy_stays_in_force() {
    let (mut control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    control.kill();
    assert_eq!(mesh.send(&ordinary()).status, 200);
}
