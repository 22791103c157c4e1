//! One Envoy, as far as it is known.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::envoy::control_plane;

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
    /// When, in microseconds since the Unix epoch.
    #[serde(default)]
    pub sent_us: u64,
    /// What it took last. That Envoy takes something does not prove that the filter runs it: see `seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked: Option<Acked>,
    /// What it refused, newest last. It is never sent again as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// The policy that its newest record shows to be in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// When its process was last seen to be another than before, in microseconds since the Unix epoch; 0 if it never was. If the
    /// one before was killed, the records of its last moments may be nowhere.
    #[serde(default)]
    pub started_us: u64,
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

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is connected.
    Connected,
    /// It is not.
    Away,
    /// It refuses what it was sent last.
    Refusing,
}

/// How many refusals of a node are kept.
const REFUSALS: usize = 32;

// === impl Node ===

impl Node {
    /// A node of which only the id is known.
    pub fn new(id: &str) -> Self {
        Self { identity: Identity { id: id.to_owned(), ..Identity::default() }, ..Self::default() }
    }

    /// Whether it stands so.
    pub fn stands(&self, standing: Standing) -> bool {
        match standing {
            Standing::Connected => self.connections > 0,
            Standing::Away => self.connections == 0,
            Standing::Refusing => self.refuses(),
        }
    }

    /// Whether it refuses what it was sent last.
    pub fn refuses(&self) -> bool {
        self.sent.as_deref().is_some_and(|sent| self.has_refused(sent))
    }

    /// Whether it has refused this version.
    pub fn has_refused(&self, version: &str) -> bool {
        self.refused.iter().any(|refusal| refusal.version == version)
    }

    /// How it refused what this version says, under whatever number.
    pub fn refusal_of(&self, version: &str) -> Option<&Refusal> {
        let alike = |refusal: &&Refusal| control_plane::hash_of(&refusal.version) == control_plane::hash_of(version);
        self.refused.iter().rev().find(alike)
    }

    /// Adds what another replica of the service sees of the same node.
    pub fn add(&mut self, other: &Self) {
        if other.last_us > self.last_us || self.identity.cluster.is_empty() && self.identity.metadata.is_empty() {
            self.identity = other.identity.clone();
        }
        self.learn(other);
        self.connections = self.connections.saturating_add(other.connections);
        self.unrecorded = self.unrecorded.saturating_add(other.unrecorded);
        self.last_us = self.last_us.max(other.last_us);
    }

    /// Learns from what another replica sees what holds whoever sees it: to learn it twice changes nothing.
    pub fn learn(&mut self, other: &Self) {
        if other.sent_us > self.sent_us {
            (self.sent, self.sent_us) = (other.sent.clone(), other.sent_us);
        }
        self.started_us = self.started_us.max(other.started_us);
        take_newer(&mut self.acked, &other.acked, |acked| acked.time_us);
        take_newer(&mut self.seen, &other.seen, |seen| seen.time_us);
        for refusal in &other.refused {
            if !self.refused.contains(refusal) {
                self.refuse(refusal.clone());
            }
        }
        self.refused.sort_by_key(|refusal| refusal.time_us);
    }

    /// Takes note of a refusal.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.refused.push(refusal);
        let surplus = self.refused.len().saturating_sub(REFUSALS);
        self.refused.drain(..surplus);
    }
}

fn take_newer<T: Clone>(own: &mut Option<T>, other: &Option<T>, time_us: impl Fn(&T) -> u64) {
    let newer = other.as_ref().filter(|other| own.as_ref().is_none_or(|own| time_us(own) < time_us(other)));
    if let Some(newer) = newer {
        *own = Some(newer.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(version: &str, time_us: u64) -> Refusal {
        Refusal { version: version.into(), policy: "p".into(), number: 1, message: String::new(), time_us }
    }

    #[test]
    fn what_two_replicas_see_is_one_node() {
        let seen = |time_us| Some(Seen { policy: "p".into(), digest: "d".into(), time_us });
        let mut one = Node { connections: 1, sent: Some("a".into()), sent_us: 5, seen: seen(3), ..Node::new("n") };
        one.refuse(refusal("x", 4));
        one.unrecorded = 2;
        let mut other = Node { connections: 2, sent: Some("b".into()), sent_us: 7, seen: seen(2), ..Node::new("n") };
        other.refuse(refusal("x", 4));
        other.refuse(refusal("w", 1));
        other.unrecorded = 1;
        let mut both = one.clone();
        both.add(&other);
        assert_eq!((both.connections, both.unrecorded, both.sent.as_deref()), (3, 3, Some("b")));
        assert_eq!(both.seen, seen(3));
        assert_eq!(both.refused, [refusal("w", 1), refusal("x", 4)]);

        one.learn(&other);
        let once = one.clone();
        one.learn(&other);
        assert_eq!(one, once);
        assert_eq!((one.connections, one.unrecorded), (1, 2));
    }
}
