//! Whether an invariant holds, and by what.

use std::collections::BTreeSet;

use super::{
    Breach, Example, InvariantProof, Prover, TooLong, Verdict,
    solve::{Budget, Query},
    ways::{Way, without_cost},
};
use crate::{config::Mode, policy::Policy, problem::Problem, rule::Rule};

/// What an invariant is to the policy that is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// One of its own. It is asked whether the rules and clearances would keep it if no invariant struck anything.
    Own,
    /// A question. It is asked whether the policy keeps it as it is, with so many invariants of its own.
    Question(usize),
}

impl Prover<'_> {
    /// Whether an invariant holds.
    pub(super) fn invariant(&self, index: usize, standing: Standing, budget: &mut Budget) -> InvariantProof {
        let policy = self.view.policy;
        let mut found = Found { as_is: standing.policy(policy), breaches: Vec::new(), undecided: false };
        for (place, rule) in policy.rules().iter().enumerate().filter(|(_, rule)| may_route(rule)) {
            let ways = self.ways.get(place).into_iter().flatten().filter(|way| way.invariants.contains(&index));
            let mut ways = ways.peekable();
            if ways.peek().is_none() {
                continue;
            }
            let query = self.view.decides(Some(place), &self.space, budget);
            let mut providers = BTreeSet::new();
            for way in ways {
                // One way to each provider is enough.
                if !providers.contains(&way.place.provider) {
                    let mut query = self.through(&query, way, standing.striking());
                    query.require(self.view.invariant(index, way.seen, &self.space), &self.space.tables);
                    if found.add(rule, way, self.example(query, budget)) {
                        providers.insert(way.place.provider);
                    }
                }
            }
        }
        let verdict = match (found.undecided, found.breaches.is_empty(), standing) {
            (true, ..) => Verdict::Undecided,
            (false, true, _) => Verdict::Holds,
            (false, false, Standing::Own) => Verdict::Strikes,
            (false, false, Standing::Question(_)) => Verdict::Broken,
        };
        let name = policy.invariants.get(index).map(|invariant| invariant.name.clone()).unwrap_or_default();
        InvariantProof { name, verdict, breaches: found.breaches }
    }

    /// That a request goes this way, of a rule that decides it, where so many of the invariants strike candidates.
    pub(super) fn through<'q>(&self, query: &Query<'q>, way: &Way, striking: usize) -> Query<'q> {
        let mut query = query.clone();
        query.require_all(&self.view.open(way, striking, &self.space), &self.space.tables);
        query
    }
}

/// What was found about an invariant.
struct Found {
    /// The policy as it is asked about.
    as_is: Policy,
    breaches: Vec<Breach>,
    undecided: bool,
}

fn may_route(rule: &Rule) -> bool {
    rule.mode == Mode::Enforce && rule.action.selection().is_some()
}

// === impl Found ===

impl Found {
    /// Adds what a search for a request that goes this way came to. Whether there is one.
    fn add(&mut self, rule: &Rule, way: &Way, example: Result<Option<Example>, TooLong>) -> bool {
        match example {
            Ok(None) => false,
            Ok(Some(example)) => {
                // What the evaluator does not confirm would be a fault of this proof, and is none.
                self.undecided |= !self.goes(rule, way, &example);
                self.breaches.push(Breach { rule: rule.name.clone(), candidate: way.candidate.clone(), example });
                true
            }
            Err(TooLong) => {
                self.undecided = true;
                false
            }
        }
    }

    /// Whether a request does go this way.
    fn goes(&self, rule: &Rule, way: &Way, example: &Example) -> bool {
        let decision = self.as_is.decide(&example.facts);
        let there = |candidate: &_| without_cost(Clone::clone(candidate)) == way.candidate;
        decision.rule() == Some(&rule.name) && decision.candidates().iter().any(there)
    }
}

// === impl Standing ===

impl Standing {
    /// How many invariants strike candidates: the first of them.
    fn striking(self) -> usize {
        match self {
            Self::Own => 0,
            Self::Question(own) => own,
        }
    }

    /// The policy with just those.
    fn policy(self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        policy.invariants.truncate(self.striking());
        policy
    }
}

// === impl InvariantProof ===

impl InvariantProof {
    /// What its author should know, if anything.
    pub(super) fn problem(&self, index: usize) -> Option<Problem> {
        let Self { name, verdict, breaches } = self;
        let path = format!("spec.invariants[{index}]");
        match verdict {
            Verdict::Holds => None,
            Verdict::Undecided => {
                Some(Problem::warning(path, format!("it would take too long to prove invariant `{name}`")))
            }
            Verdict::Strikes | Verdict::Broken => {
                let Breach { rule, candidate, .. } = breaches.first()?;
                let message = format!(
                    "rule `{rule}` would send such requests to `{}`; only the invariant `{name}` keeps them from it",
                    candidate.provider
                );
                let help = format!(
                    "let a rule before `{rule}` take them, or lower what `{}` is cleared for",
                    candidate.provider
                );
                Some(Problem::warning(path, message).help(help))
            }
        }
    }
}
