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
    /// A version that is asked beside it, and not obeyed.
    pub shadow: Option<Arc<Release>>,
}

// === impl Release ===

impl Release {
    /// The same with this shadow, if that is another version.
    pub fn beside(&self, shadow: &Arc<Self>) -> Self {
        let shadow = Some(shadow).filter(|shadow| shadow.number != self.number).cloned();
        Self { shadow, ..self.clone() }
    }

    /// Whether nodes get the same of both: a version never changes.
    pub fn is(&self, other: &Self) -> bool {
        let shadow = |release: &Self| release.shadow.as_ref().map(|shadow| shadow.number);
        self.policy == other.policy && self.number == other.number && shadow(self) == shadow(other)
    }
}
