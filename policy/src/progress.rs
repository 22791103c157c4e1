//! What became of a decided request on its way: the adapters leave it in Envoy's filter state, attempt by attempt, and the
//! router takes it into the record.
//!
//! It is written as things happen, for the record is made without another word from the adapter where a client leaves.

use serde::{Deserialize, Serialize};

use crate::facts::Name;
use crate::plan::Attempt;
use crate::usage::Usage;

/// What became of a request so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The attempts that were begun, in order; the last may be under way.
    pub attempts: Vec<Attempted>,
    /// What the answer used, as far as is known.
    #[serde(default)]
    pub usage: Usage,
    /// What the last attempt's provider did not learn of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
}

/// An attempt that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// The provider.
    pub provider: Name,
    /// The cluster.
    pub cluster: Name,
    /// The provider's zone.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub zone: Name,
    /// Whether it was to get placeholders in place of what was found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// The model's name in the catalogue; absent where the request is for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Name>,
    /// How far it came.
    pub outcome: Outcome,
    /// The status that the provider answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// From its beginning to the first of the answer, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_micros: Option<u64>,
}

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing came back: no connection, a reset, a timeout, or a client that left before.
    NoAnswer,
    /// The provider said that it failed.
    Failed,
    /// An answer began, and did not come to its end.
    BrokenOff,
    /// The answer was none that its format knows.
    Unreadable,
    /// The answer came whole.
    Answered,
    /// The request was not sent: the provider cannot be given what matters in it.
    Refused,
}

/// A place in a request by the words of its API, such as `messages[3] (audio)`.
///
/// INVARIANT: it is what `provider::loss::Loss` shows, which holds no text of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dropped(Box<str>);

/// The longest place that is told, in bytes.
const LONGEST_PLACE: usize = 200;

// === impl Progress ===

impl Progress {
    /// The progress as it travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        // It is strings and numbers, which always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads progress; none, if there is none or it is not ours.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// Whether the last attempt came so far that it may have used something.
    pub fn has_answer(&self) -> bool {
        use Outcome::{Answered, BrokenOff, Unreadable};
        self.attempts.last().is_some_and(|last| matches!(last.outcome, Answered | BrokenOff | Unreadable))
    }
}

// === impl Attempted ===

impl Attempted {
    /// An attempt that begins.
    pub fn new(attempt: &Attempt) -> Self {
        Self {
            provider: attempt.provider.clone(),
            cluster: attempt.cluster.clone(),
            zone: attempt.zone.clone(),
            redacted: attempt.redacted,
            model: attempt.model.as_ref().map(|model| model.name.clone()),
            outcome: Outcome::NoAnswer,
            status: None,
            first_byte_micros: None,
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// The word for it in stats.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::BrokenOff => "broken-off",
            Self::Unreadable => "unreadable",
            Self::Answered => "answered",
            Self::Refused => "refused",
        }
    }
}

// === impl Dropped ===

impl Dropped {
    /// A place as `provider::loss::Loss` shows it; `None` if it can be none.
    pub fn new(place: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.[]() -'".contains(&byte);
        (place.len() <= LONGEST_PLACE && place.bytes().all(known)).then(|| Self(place.into()))
    }
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_no_progress() {
        for bytes in [&b""[..], b"{", b"[]", b"\xff", br#"{"attempts": 7}"#] {
            assert_eq!(Progress::from_bytes(bytes), Progress::default());
        }
        let progress = Progress { dropped: Dropped::new("seed").into_iter().collect(), ..Progress::default() };
        assert_eq!(Progress::from_bytes(&progress.to_bytes()), progress);
    }

    #[test]
    fn what_cannot_be_a_place_is_none() {
        assert!(Dropped::new("messages[3] (audio)").is_some());
        assert!(Dropped::new("a\"b").is_none() && Dropped::new(&"a".repeat(201)).is_none());
    }
}
