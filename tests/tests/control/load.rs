//! Requests without a pause, and whether each of them has its record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::control::Control;
use tests::mesh::{DECISION_ID, Mesh};
use tests::waiting::eventually;

use crate::ordinary;

/// Clients that send one request after the other.
pub struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Answered>>>,
}

/// A request that was answered.
pub struct Answered {
    /// Its decision id.
    pub id: String,
    /// When the answer was there.
    pub at: Instant,
}

/// What a client does where it gets no answer, or one that is not the provider's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Temper {
    Strict,
    Patient,
}

// === impl Load ===

impl Load {
    /// Starts so many clients for each mesh, every request of which must be answered.
    pub fn start(meshes: &[&Mesh], clients: usize) -> Self {
        Self::start_as(Temper::Strict, meshes, clients)
    }

    /// Starts clients that try again where they get no answer, for a mesh whose Envoy will not always be there.
    pub fn start_patient(mesh: &Mesh, clients: usize) -> Self {
        Self::start_as(Temper::Patient, &[mesh], clients)
    }

    fn start_as(temper: Temper, meshes: &[&Mesh], clients: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let addresses = meshes.iter().flat_map(|mesh| std::iter::repeat_n(mesh.envoy.address(), clients));
        let clients = addresses.map(|address| client(temper, address, Arc::clone(&over))).collect();
        Self { over, clients }
    }

    /// Stops them, and gives the decision id of every request that was answered.
    pub fn stop(self) -> Vec<String> {
        self.stop_with_times().into_iter().map(|answered| answered.id).collect()
    }

    /// The same, with the times.
    pub fn stop_with_times(self) -> Vec<Answered> {
        self.over.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}

fn client(temper: Temper, address: SocketAddr, over: Arc<AtomicBool>) -> JoinHandle<Vec<Answered>> {
    spawn(move || {
        let mut answers = Vec::new();
        while !over.load(Ordering::Relaxed) {
            match ordinary().send(address) {
                Ok(response) if response.status == 200 => {
                    answers.push(Answered { id: response.header(DECISION_ID), at: Instant::now() });
                }
                _ if temper == Temper::Patient => sleep(Duration::from_millis(5)),
                other => panic!("{other:?}"),
            }
        }
        answers
    })
}

/// Brings in what the files of these meshes have, and sees to it that every one of these requests has its record, once.
pub fn is_recorded(control: &Control, meshes: &[(&str, &Mesh)], mut decided: Vec<String>) {
    let lines = |mesh: &Mesh| mesh.envoy.access_log().iter().filter(|line| !line["audit"].is_null()).count();
    let written = || meshes.iter().map(|(_, mesh)| lines(mesh)).sum::<usize>();
    let all = eventually(|| Some(()).filter(|()| written() == decided.len()));
    assert!(all.is_some(), "{} requests, {} lines", decided.len(), written());
    let kept = kept(control, meshes);
    decided.sort_unstable();
    assert_eq!(kept, decided);
    assert_eq!(control.json("/v1/gaps")["missing"], 0);
    assert!(control.does(&["audit", "verify"]).contains("whole and unchanged"));
}

/// Brings in what the files of these meshes have, and gives the decision ids of all records that the service then has, in order.
pub fn kept(control: &Control, meshes: &[(&str, &Mesh)]) -> Vec<String> {
    for (node, mesh) in meshes {
        let log = mesh.envoy.folder().join("access.log").display().to_string();
        control.does(&["collect", &log, "--node", node, "--once"]);
    }
    let export = control.get("/v1/records/export?form=jsonl").text();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["decision_id"].as_str().unwrap().to_owned();
    let mut kept: Vec<String> = export.lines().map(id).collect();
    kept.sort_unstable();
    kept
}
