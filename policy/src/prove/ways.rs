//! Where a rule may send a request, as literals.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{kind::Aspect, rest::Rest, solve::Literal, space::Space, view::View};
use crate::{
    catalogue::{Model, Provider},
    decision::{Candidate, CandidateModel},
    facts::Facts,
    policy::{Place, candidate, restores, unable, unserved},
    request::Api,
    rule::{Choice, Redaction, Rule, Selection},
};

/// Somewhere a rule may send requests, and which.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) place: Place,
    /// What a decision says of it, without the cost.
    pub(super) candidate: Candidate,
    /// All of this must be so, invariants aside.
    pub(super) open: Vec<Literal>,
    /// None of these invariants may speak of the request, or of what stays of it.
    pub(super) invariants: Vec<usize>,
    /// What stays of it, if it goes this way with placeholders.
    pub(super) seen: Option<Rest>,
    /// This invariant must speak of it as it came: it is why it goes this way with placeholders only.
    pub(super) kept_back: Option<usize>,
}

/// When a candidate is not struck, by what it hangs on.
#[derive(Debug, Default)]
pub(super) struct Struck {
    /// For the level, as the request is or of what stays of it, and for opaque content.
    cleared: HashMap<(usize, Option<Rest>), [Literal; 2]>,
    able: HashMap<usize, [Literal; 2]>,
    served: HashMap<(usize, bool), Literal>,
}

// === impl Way ===

impl Way {
    /// Whether another leads to the same, be it with placeholders or without.
    pub(super) fn leads_to(&self, candidate: &Candidate) -> bool {
        is_same_target(&self.candidate, candidate)
    }
}

// === impl View ===

impl View<'_> {
    /// Where a rule may send requests, in no order: as they are, and with placeholders.
    pub(super) fn ways(&mut self, rule: &Rule, space: &mut Space) -> Vec<Way> {
        let Some(selection) = rule.action.selection() else { return Vec::new() };
        let mut ways = Vec::new();
        for takes_model in [true, false] {
            let api = if takes_model { Api::Chat } else { Api::Other };
            let kind = space.where_facts(self.policy, Aspect::Api, |facts| facts.api.takes_model() == takes_model);
            for (place, asked) in self.listed(selection, api, space) {
                let Some((_, provider, model)) = self.policy.look_up(place) else { continue };
                let mut open = vec![asked, kind, self.served(rule, place.provider, provider, space)];
                open.extend(
                    place.model.zip(model).into_iter().flat_map(|(place, model)| self.able(place, model, space)),
                );
                let way = Way {
                    place,
                    candidate: self.candidate(provider, model),
                    open,
                    invariants: self.forbidding(place, provider),
                    seen: None,
                    kept_back: None,
                };
                match rule.action.redaction() {
                    None => ways.push(self.as_it_is(way, provider, space)),
                    Some(redaction) => ways.extend(self.redacting(way, provider, redaction, space)),
                }
            }
        }
        ways
    }

    /// The way of requests that go there as they are.
    fn as_it_is(&mut self, mut way: Way, provider: &Provider, space: &mut Space) -> Way {
        way.open.extend(self.cleared(way.place.provider, provider, None, space));
        way
    }

    /// The ways of requests of which something may be replaced.
    fn redacting(&mut self, way: Way, provider: &Provider, redaction: &Redaction, space: &mut Space) -> Vec<Way> {
        let rest = space.rest(&redaction.detectors);
        let replaced = space.replaced(rest);
        let mut as_it_is = self.as_it_is(way.clone(), provider, space);
        let [cleared, _] = self.cleared(way.place.provider, provider, None, space);
        let mut with = Way { seen: Some(rest), ..way };
        with.candidate.redacted = true;
        with.open.extend([replaced, space.where_facts(self.policy, Aspect::Api, |facts| restores(facts.api))]);
        with.open.extend(self.cleared(with.place.provider, provider, Some(rest), space));
        if !redaction.raw_in.contains(&provider.zone) {
            as_it_is.open.push(replaced.not());
            return vec![as_it_is, with];
        }
        // What goes there as it is where it may, goes with placeholders only for one of these reasons.
        let mut uncleared = with.clone();
        uncleared.open.push(cleared.not());
        let forbidden = with.invariants.iter().map(|index| Way { kept_back: Some(*index), ..with.clone() });
        [as_it_is, uncleared].into_iter().chain(forbidden).collect()
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

    fn cleared(&mut self, place: usize, provider: &Provider, seen: Option<Rest>, space: &mut Space) -> [Literal; 2] {
        let policy = self.policy;
        let is_cleared = |facts: &Facts| policy.not_cleared(provider, &policy.situation(facts)).is_none();
        *self.struck.cleared.entry((place, seen)).or_insert_with(|| {
            let level = match seen {
                None => space.where_facts(policy, Aspect::Level, is_cleared),
                Some(rest) => space.rest_where(rest, policy, is_cleared),
            };
            [level, space.where_facts(policy, Aspect::Opaque, is_cleared)]
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

/// Whether two candidates are the same, be it with placeholders or without, and whatever they cost.
pub(super) fn is_same_target(one: &Candidate, other: &Candidate) -> bool {
    let Candidate { provider, cluster, format, zone, base_path, model, redacted: _ } = one;
    let called = |model: &Option<CandidateModel>, other: &Option<CandidateModel>| match (model, other) {
        (Some(model), Some(other)) => model.name == other.name && model.id == other.id,
        (None, None) => true,
        _ => false,
    };
    *provider == other.provider
        && *cluster == other.cluster
        && *format == other.format
        && *zone == other.zone
        && *base_path == other.base_path
        && called(model, &other.model)
}
