//! The control service with a real Envoy: policies go out, records come in.

mod access;
mod audit;
mod authority;
mod bundle;
mod delivery;
mod document;
mod explain;
mod fleet;
mod issuer;
mod life;
mod load;
mod mutual;
mod oidc;
mod outage;
mod replicas;
mod rollout;
mod shadow;
mod tampering;
mod tls;
mod traces;

use std::fs;

use serde_json::{Value, json};
use tests::client::Request;
use tests::control::Control;
use tests::mesh::{Delivery, Mesh};
use tests::place;

/// A policy of the corpus. In `lock`, `auto` is `big` at provider `cloud`, then `small` at provider `local`; the cloud may see
/// nothing that is confidential, such as `Bluebird`.
fn policy(name: &str) -> Value {
    let file = place::repository().join(format!("tests/corpus/policies/{name}.yaml"));
    serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// The same as `lock`, with `auto` for the local model alone.
fn local_only() -> Value {
    let mut policy = policy("lock");
    policy["metadata"]["version"] = json!("2");
    policy["spec"]["aliases"]["auto"] = json!(["small"]);
    policy
}

/// A control service, and a mesh with the node `edge` that gets its policies from it.
fn start() -> (Control, Mesh) {
    let control = Control::start().unwrap();
    let mesh = mesh(&control, "edge");
    (control, mesh)
}

/// A mesh that gets its policies from this service.
fn mesh(control: &Control, node: &str) -> Mesh {
    mesh_of(&[control], node)
}

/// A mesh that gets its policies from any of these replicas of the service.
fn mesh_of(replicas: &[&Control], node: &str) -> Mesh {
    let addresses: Vec<_> = replicas.iter().map(|replica| replica.xds()).collect();
    Mesh::start_with(&policy("lock"), Delivery::Control(&addresses, node), |starter| starter).unwrap()
}

/// A policy that no Envoy of a mesh takes: it names a cluster that none has.
fn foreign(mesh: &Mesh) -> Value {
    let mut policy = mesh.moved(&policy("lock"));
    policy["spec"]["providers"][1]["cluster"] = json!("clowd");
    policy
}

/// A chat that may go to the cloud.
fn ordinary() -> Request {
    Request::chat("auto", "hello")
}

/// A chat that must stay here.
fn sensitive() -> Request {
    Request::chat("auto", "the Bluebird memo")
}

/// The name of `lock` in the service.
fn name() -> String {
    policy("lock")["metadata"]["name"].as_str().unwrap().to_owned()
}
