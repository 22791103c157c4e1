//! The audit record of one exchange: what was known of it, what was decided, and how it ended.
//!
//! INVARIANT: no field can hold a client's text. There are enums, numbers, names that the policy gave, checked ids and
//! keyed digests ([`Name`], [`Id`], [`crate::facts::Digest`]), and nothing else.

use serde::{Deserialize, Serialize};

use crate::decision::{Candidate, Decision};
use crate::facts::{Facts, Id, Name};
use crate::progress::{Attempted, Dropped};
use crate::usage::{Cost, Usage};

/// The version of the record's form; it changes when a field changes its meaning.
pub const FORM: u32 = 1;

/// One exchange, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this form.
    pub form: u32,
    /// How far the exchange had come when this was written.
    pub stage: Stage,
    /// The exchange's own id: a UUID of version 7, which the client is told.
    pub decision_id: Id,
    /// When the request came, in microseconds since the Unix epoch.
    pub time_us: u64,
    /// Which instance of the filter wrote it, and its place among that instance's records.
    pub instance: Instance,
    /// Envoy's id of the request, if it is one that says nothing by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Id>,
    /// The W3C trace that the request belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Id>,
    /// The policy in force.
    pub policy: PolicyReference,
    /// What happened to the request.
    pub action: Action,
    /// The rule that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Name>,
    /// The level that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Name>,
    /// Where the request was sent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Candidate>,
    /// All that the decision hung on: from it, the decision can be made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The decision as it fell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// What a policy would have done that is asked beside the one in force, and not obeyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Box<Shadow>>,
    /// What reading the request took.
    pub scan: Scan,
    /// The attempts at it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempted>,
    /// What the provider that answered did not learn of the request, because its format has no place for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// What the answer used, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What that cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// How the exchange ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
}

/// What another policy would have done with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// That policy.
    pub policy: PolicyReference,
    /// Whether it would have done what was done: the same action, and the same first choice.
    pub agrees: bool,
    /// What would have happened to the request.
    pub action: Action,
    /// The rule that would have decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Name>,
    /// The level that would have counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Name>,
    /// Where the request would have been sent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Candidate>,
    /// All that this hangs on, where it is not what [`Record::facts`] says: the policies look for different things. A client that
    /// only this policy knows is left out: a record is found, and erased, by the client that is in its own facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The time that it took, in microseconds; it is not among those of [`Scan`].
    pub micros: u64,
}

/// How far an exchange had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Its headers have come.
    Received,
    /// It is decided, and on its way.
    Decided,
    /// It is over.
    Ended,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing yet; of an exchange that has ended: it never came to a decision.
    None,
    /// It was sent on.
    Route,
    /// It was answered from the catalogue.
    Answer,
    /// The policy refused it.
    Deny,
    /// It was refused before it could be decided, for this reason.
    Refuse(Refused),
}

/// Why a request was refused before it could be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    /// It asks for another protocol, whose messages nobody would read.
    Upgrade,
    /// Its body is larger than may be read.
    Oversize,
    /// Its method or path cannot be read.
    Malformed,
    /// An object in its body has a key twice, so that two readers may read two requests.
    Ambiguous,
    /// The format of each provider that may have it is another, and it cannot be translated: its body was not read, or it
    /// is too large.
    Untranslatable,
}

/// One life of the filter in one worker of one Envoy, and a record's place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Drawn at random when the instance began: 16 hexadecimal digits.
    pub epoch: Id,
    /// The number of this record; the first is 1, and a missing number is a missing record.
    pub sequence: u64,
}

/// Which policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyReference {
    /// `metadata.name`.
    pub name: Name,
    /// `metadata.version`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Name>,
    /// SHA-256 over its canonical form.
    pub digest: Name,
}

/// What reading a request took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Bytes of the body, decoded.
    pub body_bytes: u64,
    /// Bytes of text in it.
    pub text_bytes: u64,
    /// Those bytes of text that had been seen before.
    pub remembered_bytes: u64,
    /// Time from the first byte read to the decision that went into reading and deciding, in microseconds.
    pub micros: u64,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The HTTP status that the client got; 0 if it got none.
    pub status: u16,
    /// Bytes that the client sent.
    pub request_bytes: u64,
    /// Bytes that the client got.
    pub response_bytes: u64,
    /// How often a provider was tried.
    pub attempts: u64,
    /// From the request's arrival to the end, in microseconds.
    pub micros: u64,
}

// === impl Shadow ===

impl Shadow {
    /// What another policy did with the request of the record `live`, of which it made the record `other`.
    pub fn new(other: Record, live: &Record) -> Self {
        let first = |record: &Record| {
            let chosen = record.chosen.as_ref();
            chosen.map(|one| (one.provider.clone(), one.model.as_ref().map(|model| model.name.clone()), one.redacted))
        };
        let agrees = other.action == live.action && first(&other) == first(live);
        let known = live.facts.as_ref().and_then(|facts| facts.client.as_ref());
        let facts = other.facts.map(|facts| Facts { client: facts.client.filter(|one| Some(one) == known), ..facts });
        Self {
            agrees,
            policy: other.policy,
            action: other.action,
            rule: other.rule,
            level: other.level,
            chosen: other.chosen,
            facts: facts.filter(|facts| live.facts.as_ref() != Some(facts)),
            micros: other.scan.micros,
        }
    }
}

// === impl Action ===

impl Action {
    /// The word for it in stats.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Route => "route",
            Self::Answer => "answer",
            Self::Deny => "deny",
            Self::Refuse(_) => "refuse",
        }
    }
}

// === impl Refused ===

impl Refused {
    /// The word for it in stats and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Oversize => "oversize",
            Self::Malformed => "malformed",
            Self::Ambiguous => "ambiguous",
            Self::Untranslatable => "untranslatable",
        }
    }
}
