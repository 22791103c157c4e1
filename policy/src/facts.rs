//! Everything that a decision may use, and nothing else.
//!
//! No field can hold a client's text: there are enums, counts, truth values, names that the policy itself gave, checked
//! ids and keyed digests. What is here goes into the audit record, and a decision can be made from it again.

mod name;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::name::{Digest, Id, Name};
pub use crate::request::{Capability, Opaque, Unreadable};
use crate::{detect::Confidence, request::Api};

/// What is known of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// When it came, in seconds since 1970: prices change.
    #[serde(default)]
    pub time: u64,
    /// The interface that it speaks.
    pub api: Api,
    /// The model that it asks for.
    #[serde(default, skip_serializing_if = "Asked::is_none")]
    pub asked: Asked,
    /// Who sends it, as far as the policy says where to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Identity>,
    /// The client's team, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Identity>,
    /// Whether the answer is to be streamed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// The estimated length of the prompt in tokens.
    #[serde(default)]
    pub prompt_tokens: u64,
    /// The most tokens that the client wants in answer, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// What a model must be capable of to serve it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<Capability>,
    /// The kinds of content in it that cannot be read as text.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub opaque: BTreeSet<Opaque>,
    /// Why the body could not be read whole, if it could not; it then counts as the highest level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<Unreadable>,
    /// The level of what was read.
    pub level: Name,
    /// The labels of what was found.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<Name>,
    /// The detectors that found something.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detectors: BTreeMap<Name, Tally>,
    /// What the policy's predicates on headers and properties said, by predicate. The values themselves are not kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub predicates: BTreeMap<Name, bool>,
}

/// The model that a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// A model of the catalogue.
    Known(Name),
    /// An alias of the policy.
    Alias(Name),
    /// Something else.
    Unknown(Digest),
    /// It asks for none.
    #[default]
    None,
}

/// Who sent a request, or their team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// One that the policy names.
    Named(Name),
    /// A UUID or a hexadecimal id.
    Id(Id),
    /// Any other.
    Hidden(Digest),
}

/// What one detector found in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How often.
    pub count: u32,
    /// The surest of them.
    pub confidence: Confidence,
    /// The level that they raise the request to; absent if they raise none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Name>,
    /// Whether each has a place of its own in the body, where a placeholder can stand; absent if no rule asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed: Option<bool>,
}

// === impl Facts ===

impl Facts {
    /// A request of this kind in which nothing was found, at this level. The other facts are set one by one.
    pub fn new(api: Api, level: Name) -> Self {
        Self {
            time: 0,
            api,
            asked: Asked::None,
            client: None,
            team: None,
            stream: false,
            prompt_tokens: 0,
            output_tokens: None,
            needs: BTreeSet::new(),
            opaque: BTreeSet::new(),
            unreadable: None,
            level,
            labels: BTreeSet::new(),
            detectors: BTreeMap::new(),
            predicates: BTreeMap::new(),
        }
    }
}

// === impl Tally ===

impl Tally {
    /// So many findings, the surest of them so sure, that raise no level as far as is known.
    pub fn new(count: u32, confidence: Confidence) -> Self {
        Self { count, confidence, level: None, placed: None }
    }

    /// Whether they say anything about a request: some finding is more than weak.
    pub fn is_sure(&self) -> bool {
        self.confidence > Confidence::Weak
    }
}

// === impl Asked ===

impl Asked {
    /// The name in the policy's catalogue or aliases, if it has one.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Known(name) | Self::Alias(name) => Some(name),
            Self::Unknown(_) | Self::None => None,
        }
    }

    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(name) => write!(f, "{name}"),
            Self::Alias(name) => write!(f, "{name} (alias)"),
            Self::Unknown(digest) => write!(f, "unknown ({digest})"),
            Self::None => f.write_str("none"),
        }
    }
}
