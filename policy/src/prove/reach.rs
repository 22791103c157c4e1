//! Which rules are of no use, and because of which others.

use std::collections::BTreeSet;

use super::{
    Never, Prover, RuleProof,
    solve::{Answer, Budget, Query},
};
use crate::{facts::Name, problem::Problem};

/// The most rules of which it is found out whether a rule is of no use without them.
const MOST_BLAMED: usize = 64;

impl Prover<'_> {
    /// The rules that never match, or never find a candidate.
    pub(super) fn useless_rules(&self, budget: &mut Budget) -> Vec<RuleProof> {
        let indices = 0..self.view.policy.rules().len();
        indices.filter_map(|index| self.useless(index, budget)).collect()
    }

    fn useless(&self, index: usize, budget: &mut Budget) -> Option<RuleProof> {
        let rule = self.view.policy.rules().get(index)?;
        let query = self.view.decides(Some(index), &self.space, budget);
        let proof = |never, because| Some(RuleProof { rule: rule.name.clone(), index, never, because });
        match query.clone().solve(&self.space.tables, budget) {
            Answer::Never(because) => proof(Never::Matches, self.blame(index, because, budget)),
            Answer::Undecided => proof(Never::Undecided, Vec::new()),
            Answer::Found(_) if rule.action.selection().is_some() && !self.may_route(index, &query, budget) => {
                proof(Never::Routes, Vec::new())
            }
            Answer::Found(_) => None,
        }
    }

    /// Whether some request that a rule matches has a candidate left.
    fn may_route(&self, index: usize, query: &Query<'_>, budget: &mut Budget) -> bool {
        let invariants = self.view.policy.invariants.len();
        let never = |answer| matches!(answer, Answer::Never(_));
        let mut ways = self.ways.get(index).into_iter().flatten();
        ways.any(|way| !never(self.through(query, way, invariants).solve(&self.space.tables, budget)))
    }

    /// Of the rules because of which this one never matches, those that are enough.
    fn blame(&self, index: usize, because: BTreeSet<usize>, budget: &mut Budget) -> Vec<Name> {
        let mut blamed: Vec<usize> = because.into_iter().collect();
        for candidate in blamed.clone().into_iter().take(MOST_BLAMED) {
            let others: Vec<_> = blamed.iter().copied().filter(|rule| *rule != candidate).collect();
            let without = self.view.decides_after(index, &others, &self.space);
            if matches!(without.solve(&self.space.tables, budget), Answer::Never(_)) {
                blamed = others;
            }
        }
        let rules = self.view.policy.rules();
        blamed.into_iter().filter_map(|rule| rules.get(rule)).map(|rule| rule.name.clone()).collect()
    }
}

// === impl RuleProof ===

impl RuleProof {
    /// What its author should know.
    pub(super) fn problem(&self) -> Problem {
        let Self { rule, index, never, because } = self;
        let path = format!("spec.rules[{index}]");
        let names: Vec<_> = because.iter().map(|rule| format!("`{rule}`")).collect();
        match (never, names.as_slice()) {
            (Never::Matches, []) => {
                Problem::warning(path, format!("rule `{rule}` can never match: no request is all that it asks"))
            }
            (Never::Matches, names) => {
                let take = if names.len() == 1 { "takes" } else { "take" };
                let message = format!(
                    "rule `{rule}` is never reached: {} before it {take} all that it could match",
                    names.join(" and ")
                );
                Problem::warning(path, message).help("move it up, or ask less in the rules before it")
            }
            (Never::Routes, _) => {
                Problem::warning(path, format!("rule `{rule}` can never find a candidate: each is struck each time"))
                    .help("`policymesh explain` says for a request what strikes them")
            }
            (Never::Undecided, _) => {
                Problem::warning(path, format!("it would take too long to prove that rule `{rule}` is reached"))
            }
        }
    }
}
