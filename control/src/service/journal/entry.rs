//! Entries of the chain.

use serde_json::Value;

use super::index::{Index, Unfit};
use crate::chain::{Hash, Kind, canonical};

/// An entry that has no place in the chain yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is about.
    pub kind: Kind,
    /// The node that it comes from; empty if from this service.
    pub node: String,
    /// What it says, as canonical JSON.
    pub content: String,
    /// The hash of that.
    pub content_hash: Hash,
    /// Of a record: what it can be found by.
    pub index: Option<Box<Index>>,
}

// === impl Draft ===

impl Draft {
    /// An audit record that came from this node, as canonical JSON.
    pub fn record(node: &str, content: String) -> Result<Self, Unfit> {
        let index = Some(Box::new(Index::of(&content)?));
        let content_hash = Hash::of(&content);
        Ok(Self { kind: Kind::Record, node: node.to_owned(), content, content_hash, index })
    }

    /// Anything that this service itself has to tell.
    pub fn own(kind: Kind, content: &Value) -> Self {
        // Only a number that is not finite has no canonical form, and `Value` holds none.
        let content = canonical::of_value(content).unwrap_or_default();
        let content_hash = Hash::of(&content);
        Self { kind, node: String::new(), content, content_hash, index: None }
    }
}
