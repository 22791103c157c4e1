//! The service killed over and over while requests go on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::Duration;

use serde_json::Value;
use tests::mesh::DECISION_ID;
use tests::waiting::eventually;

use crate::{ordinary, policy, start};

/// How long the service lives each time, and then is away, in milliseconds.
const LIVES: [(u64, u64); 5] = [(700, 200), (150, 900), (1300, 50), (30, 400), (500, 500)];

#[test]
fn no_record_is_lost_or_kept_twice_where_the_service_is_killed_under_load() {
    let (mut control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let (address, over) = (mesh.envoy.address(), Arc::new(AtomicBool::new(false)));
    let client = |over: Arc<AtomicBool>| {
        spawn(move || {
            let mut decisions = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let response = ordinary().send(address).unwrap();
                assert_eq!(response.status, 200, "{}", response.text());
                decisions.push(response.header(DECISION_ID));
            }
            decisions
        })
    };
    let clients: Vec<_> = (0..3).map(|_| client(Arc::clone(&over))).collect();
    for (alive, away) in LIVES {
        sleep(Duration::from_millis(alive));
        control.kill();
        sleep(Duration::from_millis(away));
        control.restart().unwrap();
    }
    sleep(Duration::from_millis(500));
    over.store(true, Ordering::Relaxed);
    let decided: Vec<String> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let lines = || mesh.envoy.access_log().iter().filter(|line| !line["audit"].is_null()).count();
    assert!(eventually(|| Some(()).filter(|()| lines() == decided.len())).is_some(), "{} {}", lines(), decided.len());

    // What the stream lost comes from the file; what came by both is there once.
    let log = mesh.envoy.folder().join("access.log").display().to_string();
    control.does(&["collect", &log, "--node", "edge", "--once"]);
    let export = control.get("/v1/records/export?form=jsonl").text();
    let kept = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ids: Vec<String> = kept.map(|found| found["decision_id"].as_str().unwrap().to_owned()).collect();
    println!("{} requests while the service was killed {} times", decided.len(), LIVES.len());
    assert_eq!(ids.len(), decided.len());
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), decided.into_iter().collect::<BTreeSet<_>>());
    assert_eq!(control.json("/v1/gaps")["missing"], 0);
    assert!(control.does(&["audit", "verify"]).contains("whole and unchanged"));
}
