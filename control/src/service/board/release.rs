//! A version of a policy, as nodes get it.

use std::sync::Arc;

use serde_json::Value;

/// A version of a policy that can be handed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The policy's name.
    pub policy: String,
    /// The version's number.
    pub number: u64,
    /// The digest of what it says: what a record names it by.
    pub digest: String,
    /// The document.
    pub document: Arc<Value>,
}
