//! How labels, detectors and the level hang together, as the policy's detectors say.
//!
//! A finding that is more than weak gives its label and raises the level to its own; the level is the highest of these. So
//! a label without a detector, or a level that nothing raises a request to, is no request. What detectors find is else
//! taken to be independent.

use std::collections::{BTreeMap, BTreeSet};

use super::{kind::Kind, solve::Clause, space::Space};
use crate::{
    detect::{Bulk, Confidence, Detector},
    facts::{Facts, Name, Tally},
    level::Level,
    policy::Policy,
};

/// A detector, for itself if a policy names it, or else for all those that have its label and its levels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finder {
    pub(super) detector: Name,
    label: Name,
    level: Level,
    bulk: Option<Bulk>,
    /// Whether a policy names it: then it matters whether it found something that is weak.
    named: bool,
}

/// Detectors that raise a request to a level without anything else that matters, by level.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    free: BTreeMap<Level, Finder>,
}

const SURE: usize = 1;

/// Adds a variable for each label and detector that matters, and what ties them together.
pub(super) fn add(space: &mut Space, policy: &Policy, labels: &BTreeSet<Name>, detectors: &BTreeSet<Name>) {
    let all: Vec<Finder> = policy
        .detectors()
        .iter()
        .filter_map(|(index, detector)| Finder::new(policy.detector_name(index)?, detector, detectors))
        .collect();
    let mut finders: Vec<Finder> = Vec::new();
    for finder in all {
        let matters = finder.named || labels.contains(&finder.label);
        if !matters {
            for level in finder.levels() {
                space.findings.free.entry(level).or_insert_with(|| finder.clone());
            }
        } else if finder.named || !finders.iter().any(|known| known.is_like(&finder)) {
            finders.push(finder);
        }
    }
    tie(space, labels, &finders, policy.levels().highest());
}

fn tie(space: &mut Space, labels: &BTreeSet<Name>, finders: &[Finder], highest: Level) {
    for label in labels {
        space.variable(Kind::Label(label.clone()));
    }
    let mut given: BTreeMap<&Name, Vec<_>> = labels.iter().map(|label| (label, Vec::new())).collect();
    let mut raised: BTreeMap<Level, Vec<_>> = BTreeMap::new();
    for finder in finders {
        let variable = space.variable(Kind::Finder(finder.clone()));
        let sure = space.tables.literal(variable, |value| finder.is_sure(value));
        if let Some(given) = given.get_mut(&finder.label) {
            given.push(sure);
            let label = space.label(&finder.label);
            space.clauses.push(Clause::given(vec![sure.not(), label]));
        }
        for level in finder.levels() {
            let raises = space.tables.literal(variable, |value| finder.raises(value) == Some(level));
            raised.entry(level).or_default().push(raises);
            let least = space.level_where(|other| other.is_none_or(|other| other >= level));
            space.clauses.push(Clause::given(vec![raises.not(), least]));
        }
    }
    for (label, mut finders) in given {
        finders.push(space.label(label).not());
        space.clauses.push(Clause::given(finders));
    }
    for level in (1..=highest.0).map(Level) {
        if space.findings.free.contains_key(&level) {
            continue;
        }
        let mut raises = raised.remove(&level).unwrap_or_default();
        raises.push(space.level_where(|other| other == Some(level)).not());
        space.clauses.push(Clause::given(raises));
    }
}

// === impl Finder ===

impl Finder {
    fn new((name, label): (&Name, &Name), detector: &Detector, named: &BTreeSet<Name>) -> Option<Self> {
        let Detector { level, bulk, .. } = detector;
        let bulk = bulk.filter(|bulk| bulk.level > *level);
        Some(Self { detector: name.clone(), label: label.clone(), level: *level, bulk, named: named.contains(name) })
    }

    /// Nothing, something, many things; and for one that is named: something weak.
    pub(super) fn values(&self) -> usize {
        2 + usize::from(self.bulk.is_some()) + usize::from(self.named)
    }

    /// Writes what it found into facts.
    pub(super) fn put(&self, value: usize, facts: &mut Facts) {
        let (count, confidence) = match self.raises(value) {
            None if value == 0 => return,
            None => (1, Confidence::Weak),
            Some(_) if value == SURE => (1, Confidence::Pattern),
            Some(_) => (self.bulk.map_or(1, |bulk| bulk.distinct), Confidence::Pattern),
        };
        facts.detectors.insert(self.detector.clone(), Tally::new(count, confidence));
        if self.is_sure(value) {
            facts.labels.insert(self.label.clone());
        }
    }

    /// The level that what it found raises a request to; none if it is weak.
    fn raises(&self, value: usize) -> Option<Level> {
        match (value, self.bulk) {
            (SURE, _) => Some(self.level),
            (2, Some(bulk)) => Some(bulk.level),
            _ => None,
        }
    }

    fn is_sure(&self, value: usize) -> bool {
        self.raises(value).is_some()
    }

    fn levels(&self) -> impl Iterator<Item = Level> + use<> {
        [Some(self.level), self.bulk.map(|bulk| bulk.level)].into_iter().flatten()
    }

    fn is_like(&self, other: &Self) -> bool {
        let levels = |finder: &Self| (finder.level, finder.bulk.map(|bulk| bulk.level));
        !self.named && !other.named && self.label == other.label && levels(self) == levels(other)
    }
}

// === impl Findings ===

impl Findings {
    /// Adds what raised a request to its level, where that is nothing that a policy asks about.
    pub(super) fn complete(&self, policy: &Policy, facts: &mut Facts) {
        let Some(level) = policy.levels().find(&facts.level).filter(|level| level.0 > 0) else { return };
        let raised = facts.detectors.iter().any(|(name, tally)| {
            let detector = policy.detectors().find(name).and_then(|index| policy.detectors().get(index));
            tally.confidence > Confidence::Weak
                && detector.is_some_and(|detector| {
                    let bulk = detector.bulk.filter(|bulk| tally.count >= bulk.distinct).map(|bulk| bulk.level);
                    detector.level.max(bulk.unwrap_or_default()) == level
                })
        });
        if let Some(free) = self.free.get(&level).filter(|_| !raised) {
            let value = if free.level == level { SURE } else { 2 };
            free.put(value, facts);
        }
    }
}
