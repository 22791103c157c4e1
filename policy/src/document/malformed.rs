//! Why a document was refused, and where.

use crate::request::Unreadable;

/// Why a document could not be read: the reason, the offset in the body, and what was wrong, without any of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at}: {what}")]
pub struct Malformed {
    /// The reason, for statistics and records.
    pub reason: Unreadable,
    /// The offset in the (decoded) body of the byte that cannot stand there.
    pub at: u64,
    /// What was wrong, in words.
    pub what: &'static str,
}

impl Malformed {
    /// Not JSON.
    pub(super) fn syntax(at: u64, what: &'static str) -> Self {
        Self { reason: Unreadable::MalformedJson, at, what }
    }
}
