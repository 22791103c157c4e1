//! Why a recorded request was decided as it was, and what would have changed it.
//!
//! The decision is made again from the facts, rule by rule. Then single changes are tried, and pairs of them where no single
//! one is enough: of the facts (nothing above this level found, another model asked for, fewer tokens, ...) and of the
//! policy (a rule left out, one question of a rule left out, a provider cleared for more).

mod change;
mod edit;

use std::fmt;

use serde::Serialize;

pub use self::{change::Change, edit::Edit};
use crate::{
    decision::{Decision, Outcome, Reason},
    explain::Trace,
    facts::Facts,
    policy::Policy,
    prove::goes_elsewhere,
};

/// Why a request was decided as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// How the decision comes about.
    pub trace: Trace,
    /// The fewest changes of the request that give another outcome: each outcome once.
    pub facts: Vec<Alternative<Change>>,
    /// Single changes of the policy that give another outcome.
    pub policy: Vec<Alternative<Edit>>,
}

/// What another outcome would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative<C> {
    /// The changes, all together.
    pub changes: Vec<C>,
    /// What would then happen.
    pub outcome: Outcome,
    /// And why.
    pub reason: Reason,
}

/// The most changes that are tried in pairs: their number grows with the square.
const MOST_PAIRED: usize = 150;
/// The most alternatives that are told.
const MOST_TOLD: usize = 12;

impl Policy {
    /// Why a request with these facts is decided as it is, and what would change it.
    pub fn why(&self, facts: &Facts) -> Why {
        let trace = self.explain(facts);
        let changed = change::nearest(self, facts, &trace.decision);
        let edited = edit::single(self, facts, &trace);
        Why { trace, facts: changed, policy: edited }
    }
}

// === impl Alternative ===

impl<C> Alternative<C> {
    /// What a changed request or policy comes to, if that is something else than before.
    fn of(before: &Decision, changes: Vec<C>, after: Decision) -> Option<Self> {
        let Decision { outcome, reason, .. } = &after;
        let alternative = Self { changes, outcome: outcome.clone(), reason: reason.clone() };
        goes_elsewhere(before, &after).then_some(alternative)
    }

    /// Whether another gives the same outcome.
    fn is_like(&self, other: &Self) -> bool {
        match (&self.outcome, &other.outcome) {
            (Outcome::Deny(one), Outcome::Deny(other)) => one.status == other.status,
            (Outcome::Route(one), Outcome::Route(other)) => {
                let names = |candidates: &[crate::decision::Candidate]| -> Vec<_> {
                    let name = |candidate: &crate::decision::Candidate| {
                        (candidate.provider.clone(), candidate.model.as_ref().map(|model| model.name.clone()))
                    };
                    candidates.iter().map(name).collect()
                };
                names(one) == names(other)
            }
            _ => false,
        }
    }
}

impl<C: fmt::Display> fmt::Display for Alternative<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes: Vec<_> = self.changes.iter().map(ToString::to_string).collect();
        write!(f, "{}: ", changes.join(", and "))?;
        match &self.outcome {
            Outcome::Deny(denial) => write!(f, "refused with {}", denial.status)?,
            Outcome::Route(candidates) => {
                let name = |candidate: &crate::decision::Candidate| {
                    candidate.model.as_ref().map_or(&candidate.provider, |model| &model.name).to_string()
                };
                write!(f, "{}", candidates.iter().map(name).collect::<Vec<_>>().join(", "))?;
            }
        }
        write!(f, ", because {}", self.reason)
    }
}

// === impl Why ===

impl Why {
    /// The alternatives for people, a line each, under a title for those of the request and one for those of the policy.
    pub fn alternatives(&self) -> String {
        fn section<C: fmt::Display>(title: &str, alternatives: &[Alternative<C>]) -> String {
            let lines: String = alternatives.iter().map(|alternative| format!("  {alternative}\n")).collect();
            let lines = if lines.is_empty() { "  nothing of what was tried\n" } else { &lines };
            format!("\n{title}\n{lines}")
        }
        section("it would have been another if", &self.facts)
            + &section("the policy would decide otherwise", &self.policy)
    }
}

/// Keeps the first of each outcome.
fn distinct<C>(all: impl Iterator<Item = Alternative<C>>) -> Vec<Alternative<C>> {
    let mut kept: Vec<Alternative<C>> = Vec::new();
    for alternative in all {
        if kept.len() < MOST_TOLD && !kept.iter().any(|known| known.is_like(&alternative)) {
            kept.push(alternative);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
