//! A rule, ready to be asked: what a request must be like, and what happens to it then.

mod predicate;
mod signal;

use std::collections::BTreeSet;

pub use self::{
    predicate::{LevelSet, Predicate, SetTest, Situation},
    signal::{InvalidPath, Signal, Source, ValueTest, property_path},
};
use crate::{
    config::{Mode, Prefer},
    decision::Denial,
    facts::{Capability, Name},
    request::Api,
};

/// A rule: the first whose predicates all hold decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its unique name.
    pub name: Name,
    /// Whether it decides, or only records what it would have decided.
    pub mode: Mode,
    /// What a request must be like: all of it.
    pub predicates: Vec<Predicate>,
    /// What happens to it then.
    pub action: Action,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It goes to one of these.
    Route(Selection),
    /// It goes to one of these, with placeholders in the place of what was found.
    Redact(Redaction),
    /// It is refused.
    Deny(Denial),
}

/// What is replaced by placeholders, and where a request goes then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// The detectors whose findings are replaced.
    pub detectors: BTreeSet<Name>,
    /// In these zones, a provider that is cleared for the request gets it as it is.
    pub raw_in: Vec<Name>,
    /// It goes to one of these.
    pub selection: Selection,
}

/// Which models, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// These, in this order; the whole catalogue if absent.
    pub models: Option<Vec<Choice>>,
    /// Only in one of these zones, if there are any.
    pub zones: Vec<Name>,
    /// Only of one of these providers, if there are any: places in the catalogue.
    pub providers: Vec<usize>,
    /// Only what can do all of this.
    pub can: BTreeSet<Capability>,
    /// Which comes first.
    pub prefer: Prefer,
}

/// An entry of a list of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What the client asks for: a model, or all that its alias stands for.
    Asked,
    /// This model of the catalogue, by its place.
    Model(usize),
    /// All that this alias stands for, by its place.
    Alias(usize),
}

/// What must never happen, whatever the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// Its unique name.
    pub name: Name,
    /// A request like this, all of it, ...
    pub predicates: Vec<Predicate>,
    /// ... never goes to one of these zones, if there are any, ...
    pub zones: Vec<Name>,
    /// ... and one of these providers, if there are any: places in the catalogue ...
    pub providers: Vec<usize>,
    /// ... and one of these models, if there are any: places in the catalogue.
    pub models: Vec<usize>,
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// It is.
    Held,
    /// It is not.
    Failed,
    /// The facts do not say.
    Unknown,
}

// === impl Rule ===

impl Rule {
    /// Whether the rule speaks of the interface [`Api::Other`] by name.
    pub fn names_other(&self) -> bool {
        self.predicates.iter().any(|predicate| matches!(predicate, Predicate::Api(apis) if apis.contains(&Api::Other)))
    }
}

// === impl Action ===

impl Action {
    /// Which models it chooses from, if it lets a request pass.
    pub fn selection(&self) -> Option<&Selection> {
        match self {
            Self::Route(selection) | Self::Redact(Redaction { selection, .. }) => Some(selection),
            Self::Deny(_) => None,
        }
    }

    /// What it replaces, if anything.
    pub fn redaction(&self) -> Option<&Redaction> {
        match self {
            Self::Redact(redaction) => Some(redaction),
            Self::Route(_) | Self::Deny(_) => None,
        }
    }
}

// === impl Invariant ===

impl Invariant {
    /// Whether a provider in this zone, with this model if any, is among those that it speaks of.
    pub fn covers(&self, provider: usize, zone: &Name, model: Option<usize>) -> bool {
        let Self { name: _, predicates: _, zones, providers, models } = self;
        (zones.is_empty() || zones.contains(zone))
            && (providers.is_empty() || providers.contains(&provider))
            && (models.is_empty() || model.is_some_and(|model| models.contains(&model)))
    }
}

// === impl Truth ===

impl Truth {
    /// Both are so.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Held, Self::Held) => Self::Held,
        }
    }
}

impl From<bool> for Truth {
    fn from(held: bool) -> Self {
        if held { Self::Held } else { Self::Failed }
    }
}
