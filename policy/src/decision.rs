//! What a policy says about a request.

use std::fmt;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Format, NanoUsd},
    facts::Name,
};

/// What happens to a request, and why. A pure function of the facts and the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The level of the request as it came.
    pub level: Name,
    /// What is replaced by placeholders, where some candidate gets the request so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Redacted>,
    /// The candidates that were taken off the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub struck: Vec<Struck>,
    /// What rules in shadow mode would have done, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<Shadow>,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It goes to the first of these that answers. Never empty.
    Route(Vec<Candidate>),
    /// It is refused.
    Deny(Denial),
}

/// What of a request is replaced by placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// How many findings, by detector.
    pub replaced: BTreeMap<Name, u32>,
    /// The level of what stays: what a provider that gets the request so must be cleared for.
    pub level: Name,
}

/// Where a request may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The provider's name.
    pub provider: Name,
    /// Its cluster.
    pub cluster: Name,
    /// Its format.
    pub format: Format,
    /// Its zone.
    pub zone: Name,
    /// What goes before the paths of its interface.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub base_path: Name,
    /// The model; absent where the request is for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<CandidateModel>,
    /// Whether it gets the request with placeholders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

/// The model of a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateModel {
    /// Its name in the catalogue.
    pub name: Name,
    /// What the provider calls it.
    pub id: Name,
    /// What the request is taken to cost; unknown where the model has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<NanoUsd>,
}

/// How a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The HTTP status.
    pub status: u16,
    /// What the client is told.
    pub message: Name,
}

/// Why a decision fell as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// This rule says so.
    Rule(Name),
    /// No rule matched.
    NoRule,
    /// This rule matched, but every candidate was struck.
    NoCandidate(Name),
    /// Whether this rule matches hangs on a fact that is not known.
    Indeterminate(Name),
}

/// A candidate that was taken off the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// The provider's name; absent where it is not known which it would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Name>,
    /// The model's name in the catalogue; absent where the request is for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Name>,
    /// Why.
    pub why: Strike,
}

/// Why a candidate was taken off the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strike {
    /// The rule says `$asked`, but the request asks for no model of the catalogue.
    UnknownModel,
    /// The provider is not cleared for the request's level.
    NotCleared {
        /// The request's level.
        level: Name,
        /// The highest that the provider is cleared for.
        cleared: Name,
    },
    /// The body could not be read, and the provider is not cleared for the highest level.
    Unreadable(crate::facts::Unreadable),
    /// The provider is not cleared for opaque content of this kind.
    OpaqueNotCleared(crate::facts::Opaque),
    /// An invariant forbids it.
    Invariant(Name),
    /// The provider's format does not speak the interface that the client speaks.
    Api(crate::request::Api),
    /// It would have to get placeholders, but the values cannot be put back into the answers of this interface.
    NotRestored(crate::request::Api),
    /// The interface is unknown, and the rule does not name `other`.
    UnnamedApi,
    /// The model is not capable of this.
    Capability(crate::facts::Capability),
    /// The model's context window is too small.
    Context {
        /// How many tokens are needed.
        needed: u64,
        /// How many it holds.
        context: u64,
    },
}

/// What a rule in shadow mode would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// The rule.
    pub rule: Name,
    /// What would have happened.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
}

// === impl Decision ===

impl Decision {
    /// Where the request goes, in the order to try; empty if it is refused.
    pub fn candidates(&self) -> &[Candidate] {
        match &self.outcome {
            Outcome::Route(candidates) => candidates,
            Outcome::Deny(_) => &[],
        }
    }

    /// The level that counted for the first candidate: that of what stays, if it gets the request with placeholders.
    pub fn counted(&self) -> &Name {
        let first = self.candidates().first();
        match &self.redacted {
            Some(redacted) if first.is_some_and(|first| first.redacted) => &redacted.level,
            _ => &self.level,
        }
    }

    /// The rule that decided, if one did.
    pub fn rule(&self) -> Option<&Name> {
        match &self.reason {
            Reason::Rule(rule) | Reason::NoCandidate(rule) | Reason::Indeterminate(rule) => Some(rule),
            Reason::NoRule => None,
        }
    }
}

/// The reason, with what was struck where nothing is left: `rule `x` left no candidate: gpt-4o: cleared for ...`.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if !matches!(self.reason, Reason::NoCandidate(_)) {
            return Ok(());
        }
        let mut between = ": ";
        for struck in &self.struck {
            write!(f, "{between}{struck}")?;
            between = "; ";
        }
        Ok(())
    }
}

// === impl Outcome ===

impl Outcome {
    /// `route` or `deny`: what a record and a metric call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Route(_) => "route",
            Self::Deny(_) => "deny",
        }
    }
}

// === impl Reason ===

impl Reason {
    /// The kind of reason, for a record and a metric.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::NoRule => "no-rule",
            Self::NoCandidate(_) => "no-candidate",
            Self::Indeterminate(_) => "indeterminate",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => write!(f, "rule `{rule}`"),
            Self::NoRule => f.write_str("no rule matched"),
            Self::Indeterminate(rule) => write!(f, "rule `{rule}` asks for a fact that is not known"),
            Self::NoCandidate(rule) => write!(f, "rule `{rule}` left no candidate"),
        }
    }
}

// === impl Struck ===

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.model, &self.provider) {
            (Some(name), _) | (None, Some(name)) => write!(f, "{name}: {}", self.why),
            (None, None) => write!(f, "$asked: {}", self.why),
        }
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel => f.write_str("the request asks for no model of the catalogue"),
            Self::NotCleared { level, cleared } => write!(f, "cleared for {cleared} only, the request is {level}"),
            Self::Unreadable(why) => write!(f, "not cleared for a body that cannot be read ({})", why.name()),
            Self::OpaqueNotCleared(kind) => write!(f, "not cleared for opaque content ({})", kind.name()),
            Self::Invariant(name) => write!(f, "invariant `{name}`"),
            Self::Api(api) => write!(f, "does not speak the {} interface", api.name()),
            Self::NotRestored(api) => {
                write!(f, "what is redacted cannot be put back into answers of the {} interface", api.name())
            }
            Self::UnnamedApi => f.write_str("the interface is unknown and the rule does not name `other`"),
            Self::Capability(capability) => write!(f, "cannot do {}", capability.name()),
            Self::Context { needed, context } => write!(f, "{needed} tokens do not fit its context of {context}"),
        }
    }
}
