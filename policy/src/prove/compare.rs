//! Whether two policies decide the same, or one lets through no more than the other.

mod differ;
mod order;
mod pair;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::differ::differ;
pub(crate) use self::differ::goes_elsewhere;
use self::pair::Pair;
use super::{
    MOST, Who,
    solve::{Answer, Budget, Query},
    space::Space,
    view::View,
    ways::Way,
};
use crate::{
    config::Mode,
    decision::Decision,
    facts::{Facts, Name},
    policy::Policy,
    rule::Rule,
};

/// What is asked of two policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Both send each request to the same candidates in the same order, with placeholders in the place of the same, or
    /// refuse it with the same status.
    Same,
    /// The first sends no request to a candidate that the second would not send it to, and shows none more of it.
    Within,
}

/// What comparing two policies came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Whether it is so.
    pub holds: Held,
    /// Requests that show that it is not: one for each pair of rules, the first [`Comparison::MOST`] of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// What was taken to be so without being looked into.
    pub assumed: Vec<String>,
}

/// Whether something was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// It would have taken too long to tell.
    Undecided,
}

/// A request that two policies decide differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// All that the first is told of it.
    pub facts: Facts,
    /// All that the second is told of it, if that is anything else: a name that only one of them knows, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_facts: Option<Facts>,
    /// What the headers and properties hold that are asked about.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Option<String>>,
    /// What the first decides.
    pub first: Decision,
    /// What the second decides.
    pub second: Decision,
}

/// Why two policies cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    /// Their levels are others.
    #[error("the policies have other levels: {0}; {1}")]
    Levels(String, String),
    /// A detector is another: the same request is another to each.
    #[error("the policies classify differently: detector `{0}` is not the same in both")]
    Detector(String),
}

/// A policy in a comparison, with what each of its rules needs.
struct Side<'p> {
    view: View<'p>,
    /// The rules that decide, and at last that none does.
    rules: Vec<Option<usize>>,
    ways: Vec<Vec<Way>>,
}

/// Compares two policies, each asked about requests of someone in particular where that is given.
pub fn compare(first: (&Policy, Who), second: (&Policy, Who), relation: Relation) -> Result<Comparison, Incomparable> {
    comparable(first.0, second.0)?;
    let mut space = Space::new(&[first.0, second.0]);
    let alike = is_alike(&first, &second);
    let policies = [first.0, second.0];
    let sides = [first, second].map(|(policy, who)| Side::new(policy, who, &mut space));
    let [left, right] = &sides;
    let mut comparer =
        Comparer { space: &space, relation, budget: Budget { left: MOST }, found: Vec::new(), undecided: false };
    let seconds: Vec<_> = right.rules.iter().map(|rule| (*rule, comparer.decides(right, *rule))).collect();
    for rule in &left.rules {
        let own = comparer.decides(left, *rule);
        for (other, theirs) in &seconds {
            let pair = Pair { sides: [left, right], rules: [*rule, *other] };
            let possible = own.meets(theirs, &space.tables) && !pair.is_taken();
            if possible && !(alike && pair.acts_alike()) && comparer.found.len() < Comparison::MOST {
                comparer.compare(&pair, own.clone().and(theirs));
            }
        }
    }
    let Comparer { found, undecided, .. } = comparer;
    let holds = match (found.is_empty(), undecided) {
        (false, _) => Held::No,
        (true, true) => Held::Undecided,
        (true, false) => Held::Yes,
    };
    let mut assumed = space.assumed();
    if left.view.policy.digest() != right.view.policy.digest() {
        assumed.push("both policies find the same in a request, and tell its client and team alike".into());
    }
    for side in &sides {
        let unnamed = side.view.who.unnamed(side.view.policy);
        assumed.extend(unnamed.map(|name| format!("`{name}`, whom no rule names, is like all others")));
    }
    if !alike {
        assumed.extend(order::assumed(policies));
    }
    assumed.extend(differ::assumed(policies));
    Ok(Comparison { holds, differences: found, assumed })
}

fn comparable(first: &Policy, second: &Policy) -> Result<(), Incomparable> {
    if first.levels() != second.levels() {
        return Err(Incomparable::Levels(first.levels().to_string(), second.levels().to_string()));
    }
    let all = |policy: &Policy| -> BTreeMap<String, _> {
        let detectors = policy.detectors().iter();
        detectors.map(|(_, one)| (one.id.clone(), (one.label.clone(), one.level, one.bulk))).collect()
    };
    let [first, second] = [first, second].map(all);
    let mut ids = first.keys().chain(second.keys());
    let other = ids.find(|id| first.get(*id) != second.get(*id));
    other.map_or(Ok(()), |id| Err(Incomparable::Detector(id.clone())))
}

/// Whether the same action comes to the same in both.
fn is_alike((first, who): &(&Policy, Who), (second, other): &(&Policy, Who)) -> bool {
    first.catalogue == second.catalogue
        && first.aliases == second.aliases
        && first.invariants == second.invariants
        && (who == other || first.invariants.is_empty())
}

struct Comparer<'s> {
    space: &'s Space,
    relation: Relation,
    budget: Budget,
    found: Vec<Difference>,
    undecided: bool,
}

// === impl Comparer ===

impl<'s> Comparer<'s> {
    fn decides<'c>(&mut self, side: &'c Side<'_>, rule: Option<usize>) -> Query<'c>
    where
        's: 'c,
    {
        side.view.decides(rule, self.space, &mut self.budget)
    }

    /// Looks for a request that two rules decide and that shows a difference: the first of each pair is enough.
    fn compare(&mut self, pair: &Pair<'_, '_>, query: Query<'_>) {
        let [mine, others] = pair.ways();
        if self.goes_only(pair, &query, 0, mine, others) || self.relation == Relation::Within {
            return;
        }
        let _found = self.goes_only(pair, &query, 1, others, mine)
            || self.refused_otherwise(pair, &query)
            || self.in_other_order(pair, &query);
    }

    /// Whether a request goes one side's way, and not the same way of the other.
    fn goes_only(&mut self, pair: &Pair<'_, '_>, query: &Query<'_>, side: usize, mine: &[Way], others: &[Way]) -> bool {
        let other = 1 - side;
        mine.iter().any(|way| {
            let mut query = query.clone();
            query.require_all(&pair.open(side, way, self.space), &self.space.tables);
            let no_more = others.iter().map(|theirs| pair.no_more(self.relation, way, (other, theirs), self.space));
            let closed: Vec<_> = no_more.flatten().collect();
            query.clauses(&closed);
            self.shows(pair, query)
        })
    }

    /// Whether both refuse a request, with another status.
    fn refused_otherwise(&mut self, pair: &Pair<'_, '_>, query: &Query<'_>) -> bool {
        if pair.status(0) == pair.status(1) {
            return false;
        }
        let [mine, others] = pair.ways();
        let closed = |(side, ways): (usize, &[Way])| -> Vec<_> {
            ways.iter().map(|way| pair.closed(side, way, self.space)).collect()
        };
        let closed = [(0, mine), (1, others)].map(closed).concat();
        let mut query = query.clone();
        query.clauses(&closed);
        self.shows(pair, query)
    }

    /// Looks for a request of which all this is so, and has both policies decide it.
    fn shows(&mut self, pair: &Pair<'_, '_>, query: Query<'_>) -> bool {
        match query.solve(&self.space.tables, &mut self.budget) {
            Answer::Never(_) => false,
            Answer::Undecided => {
                self.undecided = true;
                false
            }
            Answer::Found(values) => {
                let [facts, others] =
                    pair.sides.map(|side| self.space.example(side.view.policy, &side.view.who, &values));
                let shown = self.note(pair, facts, others, self.space.headers(&values));
                // What the evaluators do not confirm would be a fault of this proof, and is none.
                self.undecided |= !shown;
                shown
            }
        }
    }

    /// Keeps a request if the policies do decide it differently.
    fn note(
        &mut self,
        pair: &Pair<'_, '_>,
        facts: Facts,
        others: Facts,
        headers: BTreeMap<String, Option<String>>,
    ) -> bool {
        let [left, right] = pair.sides;
        let (first, second) = (left.view.policy.decide(&facts), right.view.policy.decide(&others));
        if !differ(&first, &second, self.relation) {
            return false;
        }
        let other_facts = (others != facts).then_some(others);
        self.found.push(Difference { facts, other_facts, headers, first, second });
        true
    }
}

// === impl Comparison ===

impl Comparison {
    /// The most differences that are looked for.
    pub const MOST: usize = 20;
}

// === impl Difference ===

impl Difference {
    /// The rules that decide it: of the first policy, and of the second.
    pub fn rules(&self) -> [Option<&Name>; 2] {
        [self.first.rule(), self.second.rule()]
    }
}

// === impl Side ===

impl<'p> Side<'p> {
    fn new(policy: &'p Policy, who: Who, space: &mut Space) -> Self {
        let mut view = View::new(policy, who, space);
        let ways = policy.rules().iter().map(|rule| view.ways(rule, space)).collect();
        let deciding = policy.rules().iter().enumerate().filter(|(_, rule)| rule.mode == Mode::Enforce);
        let rules = deciding.map(|(index, _)| Some(index)).chain([None]).collect();
        Self { view, rules, ways }
    }

    fn ways(&self, index: Option<usize>) -> &[Way] {
        index.and_then(|index| self.ways.get(index)).map_or(&[], Vec::as_slice)
    }

    fn rule(&self, index: Option<usize>) -> Option<&Rule> {
        self.view.policy.rules().get(index?)
    }
}
