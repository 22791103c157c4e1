//! The service, and the Envoy, killed while requests go on.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tests::waiting::eventually;

use crate::load::{Answered, Load, is_recorded, kept};
use crate::{policy, start};

/// How long the service lives each time, and then is away, in milliseconds.
const LIVES: [(u64, u64); 5] = [(700, 200), (150, 900), (1300, 50), (30, 400), (500, 500)];

#[test]
fn no_record_is_lost_or_kept_twice_where_the_service_is_killed_under_load() {
    let (mut control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let load = Load::start(&[&mesh], 3);
    for (alive, away) in LIVES {
        sleep(Duration::from_millis(alive));
        control.kill();
        sleep(Duration::from_millis(away));
        control.restart().unwrap();
    }
    sleep(Duration::from_millis(500));
    let decided = load.stop();
    println!("{} requests while the service was killed {} times", decided.len(), LIVES.len());
    // What the stream lost comes from the file; what came by both is there once.
    is_recorded(&control, &[("edge", &mesh)], decided);
}

/// How much of what it has answered an Envoy may not have written yet.
const UNWRITTEN: Duration = Duration::from_millis(500);

#[test]
fn an_envoy_that_is_ended_loses_no_record_and_one_that_is_killed_those_of_its_last_moments() {
    let (control, mut mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let load = Load::start_patient(&mesh, 3);
    let mut kills = Vec::new();
    for gracefully in [true, false, true, false] {
        sleep(Duration::from_millis(800));
        let started_us = control.json("/v1/nodes/edge")["started_us"].clone();
        if !gracefully {
            kills.push(Instant::now());
        }
        mesh.envoy.end(gracefully);
        mesh.envoy.restart().unwrap();
        // It begins with nothing, and the service says so.
        control.wait_for_node("edge", |node| node["connections"] == 1 && node["started_us"] != started_us);
    }
    let answered = load.stop_with_times();
    let ids: BTreeSet<_> = answered.iter().map(|answered| answered.id.clone()).collect();
    let known = || kept(&control, &[("edge", &mesh)]);
    // The last of it is on its way from Envoy's buffers.
    let last = answered.iter().max_by_key(|answered| answered.at).unwrap();
    assert!(eventually(|| known().contains(&last.id).then_some(())).is_some(), "the last record does not come");
    let known = known();
    let once: BTreeSet<_> = known.iter().cloned().collect();
    assert_eq!(known.len(), once.len(), "some record is kept twice");
    let lost: Vec<&Answered> = answered.iter().filter(|answered| !once.contains(&answered.id)).collect();
    println!("{} requests answered, {} records, {} lost by two kills", ids.len(), known.len(), lost.len());
    let excused =
        |lost: &Answered| kills.iter().any(|kill| lost.at <= *kill + UNWRITTEN && *kill <= lost.at + UNWRITTEN);
    assert!(lost.iter().all(|lost| excused(lost)), "records are lost of requests that were answered long before");
    assert_eq!(control.json("/v1/gaps")["missing"], 0);
    assert!(control.does(&["audit", "verify"]).contains("whole and unchanged"));
    let export = control.get("/v1/audit/export").text();
    assert_eq!(export.matches("node-started-anew").count(), 4, "the chain names each start");
}
