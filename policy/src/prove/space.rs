//! Everything of a request that some policies can tell apart, as variables that have few values each.
//!
//! The evaluator itself says what each value means: [`Kind::put`] writes a value into facts, and a predicate stands for
//! those values of its variable for which it holds of such facts. So there is no second semantics that could differ.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::RangeInclusive,
};

use super::{
    ASSUMED, findings,
    kind::{Aspect, Kind, Who},
    named::Named,
    rest::Known,
    solve::{Clause, Literal, Tables, Values, Variable},
    source,
};
use crate::{
    facts::{Facts, Name},
    level::Level,
    policy::Policy,
    request::Api,
    rule::{Predicate, SetTest, Signal, Truth},
};

/// The space of all requests, as one policy or two see it.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) tables: Tables,
    pub(super) variables: Vec<(Variable, Kind)>,
    /// What ties variables together, whatever the rules say.
    pub(super) clauses: Vec<Clause>,
    /// The highest level.
    pub(super) highest: Level,
    /// What stays of requests in which something is replaced.
    pub(super) rests: Vec<Known>,
    /// For each thing that a client may ask for, that it does.
    pub(super) asked: Vec<Literal>,
    /// The stretches between the numbers of tokens that are named, each with: that a prompt is so long.
    pub(super) stretches: Vec<(RangeInclusive<u64>, Literal)>,
    /// The times at which prices change.
    pub(super) times: Vec<u64>,
    either: HashMap<Vec<Literal>, Literal>,
    never: Literal,
    /// What was taken to be possible although it was not looked into.
    assumed: BTreeSet<String>,
}

// === impl Space ===

impl Space {
    /// The space that these policies see.
    pub(super) fn new(policies: &[&Policy]) -> Self {
        let named = Named::by(policies);
        let mut tables = Tables::default();
        let constant = tables.variable(1);
        let never = tables.literal(constant, |_| false);
        let mut space = Self {
            tables,
            variables: Vec::new(),
            clauses: Vec::new(),
            highest: Level::default(),
            rests: Vec::new(),
            asked: Vec::new(),
            stretches: Vec::new(),
            times: named.times.iter().copied().collect(),
            either: HashMap::new(),
            never,
            assumed: BTreeSet::new(),
        };
        let Some(first) = policies.first() else { return space };
        space.highest = first.levels().highest();
        let list = |names: &BTreeSet<Name>| names.iter().cloned().collect::<Vec<_>>();
        space.variable(Kind::Level(first.level_names.clone()));
        space.variable(Kind::Api);
        space.variable(Kind::Stream);
        space.variable(Kind::Client(list(&named.clients)));
        space.variable(Kind::Team(list(&named.teams)));
        let asked = space.variable(Kind::Asked(list(&named.models)));
        space.variable(Kind::Needs);
        space.variable(Kind::Opaque);
        let cuts: Vec<u64> = named.tokens.iter().copied().collect();
        let tokens = space.variable(Kind::Tokens(cuts.clone()));
        let needed = space.variable(Kind::Needed(cuts.clone()));
        space.tables.order(tokens, needed);
        space.asked = space.tables.each(asked);
        space.stretches = stretches(&cuts).zip(space.tables.each(tokens)).collect();
        space.signals(&named.signals);
        findings::add(&mut space, first, &named);
        space
    }

    /// What was taken to be possible.
    pub(super) fn assumed(&self) -> Vec<String> {
        [ASSUMED.to_owned()].into_iter().chain(self.assumed.iter().cloned()).collect()
    }

    /// Adds a variable.
    pub(super) fn variable(&mut self, kind: Kind) -> Variable {
        let variable = self.tables.variable(kind.values());
        self.variables.push((variable, kind));
        variable
    }

    fn signals(&mut self, signals: &[Signal]) {
        let sources: BTreeSet<_> = signals.iter().map(|signal| &signal.source).collect();
        for source in sources {
            if let Some(values) = source::values(source, signals) {
                self.variable(Kind::Source(source.clone(), values));
                continue;
            }
            self.assumed.insert(format!("whatever is asked of {source} may be so or not, each for itself"));
            for signal in signals.iter().filter(|signal| signal.source == *source) {
                self.variable(Kind::Signal(signal.name.clone()));
            }
        }
    }

    /// That a predicate of this policy holds.
    pub(super) fn predicate(&mut self, policy: &Policy, predicate: &Predicate, who: &Who) -> Literal {
        match predicate {
            Predicate::Labels(test) => self.set(test, Self::label),
            Predicate::Detectors(test) => self.set(test, |space, name| {
                let found = findings::staying(space, name, &BTreeSet::new());
                space.any(&found)
            }),
            Predicate::Client(_) if who.client.is_some() => self.constant(self.holds(policy, predicate, who, &[])),
            Predicate::Team(_) if who.team.is_some() => self.constant(self.holds(policy, predicate, who, &[])),
            _ => match self.variables.iter().position(|(_, kind)| kind.tells(predicate, policy)) {
                Some(place) => {
                    self.values_for(place, |space, value| space.holds(policy, predicate, who, &[(place, value)]))
                }
                // Nothing sets such a fact, so nothing holds of it.
                None => self.never,
            },
        }
    }

    /// That all of these are so.
    pub(super) fn all(&mut self, literals: &[Literal]) -> Literal {
        let negations: Vec<_> = literals.iter().map(|literal| literal.not()).collect();
        self.any(&negations).not()
    }

    /// That one of these is so.
    pub(super) fn any(&mut self, literals: &[Literal]) -> Literal {
        let mut literals = literals.to_vec();
        literals.sort_unstable();
        literals.dedup();
        match literals.as_slice() {
            [] => return self.never,
            [one] => return *one,
            _ => {}
        }
        if let Some(known) = self.either.get(&literals) {
            return *known;
        }
        let variable = self.variable(Kind::Derived);
        let any = self.tables.literal(variable, |value| value == 1);
        self.clauses.extend(literals.iter().map(|literal| Clause::given(vec![literal.not(), any])));
        self.clauses.push(Clause::given([&[any.not()], literals.as_slice()].concat()));
        self.either.insert(literals, any);
        any
    }

    pub(super) fn constant(&self, truth: bool) -> Literal {
        if truth { self.never.not() } else { self.never }
    }

    /// The values of one kind of variable for which this holds of otherwise plain facts of a policy.
    pub(super) fn where_facts(&mut self, policy: &Policy, aspect: Aspect, holds: impl Fn(&Facts) -> bool) -> Literal {
        let Some(place) = self.place(aspect) else { return self.never };
        self.values_for(place, |space, value| holds(&space.facts_of(policy, &[(place, value)])))
    }

    /// The levels for which this holds; `None` is what cannot be read.
    pub(super) fn level_where(&mut self, holds: impl Fn(Option<Level>) -> bool) -> Literal {
        let Some(place) = self.place(Aspect::Level) else { return self.never };
        self.values_for(place, |space, value| match space.variables.get(place) {
            Some((_, Kind::Level(names))) if value < names.len() => holds(u8::try_from(value).ok().map(Level)),
            _ => holds(None),
        })
    }

    /// Otherwise plain facts for each value of an aspect.
    pub(super) fn each(&self, policy: &Policy, aspect: Aspect) -> Vec<Facts> {
        let Some(place) = self.place(aspect) else { return Vec::new() };
        let count = self.variables.get(place).map_or(0, |(_, kind)| kind.values());
        (0..count).map(|value| self.facts_of(policy, &[(place, value)])).collect()
    }

    /// Otherwise plain facts of a request that asks for this.
    pub(super) fn asking(&self, policy: &Policy, value: usize) -> Facts {
        self.place(Aspect::Asked).map_or_else(|| self.plain(policy), |place| self.facts_of(policy, &[(place, value)]))
    }

    /// That an aspect has one of these values.
    pub(super) fn one_of(&mut self, aspect: Aspect, values: &BTreeSet<usize>) -> Literal {
        let Some(place) = self.place(aspect) else { return self.never };
        self.values_for(place, |_, value| values.contains(&value))
    }

    /// Facts of which nothing is to be said.
    pub(super) fn plain(&self, policy: &Policy) -> Facts {
        self.facts_of(policy, &[])
    }

    /// The facts of a request that has the values found, as this policy would be told them.
    pub(super) fn example(&self, policy: &Policy, who: &Who, values: &Values) -> Facts {
        let chosen: Vec<_> = self
            .variables
            .iter()
            .enumerate()
            .map(|(place, (variable, _))| (place, self.tables.value(*variable, values)))
            .collect();
        let mut facts = self.facts_of(policy, &chosen);
        who.put(&mut facts);
        facts
    }

    /// What the headers and properties that are asked about hold in such a request.
    pub(super) fn headers(&self, values: &Values) -> BTreeMap<String, Option<String>> {
        let mut found = BTreeMap::new();
        for (variable, kind) in &self.variables {
            if let Kind::Source(source, known) = kind {
                let value = known.get(self.tables.value(*variable, values)).cloned().flatten();
                found.insert(source.to_string(), value.map(|value| String::from_utf8_lossy(&value).into_owned()));
            }
        }
        found
    }

    fn facts_of(&self, policy: &Policy, chosen: &[(usize, usize)]) -> Facts {
        let mut facts = Facts::new(Api::Chat, policy.level_name(Level::default()).clone());
        for (place, value) in chosen {
            if let Some((_, kind)) = self.variables.get(*place) {
                kind.put(*value, policy, &mut facts);
            }
        }
        facts
    }

    fn holds(&self, policy: &Policy, predicate: &Predicate, who: &Who, chosen: &[(usize, usize)]) -> bool {
        let mut facts = self.facts_of(policy, chosen);
        who.put(&mut facts);
        predicate.test(&policy.situation(&facts)) == Truth::Held
    }

    fn values_for(&mut self, place: usize, holds: impl Fn(&Self, usize) -> bool) -> Literal {
        let Some((variable, kind)) = self.variables.get(place) else { return self.never };
        let (variable, count) = (*variable, kind.values());
        let held: Vec<bool> = (0..count).map(|value| holds(self, value)).collect();
        self.tables.literal(variable, |value| held.get(value).copied().unwrap_or(false))
    }

    fn place(&self, aspect: Aspect) -> Option<usize> {
        self.variables.iter().position(|(_, kind)| kind.aspect() == Some(aspect))
    }

    pub(super) fn set(&mut self, test: &SetTest, one: impl Fn(&mut Self, &Name) -> Literal) -> Literal {
        let (SetTest::Any(names) | SetTest::All(names) | SetTest::None(names)) = test;
        let literals: Vec<_> = names.iter().map(|name| one(self, name)).collect();
        match test {
            SetTest::Any(_) => self.any(&literals),
            SetTest::All(_) => self.all(&literals),
            SetTest::None(_) => self.any(&literals).not(),
        }
    }

    /// That something with this label was found.
    pub(super) fn label(&mut self, name: &Name) -> Literal {
        let label = self.where_found(|kind, value| matches!(kind, Kind::Label(known) if known == name) && value > 0);
        self.any(&label)
    }

    /// Of each variable that has such a value: that it has one.
    pub(super) fn where_found(&mut self, is: impl Fn(&Kind, usize) -> bool) -> Vec<Literal> {
        let Self { variables, tables, .. } = self;
        let some = |kind: &Kind| (0..kind.values()).any(|value| is(kind, value));
        let variables = variables.iter().filter(|(_, kind)| some(kind));
        variables.map(|(variable, kind)| tables.literal(*variable, |value| is(kind, value))).collect()
    }
}

/// From each number up to the next; the last goes on for a million.
fn stretches(cuts: &[u64]) -> impl Iterator<Item = RangeInclusive<u64>> {
    let ends = cuts.iter().skip(1).map(|next| next - 1);
    let last = cuts.last().map(|last| last.saturating_add(1_000_000));
    cuts.iter().zip(ends.chain(last)).map(|(start, end)| *start..=end)
}
