//! A policy as literals: when each rule decides, and where it may then send a request.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    kind::{Aspect, Who},
    solve::{Budget, Clause, Literal, Query},
    space::Space,
};
use crate::{
    catalogue::{Model, Provider},
    config::Mode,
    decision::Candidate,
    facts::Facts,
    policy::{Place, Policy, candidate, unable, unserved},
    request::Api,
    rule::{Choice, Rule, Selection},
};

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
    /// The first rule that decides and asks just this.
    first: HashMap<Vec<Literal>, usize>,
    struck: Struck,
}

/// When a candidate is not struck, by what it hangs on.
#[derive(Debug, Default)]
struct Struck {
    cleared: HashMap<usize, [Literal; 2]>,
    able: HashMap<usize, [Literal; 2]>,
    served: HashMap<(usize, bool), Literal>,
}

/// Somewhere a rule may send requests, and which.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) place: Place,
    /// What a decision says of it, without the cost.
    pub(super) candidate: Candidate,
    /// All of this must be so, invariants aside.
    pub(super) open: Vec<Literal>,
    /// None of these invariants may speak of the request.
    pub(super) invariants: Vec<usize>,
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
        Self { policy, who, rules, passed_over, invariants, first, struck: Struck::default() }
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

    /// That there is such a request at all, whatever rules say of it.
    pub(super) fn anything<'c>(&'c self, space: &'c Space) -> Query<'c> {
        let mut query: Query<'c> = space.tables.query();
        query.clauses(&space.clauses);
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

    /// That an invariant speaks of the request.
    pub(super) fn invariant(&self, index: usize, space: &Space) -> Literal {
        self.invariants.get(index).copied().unwrap_or_else(|| space.constant(true))
    }

    /// Where a rule may send requests, in no order; one that redacts, those in which nothing can be replaced.
    pub(super) fn ways(&mut self, rule: &Rule, space: &mut Space) -> Vec<Way> {
        let Some(selection) = rule.action.selection() else { return Vec::new() };
        let mut ways = Vec::new();
        for takes_model in [true, false] {
            let api = if takes_model { Api::Chat } else { Api::Other };
            let kind = space.where_facts(self.policy, Aspect::Api, |facts| facts.api.takes_model() == takes_model);
            for (place, asked) in self.listed(selection, api, space) {
                let Some((_, provider, model)) = self.policy.look_up(place) else { continue };
                let mut open = vec![asked, kind, self.served(rule, place.provider, provider, space)];
                open.extend(self.cleared(place.provider, provider, space));
                open.extend(
                    place.model.zip(model).into_iter().flat_map(|(place, model)| self.able(place, model, space)),
                );
                ways.push(Way {
                    place,
                    candidate: self.candidate(provider, model),
                    open,
                    invariants: self.forbidding(place, provider),
                });
            }
        }
        ways
    }

    /// What a selection stands for, and when: what a client asks for may be a part of it.
    fn listed(&self, selection: &Selection, api: Api, space: &mut Space) -> BTreeMap<Place, Literal> {
        let places = |facts: &Facts| {
            let facts = Facts { api, ..facts.clone() };
            self.policy.places(selection, &self.policy.situation(&facts), &mut Vec::new())
        };
        if !names_asked(selection) {
            let always = space.constant(true);
            return places(&space.plain(self.policy)).into_iter().map(|place| (place, always)).collect();
        }
        let mut listed: BTreeMap<Place, BTreeSet<usize>> = BTreeMap::new();
        for (value, facts) in space.each(self.policy, Aspect::Asked).into_iter().enumerate() {
            for place in places(&facts) {
                listed.entry(place).or_default().insert(value);
            }
        }
        listed.into_iter().map(|(place, values)| (place, space.one_of(Aspect::Asked, &values))).collect()
    }

    fn cleared(&mut self, place: usize, provider: &Provider, space: &mut Space) -> [Literal; 2] {
        let policy = self.policy;
        *self.struck.cleared.entry(place).or_insert_with(|| {
            [Aspect::Level, Aspect::Opaque].map(|aspect| {
                space.where_facts(policy, aspect, |facts| {
                    policy.not_cleared(provider, &policy.situation(facts)).is_none()
                })
            })
        })
    }

    fn able(&mut self, place: usize, model: &Model, space: &mut Space) -> [Literal; 2] {
        let policy = self.policy;
        *self.struck.able.entry(place).or_insert_with(|| {
            [Aspect::Needs, Aspect::Needed].map(|aspect| {
                space.where_facts(policy, aspect, |facts| unable(model, &policy.situation(facts)).is_none())
            })
        })
    }

    fn served(&mut self, rule: &Rule, place: usize, provider: &Provider, space: &mut Space) -> Literal {
        let policy = self.policy;
        // To this, rules differ only in whether they name the interface `other`.
        *self.struck.served.entry((place, rule.names_other())).or_insert_with(|| {
            space.where_facts(policy, Aspect::Api, |facts| unserved(rule, provider, &policy.situation(facts)).is_none())
        })
    }

    fn forbidding(&self, place: Place, provider: &Provider) -> Vec<usize> {
        let covers = |index: &usize| {
            let invariant = self.policy.invariants.get(*index);
            invariant.is_some_and(|invariant| invariant.covers(place.provider, &provider.zone, place.model))
        };
        (0..self.policy.invariants.len()).filter(covers).collect()
    }

    fn candidate(&self, provider: &Provider, model: Option<&Model>) -> Candidate {
        let facts = Facts::new(Api::Chat, self.policy.level_name(crate::level::Level::default()).clone());
        without_cost(candidate(provider, model, &self.policy.situation(&facts)))
    }
}

/// Whether what a client asks for is a part of a selection.
pub(super) fn names_asked(selection: &Selection) -> bool {
    selection.models.as_ref().is_some_and(|models| models.contains(&Choice::Asked))
}

/// A candidate without the estimate of what it costs.
pub(super) fn without_cost(mut candidate: Candidate) -> Candidate {
    if let Some(model) = &mut candidate.model {
        model.cost = None;
    }
    candidate
}
