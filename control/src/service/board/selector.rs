//! Which nodes a policy is for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::service::fleet::Identity;

/// Conditions that a node must meet, all of them. Without any, every node is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selector {
    /// The node's id is one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// The node's cluster is one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// The node's metadata have these texts under these keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

// === impl Selector ===

impl Selector {
    /// Whether this node is meant.
    pub fn selects(&self, node: &Identity) -> bool {
        let Self { nodes, clusters, metadata } = self;
        let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
        among(nodes, &node.id)
            && among(clusters, &node.cluster)
            && metadata.iter().all(|(key, text)| node.metadata.get(key).and_then(Value::as_str) == Some(text))
    }

    /// How many conditions there are: the more, the more specific.
    pub fn conditions(&self) -> usize {
        usize::from(!self.nodes.is_empty()) + usize::from(!self.clusters.is_empty()) + self.metadata.len()
    }
}
