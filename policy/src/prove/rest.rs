//! What stays of a request once a rule has replaced what it replaces, as the evaluator sees it then.
//!
//! Of a request that is read, what some detectors found is gone where it can be replaced. Its level is then the highest
//! of what stays, its labels are those of what stays; all else is as it was. The level is a variable of its own, and the
//! rest follows from what the detectors found.

use std::collections::BTreeSet;

use super::{
    findings::{going, labelling, raising, staying},
    kind::Who,
    solve::{Clause, Literal, Variable},
    space::Space,
};
use crate::{
    facts::{Facts, Name},
    level::Level,
    policy::Policy,
    rule::{Predicate, Truth},
};

/// What stays where certain findings are replaced: its place among those of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rest(usize);

/// What is known of it.
#[derive(Debug)]
pub(super) struct Known {
    /// The detectors whose findings are replaced.
    detectors: BTreeSet<Name>,
    /// The level of what stays.
    level: Variable,
    /// That anything is replaced.
    replaced: Literal,
    /// For each detector: that something of it is.
    going: Vec<Literal>,
}

impl Space {
    /// What stays where the findings of these detectors are replaced.
    pub(super) fn rest(&mut self, detectors: &BTreeSet<Name>) -> Rest {
        if let Some(place) = self.rests.iter().position(|rest| rest.detectors == *detectors) {
            return Rest(place);
        }
        let going = going(self, detectors);
        let replaced = self.any(&going);
        let read = self.level_where(|level| level.is_some());
        let replaced = self.all(&[replaced, read]);
        let level = self.tables.variable(usize::from(self.highest.0) + 1);
        for (raised, mut raising) in raising(self, detectors) {
            let raised = usize::from(raised.0);
            let least = self.tables.literal(level, |value| value >= raised);
            self.clauses.extend(raising.iter().map(|raises| Clause::given(vec![raises.not(), least])));
            raising.push(self.tables.literal(level, |value| value != raised));
            self.clauses.push(Clause::given(raising));
        }
        self.rests.push(Known { detectors: detectors.clone(), level, replaced, going });
        Rest(self.rests.len() - 1)
    }

    /// That something is replaced.
    pub(super) fn replaced(&self, rest: Rest) -> Literal {
        self.rests.get(rest.0).map_or(self.constant(false), |rest| rest.replaced)
    }

    /// For each detector whose findings are replaced here and not there: that it found some.
    pub(super) fn replaced_only(&self, here: Rest, there: Rest) -> impl Iterator<Item = Literal> {
        let [here, there] = [here, there].map(|rest| self.rests.get(rest.0).map_or(&[][..], |rest| &rest.going));
        here.iter().filter(|going| !there.contains(going)).copied()
    }

    /// That a predicate of this policy holds of what stays.
    pub(super) fn rest_predicate(&mut self, rest: Rest, policy: &Policy, predicate: &Predicate, who: &Who) -> Literal {
        let gone = self.rests.get(rest.0).map(|rest| rest.detectors.clone()).unwrap_or_default();
        match predicate {
            Predicate::Level(_) => {
                self.rest_where(rest, policy, |facts| predicate.test(&policy.situation(facts)) == Truth::Held)
            }
            Predicate::Labels(test) => self.set(test, |space, label| {
                let staying = labelling(space, label, &gone);
                space.any(&staying)
            }),
            Predicate::Detectors(test) => self.set(test, |space, name| {
                let staying = staying(space, name, &gone);
                space.any(&staying)
            }),
            _ => self.predicate(policy, predicate, who),
        }
    }

    /// The levels of what stays for which this holds of otherwise plain facts of a policy.
    pub(super) fn rest_where(&mut self, rest: Rest, policy: &Policy, holds: impl Fn(&Facts) -> bool) -> Literal {
        let Some(level) = self.rests.get(rest.0).map(|rest| rest.level) else { return self.constant(false) };
        let plain = self.plain(policy);
        let at = |value: usize| u8::try_from(value).ok().map(|level| policy.level_name(Level(level)).clone());
        let facts = |value| at(value).map(|level| Facts { level, ..plain.clone() });
        self.tables.literal(level, |value| facts(value).is_some_and(|facts| holds(&facts)))
    }
}
