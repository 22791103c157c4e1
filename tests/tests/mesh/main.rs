//! What the mesh does with requests that go wrong, policies that change, and things that break: in a real Envoy, between
//! real clients and stand-in providers.

mod bodies;
mod doctor;
mod failover;
mod faults;
mod identity;
mod keys;
mod own_answers;
mod policies;
mod redaction;
mod secrecy;
mod stats;
mod streams;
mod translation;
mod workers;

use std::fs;

use serde_json::Value;
use tests::client::Request;
use tests::place;

/// A policy of the corpus. In `lock`, `auto` is `big` at provider `cloud`, then `small` at provider `local`; the cloud may see
/// nothing that is confidential, such as `Bluebird`.
fn policy(name: &str) -> Value {
    let file = place::repository().join(format!("tests/corpus/policies/{name}.yaml"));
    serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A chat that may go to the cloud.
fn ordinary() -> Request {
    Request::chat("auto", "hello")
}

/// A chat that must stay local.
fn sensitive() -> Request {
    Request::chat("auto", "What about Bluebird?")
}
