//! Changes of a policy that would give a request another outcome.

use std::fmt;

use serde::Serialize;

use super::{Alternative, distinct};
use crate::{
    decision::Strike,
    explain::{RuleTrace, Trace},
    facts::{Facts, Name},
    policy::Policy,
    rule::Truth,
};

/// A change of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// A rule left out.
    Without(Name),
    /// A rule that does not ask this.
    Unasked {
        /// The rule.
        rule: Name,
        /// What it does not ask.
        predicate: String,
    },
    /// A provider cleared for this level.
    Cleared {
        /// The provider.
        provider: Name,
        /// The level.
        level: Name,
    },
    /// An invariant left out.
    Unbound(Name),
}

/// Each single change that gives another outcome, the first of each.
pub(super) fn single(policy: &Policy, facts: &Facts, trace: &Trace) -> Vec<Alternative<Edit>> {
    let mut edits: Vec<Edit> = trace.rules.iter().filter(|rule| !rule.shadow).flat_map(of_rule).collect();
    for struck in &trace.decision.struck {
        match (&struck.why, &struck.provider) {
            (Strike::NotCleared { level, .. }, Some(provider)) => {
                edits.push(Edit::Cleared { provider: provider.clone(), level: level.clone() });
            }
            (Strike::Invariant(name), _) => edits.push(Edit::Unbound(name.clone())),
            _ => {}
        }
    }
    distinct(edits.into_iter().filter_map(|edit| {
        let edited = edit.apply(policy.clone());
        Alternative::of(&trace.decision, vec![edit], edited.decide(facts))
    }))
}

/// Leaving out a rule that decided, or the one thing for which one before it did not.
fn of_rule(rule: &RuleTrace) -> Vec<Edit> {
    if rule.matched != Truth::Failed {
        return vec![Edit::Without(rule.name.clone())];
    }
    let mut failed = rule.predicates.iter().filter(|predicate| predicate.truth == Truth::Failed);
    match (failed.next(), failed.next()) {
        (Some(one), None) => vec![Edit::Unasked { rule: rule.name.clone(), predicate: one.predicate.clone() }],
        _ => Vec::new(),
    }
}

// === impl Edit ===

impl Edit {
    fn apply(&self, mut policy: Policy) -> Policy {
        match self {
            Self::Without(name) => policy.rules.retain(|rule| rule.name != *name),
            Self::Unasked { rule: name, predicate } => {
                let rule = policy.rules.iter_mut().find(|rule| rule.name == *name);
                rule.into_iter().for_each(|rule| rule.predicates.retain(|asked| asked.to_string() != *predicate));
            }
            Self::Cleared { provider: name, level } => {
                let level = policy.levels.find(level).unwrap_or_default();
                let provider = policy.catalogue.providers.iter_mut().find(|provider| provider.name == *name);
                provider.into_iter().for_each(|provider| provider.cleared = level);
            }
            Self::Unbound(name) => policy.invariants.retain(|invariant| invariant.name != *name),
        }
        policy
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Without(rule) => write!(f, "without rule `{rule}`"),
            Self::Unasked { rule, predicate } => write!(f, "if rule `{rule}` did not ask: {predicate}"),
            Self::Cleared { provider, level } => write!(f, "if provider `{provider}` were cleared for {level}"),
            Self::Unbound(invariant) => write!(f, "without invariant `{invariant}`"),
        }
    }
}
