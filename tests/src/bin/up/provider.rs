//! The providers of the policy: real ones where this machine can use them, else stand-ins.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use tests::client::Request;
use tests::standin::{Shape, StandIn};

/// A provider of the policy.
pub struct Provider {
    pub name: String,
    pub shape: Shape,
    pub place: Place,
}

/// Who answers for a provider.
pub enum Place {
    /// The real one, at the policy's own endpoint, with a key from this variable if it takes one.
    Real { key: Option<&'static str> },
    /// One of ours.
    StandIn(StandIn),
}

/// All of them.
pub fn providers(policy: &Path) -> Result<Vec<Provider>> {
    let policy: Value = serde_saphyr::from_str(&fs::read_to_string(policy)?)?;
    let written = policy["spec"]["providers"].as_array().context("the policy has no providers")?;
    written.iter().map(Provider::find).collect()
}

// === impl Provider ===

impl Provider {
    fn find(written: &Value) -> Result<Self> {
        let name = written["name"].as_str().context("a provider has no name")?.to_owned();
        let shape = match written["format"].as_str() {
            Some("anthropic") => Shape::Anthropic,
            Some("ollama") => Shape::Ollama,
            _ => Shape::OpenAi,
        };
        let place = match real(shape, written["endpoint"].as_str()) {
            Some(real) => real,
            None => Place::StandIn(StandIn::start(shape)?),
        };
        Ok(Self { name, shape, place })
    }

    /// What a user has to know about it.
    pub fn told(&self) -> String {
        match (&self.place, self.shape) {
            (Place::Real { key: Some(key) }, _) => format!("the real one, with the key in ${key}: requests cost money"),
            (Place::Real { key: None }, _) => "the real one on this machine".to_owned(),
            (Place::StandIn(standin), shape) => {
                let address = standin.address();
                match key_variable(shape) {
                    Some(key) => format!("a stand-in at {address}; the real one with ${key}"),
                    None => format!("a stand-in at {address}; the real one if it listens on its usual port"),
                }
            }
        }
    }
}

/// The real provider, where this machine can use it.
fn real(shape: Shape, endpoint: Option<&str>) -> Option<Place> {
    match key_variable(shape) {
        Some(key) => env::var(key).is_ok_and(|value| !value.is_empty()).then_some(Place::Real { key: Some(key) }),
        None => is_ollama(endpoint?.strip_prefix("http://")?.parse().ok()?).then_some(Place::Real { key: None }),
    }
}

fn key_variable(shape: Shape) -> Option<&'static str> {
    match shape {
        Shape::OpenAi => Some("OPENAI_API_KEY"),
        Shape::Anthropic => Some("ANTHROPIC_API_KEY"),
        Shape::Ollama => None,
    }
}

fn is_ollama(address: SocketAddr) -> bool {
    let version = Request::new("GET", "/api/version").send(address);
    version.is_ok_and(|answer| answer.status == 200 && answer.json()["version"].is_string())
}
