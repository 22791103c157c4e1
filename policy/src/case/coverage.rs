//! Which rules and predicates of a policy its cases have tried.

use serde::Serialize;

use crate::{
    config::Mode,
    explain::Trace,
    facts::Name,
    policy::Policy,
    rule::{Rule, Truth},
};

/// Which rules and predicates were tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Each rule, in order.
    pub rules: Vec<RuleCoverage>,
}

/// What was tried of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleCoverage {
    /// The rule.
    pub rule: Name,
    /// How many cases it decided; of a rule in shadow mode, how many it matched.
    pub decided: usize,
    /// Each of its predicates.
    pub predicates: Vec<PredicateCoverage>,
}

/// What was tried of a predicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PredicateCoverage {
    /// What it asks.
    pub predicate: String,
    /// How many cases it held for.
    pub held: usize,
    /// How many it failed for.
    pub failed: usize,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// What was tried.
    pub tried: usize,
    /// All that there is.
    pub all: usize,
}

// === impl Coverage ===

impl Coverage {
    /// Nothing was tried yet.
    pub fn of(policy: &Policy) -> Self {
        let rule = |rule: &Rule| RuleCoverage {
            rule: rule.name.clone(),
            decided: 0,
            predicates: rule.predicates.iter().map(PredicateCoverage::of).collect(),
        };
        Self { rules: policy.rules().iter().map(rule).collect() }
    }

    /// Adds a decision.
    pub fn add(&mut self, policy: &Policy, trace: &Trace) {
        for ((covered, rule), traced) in self.rules.iter_mut().zip(policy.rules()).zip(&trace.rules) {
            let decides = rule.mode == Mode::Shadow || trace.decision.rule() == Some(&rule.name);
            covered.decided += usize::from(traced.matched == Truth::Held && decides);
            for (covered, traced) in covered.predicates.iter_mut().zip(&traced.predicates) {
                covered.held += usize::from(traced.truth == Truth::Held);
                covered.failed += usize::from(traced.truth == Truth::Failed);
            }
        }
    }

    /// The rules that decided a case.
    pub fn rules(&self) -> Covered {
        Covered::of(self.rules.iter().map(|rule| rule.decided > 0))
    }

    /// The predicates that held for a case, and those that failed for one: each counts twice.
    pub fn predicates(&self) -> Covered {
        let predicates = self.rules.iter().flat_map(|rule| &rule.predicates);
        Covered::of(predicates.flat_map(|predicate| [predicate.held > 0, predicate.failed > 0]))
    }
}

// === impl PredicateCoverage ===

impl PredicateCoverage {
    fn of(predicate: &crate::rule::Predicate) -> Self {
        Self { predicate: predicate.to_string(), held: 0, failed: 0 }
    }
}

// === impl Covered ===

impl Covered {
    fn of(tried: impl Iterator<Item = bool>) -> Self {
        tried.fold(Self { tried: 0, all: 0 }, |Self { tried, all }, one| Self {
            tried: tried + usize::from(one),
            all: all + 1,
        })
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { tried: self.tried + other.tried, all: self.all + other.all }
    }

    /// In percent, rounded down; all of nothing is 100.
    pub fn percent(self) -> usize {
        (self.tried * 100).checked_div(self.all).unwrap_or(100)
    }
}
