//! Requests without a pause, and whether each of them has its record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};

use serde_json::Value;
use tests::control::Control;
use tests::mesh::{DECISION_ID, Mesh};
use tests::waiting::eventually;

use crate::ordinary;

/// Clients that send one request after the other.
pub struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

// === impl Load ===

impl Load {
    /// Starts so many clients for each mesh.
    pub fn start(meshes: &[&Mesh], clients: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let addresses = meshes.iter().flat_map(|mesh| std::iter::repeat_n(mesh.envoy.address(), clients));
        let clients = addresses.map(|address| client(address, Arc::clone(&over))).collect();
        Self { over, clients }
    }

    /// Stops them, and gives the decision id of every request that was sent.
    pub fn stop(self) -> Vec<String> {
        self.over.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}

fn client(address: SocketAddr, over: Arc<AtomicBool>) -> JoinHandle<Vec<String>> {
    spawn(move || {
        let mut decisions = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let response = ordinary().send(address).unwrap();
            assert_eq!(response.status, 200, "{}", response.text());
            decisions.push(response.header(DECISION_ID));
        }
        decisions
    })
}

/// Brings in what the files of these meshes have, and sees to it that every one of these requests has its record, once.
pub fn is_recorded(control: &Control, meshes: &[(&str, &Mesh)], mut decided: Vec<String>) {
    let lines = |mesh: &Mesh| mesh.envoy.access_log().iter().filter(|line| !line["audit"].is_null()).count();
    let written = || meshes.iter().map(|(_, mesh)| lines(mesh)).sum::<usize>();
    let all = eventually(|| Some(()).filter(|()| written() == decided.len()));
    assert!(all.is_some(), "{} requests, {} lines", decided.len(), written());
    for (node, mesh) in meshes {
        let log = mesh.envoy.folder().join("access.log").display().to_string();
        control.does(&["collect", &log, "--node", node, "--once"]);
    }
    let export = control.get("/v1/records/export?form=jsonl").text();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["decision_id"].as_str().unwrap().to_owned();
    let mut kept: Vec<String> = export.lines().map(id).collect();
    kept.sort_unstable();
    decided.sort_unstable();
    assert_eq!(kept, decided);
    assert_eq!(control.json("/v1/gaps")["missing"], 0);
    assert!(control.does(&["audit", "verify"]).contains("whole and unchanged"));
}
