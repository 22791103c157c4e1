//! How labels, detectors and the level hang together, as the policy's detectors say.
//!
//! A finding that is more than weak gives its label and raises the level to its own; the level is the highest of these. So
//! a label without a detector, or a level that nothing raises a request to, is no request. What detectors find, and
//! whether a placeholder can stand in its place, is else taken to be independent.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    kind::Kind,
    named::Named,
    solve::{Clause, Literal},
    space::Space,
};
use crate::{
    detect::{Confidence, Detector},
    facts::{Facts, Name, Tally},
    level::Level,
    policy::Policy,
};

/// A detector, for itself if a policy names it, or else for all those that are alike in what matters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finder {
    detector: Name,
    label: Name,
    /// What it may find: at first nothing, then what is plainest.
    found: Vec<Found>,
}

/// What a detector found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// This matters only of a detector that a policy names.
    Weak,
    Sure(Sure),
}

/// Something that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sure {
    /// The level that it raises a request to.
    level: Level,
    count: u32,
    /// Whether it can be replaced, if some rule would replace it.
    placed: Option<bool>,
}

/// What of a detector matters: those that are alike in it need not be told apart.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    /// Its name, if a policy asks for it.
    detector: Option<Name>,
    /// Its label, likewise.
    label: Option<Name>,
    levels: Vec<Level>,
    /// The redactions that replace what it finds.
    replaced: Vec<usize>,
}

/// Adds a variable for each label and detector that matters, and what ties them together.
pub(super) fn add(space: &mut Space, policy: &Policy, named: &Named) {
    for label in &named.labels {
        space.variable(Kind::Label(label.clone()));
    }
    let mut known: BTreeMap<Likeness, usize> = BTreeMap::new();
    let mut free: BTreeMap<Level, (Finder, usize)> = BTreeMap::new();
    for (index, detector) in policy.detectors().iter() {
        let Some(names) = policy.detector_name(index) else { continue };
        let likeness = Likeness::new(names, detector, named);
        let finder = Finder::new(names, detector, likeness.detector.is_some(), !likeness.replaced.is_empty());
        if !likeness.matters() {
            for (value, sure) in finder.sure() {
                free.entry(sure.level).or_insert_with(|| (finder.clone(), value));
            }
            continue;
        }
        // Of several that are alike, what one found may be replaced, and what another found may stay.
        let most = if likeness.replaced.is_empty() { 1 } else { 2 };
        let count = known.entry(likeness).or_default();
        *count += 1;
        if *count <= most {
            space.variable(Kind::Finder(finder));
        }
    }
    space.variable(Kind::Free(free.into_values().collect()));
    tie(space, &named.labels);
}

fn tie(space: &mut Space, labels: &BTreeSet<Name>) {
    for label in labels {
        let mut given = labelling(space, label, &BTreeSet::new());
        let label = space.label(label);
        space.clauses.extend(given.iter().map(|sure| Clause::given(vec![sure.not(), label])));
        given.push(label.not());
        space.clauses.push(Clause::given(given));
    }
    for (level, mut raising) in raising(space, &BTreeSet::new()) {
        let least = space.level_where(|other| other.is_none_or(|other| other >= level));
        space.clauses.extend(raising.iter().map(|raises| Clause::given(vec![raises.not(), least])));
        raising.push(space.level_where(|other| other == Some(level)).not());
        space.clauses.push(Clause::given(raising));
    }
}

/// For each level above the lowest, what may raise a request to it; what these detectors found aside, where that is
/// replaced.
pub(super) fn raising(space: &mut Space, gone: &BTreeSet<Name>) -> Vec<(Level, Vec<Literal>)> {
    let levels = (1..=space.highest.0).map(Level);
    let raises = |kind: &Kind, value: usize| match kind {
        Kind::Finder(finder) => finder.stays(value, gone).map(|sure| sure.level),
        Kind::Free(finders) => free(finders, value).map(|sure| sure.level),
        _ => None,
    };
    levels.map(|level| (level, space.where_found(|kind, value| raises(kind, value) == Some(level)))).collect()
}

/// What one of the detectors of which nothing else matters found.
fn free(finders: &[(Finder, usize)], value: usize) -> Option<&Sure> {
    finders.get(value.checked_sub(1)?).and_then(|(finder, value)| finder.found(*value))
}

/// What may give a request a label; what these detectors found aside, where that is replaced.
pub(super) fn labelling(space: &mut Space, label: &Name, gone: &BTreeSet<Name>) -> Vec<Literal> {
    space.where_found(|kind, value| match kind {
        Kind::Finder(finder) => finder.label == *label && finder.stays(value, gone).is_some(),
        _ => false,
    })
}

/// That a detector found something, be it weak; what these found aside, where that is replaced.
pub(super) fn staying(space: &mut Space, detector: &Name, gone: &BTreeSet<Name>) -> Vec<Literal> {
    space.where_found(|kind, value| match kind {
        Kind::Finder(finder) => finder.detector == *detector && value > 0 && !finder.goes(value, gone),
        _ => false,
    })
}

/// For each detector that may have found something of these that can be replaced: that it has.
pub(super) fn going(space: &mut Space, gone: &BTreeSet<Name>) -> Vec<Literal> {
    space.where_found(|kind, value| matches!(kind, Kind::Finder(finder) if finder.goes(value, gone)))
}

// === impl Finder ===

impl Finder {
    fn new((name, label): (&Name, &Name), detector: &Detector, named: bool, replaced: bool) -> Self {
        let Detector { level, bulk, .. } = detector;
        let many = bulk.filter(|bulk| bulk.level > *level).map(|bulk| (bulk.level, bulk.distinct));
        let mut found = vec![Found::Nothing];
        let placed: &[_] = if replaced { &[Some(true), Some(false)] } else { &[None] };
        for placed in placed {
            let counts = [Some((*level, 1)), many].into_iter().flatten();
            found.extend(counts.map(|(level, count)| Found::Sure(Sure { level, count, placed: *placed })));
        }
        found.extend(named.then_some(Found::Weak));
        Self { detector: name.clone(), label: label.clone(), found }
    }

    pub(super) fn values(&self) -> usize {
        self.found.len()
    }

    /// Writes what it found into a policy's facts.
    pub(super) fn put(&self, value: usize, policy: &Policy, facts: &mut Facts) {
        let tally = match self.found.get(value) {
            None | Some(Found::Nothing) => return,
            Some(Found::Weak) => Tally::new(1, Confidence::Weak),
            Some(Found::Sure(Sure { level, count, placed })) => {
                facts.labels.insert(self.label.clone());
                let level = Some(policy.level_name(*level).clone());
                Tally { level, placed: *placed, ..Tally::new(*count, Confidence::Pattern) }
            }
        };
        facts.detectors.insert(self.detector.clone(), tally);
    }

    /// What it found for certain, by value.
    fn sure(&self) -> impl Iterator<Item = (usize, &Sure)> {
        let found = self.found.iter().enumerate();
        found.filter_map(|(value, found)| if let Found::Sure(sure) = found { Some((value, sure)) } else { None })
    }

    fn found(&self, value: usize) -> Option<&Sure> {
        if let Some(Found::Sure(sure)) = self.found.get(value) { Some(sure) } else { None }
    }

    /// What counts of what it found, once what these found is replaced where it can be.
    fn stays(&self, value: usize, gone: &BTreeSet<Name>) -> Option<&Sure> {
        self.found(value).filter(|_| !self.goes(value, gone))
    }

    /// Whether what it found is replaced where what these found is.
    fn goes(&self, value: usize, gone: &BTreeSet<Name>) -> bool {
        gone.contains(&self.detector) && self.found(value).is_some_and(|sure| sure.placed == Some(true))
    }
}

// === impl Likeness ===

impl Likeness {
    fn new((name, label): (&Name, &Name), detector: &Detector, named: &Named) -> Self {
        let bulk = detector.bulk.map(|bulk| bulk.level).filter(|level| *level > detector.level);
        let redactions = named.redactions.iter().enumerate();
        Self {
            detector: named.detectors.get(name).cloned(),
            label: named.labels.get(label).cloned(),
            levels: [Some(detector.level), bulk].into_iter().flatten().collect(),
            replaced: redactions.filter(|(_, replaced)| replaced.contains(name)).map(|(index, _)| index).collect(),
        }
    }

    /// Whether it matters which of the detectors that raise a request to these levels it is.
    fn matters(&self) -> bool {
        self.detector.is_some() || self.label.is_some() || !self.replaced.is_empty()
    }
}
