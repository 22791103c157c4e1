//! A policy as literals: when each rule decides, and where it may then send a request.

use std::collections::{BTreeMap, HashMap};

use super::{
    kind::Who,
    rest::Rest,
    solve::{Budget, Clause, Literal, Query},
    space::Space,
    ways::{Struck, Way},
};
use crate::{config::Mode, policy::Policy};

/// A policy, asked about a request of which some things may be given.
#[derive(Debug)]
pub(super) struct View<'p> {
    pub(super) policy: &'p Policy,
    pub(super) who: Who,
    rules: Vec<Vec<Literal>>,
    /// For each rule that decides: that it does not match.
    passed_over: Vec<Clause>,
    /// When each invariant speaks of a request.
    invariants: Vec<Literal>,
    /// When each speaks of what stays of one.
    of_rests: BTreeMap<Rest, Vec<Literal>>,
    /// The first rule that decides and asks just this.
    first: HashMap<Vec<Literal>, usize>,
    pub(super) struck: Struck,
}

// === impl View ===

impl<'p> View<'p> {
    /// A policy in a space that it is among the policies of.
    pub(super) fn new(policy: &'p Policy, who: Who, space: &mut Space) -> Self {
        let mut matching = |predicates: &[_]| -> Vec<Literal> {
            let mut literals: Vec<_> =
                predicates.iter().map(|predicate| space.predicate(policy, predicate, &who)).collect();
            literals.sort_unstable();
            literals.dedup();
            literals
        };
        let rules: Vec<_> = policy.rules().iter().map(|rule| matching(&rule.predicates)).collect();
        let asked: Vec<_> = policy.invariants.iter().map(|invariant| matching(&invariant.predicates)).collect();
        let invariants = asked.iter().map(|literals| space.all(literals)).collect();
        let mut first = HashMap::new();
        let mut passed_over = Vec::new();
        for (index, (rule, literals)) in policy.rules().iter().zip(&rules).enumerate() {
            if rule.mode == Mode::Enforce {
                first.entry(literals.clone()).or_insert(index);
                let literals = literals.iter().map(|literal| literal.not()).collect();
                passed_over.push(Clause { literals, rule: Some(index) });
            }
        }
        let of_rests = of_rests(policy, &who, space);
        Self { policy, who, rules, passed_over, invariants, of_rests, first, struck: Struck::default() }
    }

    /// That this rule is the one that decides; for `None`, that none does. A rule in shadow mode: that it is asked.
    pub(super) fn decides<'c>(&'c self, rule: Option<usize>, space: &'c Space, budget: &mut Budget) -> Query<'c> {
        let mut query: Query<'c> = space.tables.query();
        if let Some(literals) = rule.and_then(|rule| self.rules.get(rule)) {
            query.require_all(literals, &space.tables);
        }
        let before = |clause: &&Clause| rule.is_none_or(|rule| clause.rule < Some(rule));
        query.clauses(self.passed_over.iter().filter(before));
        query.clauses(&space.clauses);
        query.settle(&space.tables, budget);
        query
    }

    /// That this rule would match if, of those before it, only these decided.
    pub(super) fn decides_after<'c>(&'c self, rule: usize, before: &[usize], space: &'c Space) -> Query<'c> {
        let mut query: Query<'c> = space.tables.query();
        query.require_all(self.rules.get(rule).into_iter().flatten(), &space.tables);
        let kept = |clause: &&Clause| clause.rule.is_some_and(|rule| before.contains(&rule));
        query.clauses(self.passed_over.iter().filter(kept));
        query.clauses(&space.clauses);
        query
    }

    /// Whether a rule before `before` decides whenever something that asks as rule `index` of another view matches.
    pub(super) fn is_taken(&self, literals: Option<&Vec<Literal>>, before: Option<usize>) -> bool {
        let first = literals.and_then(|literals| self.first.get(literals));
        first.is_some_and(|first| before.is_none_or(|before| *first < before))
    }

    /// What a rule asks.
    pub(super) fn literals(&self, rule: Option<usize>) -> Option<&Vec<Literal>> {
        self.rules.get(rule?)
    }

    /// That an invariant speaks of the request, or of what stays of it.
    pub(super) fn invariant(&self, index: usize, seen: Option<Rest>, space: &Space) -> Literal {
        let spoken = match seen {
            None => Some(&self.invariants),
            Some(rest) => self.of_rests.get(&rest),
        };
        spoken.and_then(|spoken| spoken.get(index)).copied().unwrap_or_else(|| space.constant(true))
    }

    /// That a request may go a way, where so many of the invariants strike candidates.
    pub(super) fn open(&self, way: &Way, striking: usize, space: &Space) -> Vec<Literal> {
        let strikes = |index: &usize| *index < striking;
        let spoken = way.invariants.iter().copied().filter(strikes);
        let silent = spoken.map(|index| self.invariant(index, way.seen, space).not());
        let kept_back = way.kept_back.map(|index| match strikes(&index) {
            true => self.invariant(index, None, space),
            false => space.constant(false),
        });
        way.open.iter().copied().chain(silent).chain(kept_back).collect()
    }
}

/// For each redaction of a policy: when each invariant speaks of what stays.
fn of_rests(policy: &Policy, who: &Who, space: &mut Space) -> BTreeMap<Rest, Vec<Literal>> {
    let mut of_rests = BTreeMap::new();
    for redaction in policy.rules().iter().filter_map(|rule| rule.action.redaction()) {
        let rest = space.rest(&redaction.detectors);
        of_rests.entry(rest).or_insert_with(|| {
            let invariants = policy.invariants.iter().map(|invariant| {
                let asked = invariant.predicates.iter();
                let asked: Vec<_> = asked.map(|one| space.rest_predicate(rest, policy, one, who)).collect();
                space.all(&asked)
            });
            invariants.collect()
        });
    }
    of_rests
}
