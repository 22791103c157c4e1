//! Whether two rules try the same candidates in another order.
//!
//! The order comes from the evaluator itself, for each thing that a client may ask for. By cost, it may change with the
//! length of a prompt at any number of tokens, which is no finite case: the ends of each stretch are looked at.

use std::ops::RangeInclusive;

use super::{Comparer, Pair};
use crate::{
    config::Prefer,
    decision::Candidate,
    facts::Facts,
    policy::{Policy, candidate},
    prove::{
        solve::{Answer, Literal, Query},
        ways::{Way, names_asked, without_cost},
    },
    request::Api,
    rule::Selection,
};

/// What is said of two policies whose orders were compared only so far.
pub(super) fn assumed(policies: [&Policy; 2]) -> Option<String> {
    let by_cost = policies.iter().any(|policy| {
        let rules = policy.rules().iter().filter_map(|rule| rule.action.selection()).map(|selection| selection.prefer);
        rules.chain(policy.aliases.iter().map(|alias| alias.selection.prefer)).any(|prefer| prefer == Prefer::Cheapest)
    });
    by_cost.then(|| "an order by cost that is the same at the ends of each stretch of token numbers is the same".into())
}

impl Comparer<'_> {
    /// Whether a request goes to the same candidates of both, in another order.
    pub(super) fn in_other_order(&mut self, pair: &Pair<'_, '_>, query: &Query<'_>) -> bool {
        let Some(selections) = pair.selections() else { return false };
        let asks = selections.iter().any(|selection| names_asked(selection));
        let asked = self.space.asked.iter().enumerate().take(if asks { usize::MAX } else { 1 });
        let by_cost = assumed(pair.policies()).is_some();
        let stretches = self.space.stretches.iter().take(if by_cost { usize::MAX } else { 1 });
        for (value, asked) in asked {
            for (stretch, tokens) in stretches.clone() {
                let given = [asks.then_some(*asked), by_cost.then_some(*tokens)];
                for moment in self.moments(stretch, by_cost) {
                    for api in [Api::Chat, Api::Other] {
                        let facts = |policy: &Policy| moment.put(Facts { api, ..self.space.asking(policy, value) });
                        let orders = pair.orders(selections, facts);
                        if inverted(&orders).any(|two| self.shows_order(pair, query, two, given, moment)) {
                            return true;
                        }
                    }
                }
            }
        }
        false
    }

    /// When, and with prompts how long, the costs of a stretch are looked at.
    fn moments(&self, stretch: &RangeInclusive<u64>, by_cost: bool) -> Vec<Moment> {
        let times = self.space.times.iter().take(if by_cost { usize::MAX } else { 1 });
        let tokens = [*stretch.start(), *stretch.end()];
        let moments = times.flat_map(|time| tokens.map(|tokens| Moment { time: *time, tokens }));
        moments.take(if by_cost { usize::MAX } else { 1 }).collect()
    }

    /// Whether a request that both send to these two, in one order and in the other, shows the difference.
    fn shows_order(
        &mut self,
        pair: &Pair<'_, '_>,
        query: &Query<'_>,
        two: [&Candidate; 2],
        given: [Option<Literal>; 2],
        moment: Moment,
    ) -> bool {
        let mut query = query.clone();
        query.require_all(given.iter().flatten(), &self.space.tables);
        // To the same both go of both sides, or the pair had been found to differ before.
        let [mine, _] = pair.ways();
        let [ways, others] = two.map(|candidate| mine.iter().filter(|way| way.leads_to(candidate)));
        let mut ways = ways.flat_map(|way| others.clone().map(move |other| [way, other]));
        ways.any(|ways| self.shows_both(pair, &query, ways, moment))
    }

    /// Whether a request that goes both these ways of the first shows the difference.
    fn shows_both(&mut self, pair: &Pair<'_, '_>, query: &Query<'_>, ways: [&Way; 2], moment: Moment) -> bool {
        let mut query = query.clone();
        for way in ways {
            query.require_all(&pair.open(0, way, self.space), &self.space.tables);
        }
        match query.solve(&self.space.tables, &mut self.budget) {
            Answer::Found(values) => {
                let [facts, others] =
                    pair.sides.map(|side| moment.put(self.space.example(side.view.policy, &side.view.who, &values)));
                self.note(pair, facts, others, self.space.headers(&values))
            }
            Answer::Never(_) => false,
            Answer::Undecided => {
                self.undecided = true;
                false
            }
        }
    }
}

/// What a cost hangs on.
#[derive(Clone, Copy)]
struct Moment {
    time: u64,
    tokens: u64,
}

impl Moment {
    fn put(self, facts: Facts) -> Facts {
        Facts { time: self.time, prompt_tokens: self.tokens.max(facts.prompt_tokens), ..facts }
    }
}

/// The pairs that stand in one order here and in the other there.
fn inverted(orders: &[Vec<Candidate>; 2]) -> impl Iterator<Item = [&Candidate; 2]> {
    let [mine, others] = orders;
    let place = |candidate: &Candidate| others.iter().position(|other| other == candidate);
    mine.iter().enumerate().flat_map(move |(index, earlier)| {
        let later = mine.iter().skip(index + 1);
        later
            .filter(move |later| place(later) < place(earlier) && place(later).is_some())
            .map(move |later| [earlier, later])
    })
}

impl Pair<'_, '_> {
    fn policies(&self) -> [&Policy; 2] {
        self.sides.map(|side| side.view.policy)
    }

    /// What both rules select, if both route.
    fn selections(&self) -> Option<[&Selection; 2]> {
        let selection = |side| self.rule(side)?.action.selection();
        Some([selection(0)?, selection(1)?])
    }

    /// The orders in which the two would try what they select.
    fn orders(&self, [mine, other]: [&Selection; 2], facts: impl Fn(&Policy) -> Facts) -> [Vec<Candidate>; 2] {
        let order = |policy: &Policy, selection| {
            let facts = facts(policy);
            let situation = policy.situation(&facts);
            let places = policy.places(selection, &situation, &mut Vec::new());
            let known = places.into_iter().filter_map(|place| policy.look_up(place));
            known.map(|(_, provider, model)| without_cost(candidate(provider, model, &situation))).collect()
        };
        let [left, right] = self.policies();
        [order(left, mine), order(right, other)]
    }
}
