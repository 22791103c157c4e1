//! One Envoy, as far as it is known.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An Envoy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Node {
    /// What it says of itself.
    pub identity: Identity,
    /// How many streams it has open now.
    #[serde(default)]
    pub connections: u32,
    /// The version that it was sent last, whether it took it or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// What it took last. That Envoy takes something does not prove that the filter runs it: see `seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked: Option<Acked>,
    /// What it refused, newest last. It is never sent again as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// The policy that its newest record shows to be in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// Requests that Envoy logged without an audit record: the filter had no part in them.
    #[serde(default)]
    pub unrecorded: u64,
    /// When it was last heard of, in microseconds since the Unix epoch.
    #[serde(default)]
    pub last_us: u64,
}

/// What an Envoy says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Identity {
    /// Its id: `node.id` of its bootstrap.
    pub id: String,
    /// Its cluster: `node.cluster`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Its metadata: `node.metadata`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// Its version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub envoy: String,
}

/// A version that a node took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acked {
    /// The version, as xDS names it.
    pub version: String,
    /// The policy's name.
    pub policy: String,
    /// The number of the policy's version.
    pub number: u64,
    /// When, in microseconds since the Unix epoch.
    pub time_us: u64,
}

/// A version that a node refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Refusal {
    /// The version, as xDS names it.
    pub version: String,
    /// The policy's name.
    pub policy: String,
    /// The number of the policy's version.
    pub number: u64,
    /// Envoy's own words.
    pub message: String,
    /// When, in microseconds since the Unix epoch.
    pub time_us: u64,
}

/// What a record shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Seen {
    /// The policy's name.
    pub policy: String,
    /// The policy's digest.
    pub digest: String,
    /// When the request came, in microseconds since the Unix epoch.
    pub time_us: u64,
}

/// How many refusals of a node are kept.
const REFUSALS: usize = 32;

// === impl Node ===

impl Node {
    /// A node of which only the id is known.
    pub fn new(id: &str) -> Self {
        Self { identity: Identity { id: id.to_owned(), ..Identity::default() }, ..Self::default() }
    }

    /// Whether it refuses what it was sent last.
    pub fn refuses(&self) -> bool {
        self.sent.as_deref().is_some_and(|sent| self.has_refused(sent))
    }

    /// Whether it has refused this version.
    pub fn has_refused(&self, version: &str) -> bool {
        self.refused.iter().any(|refusal| refusal.version == version)
    }

    /// Takes note of a refusal.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.refused.push(refusal);
        let surplus = self.refused.len().saturating_sub(REFUSALS);
        self.refused.drain(..surplus);
    }
}
