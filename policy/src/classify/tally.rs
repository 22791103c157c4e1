//! What was found, added up: in one block of text, and over a whole request.

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::{Confidence, DetectorIndex, Detectors, Finding, Found, OpaqueKind};
use crate::level::Level;

/// Findings added up by detector, and the kinds of content that are no text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What each detector found.
    pub detectors: BTreeMap<DetectorIndex, Count>,
    /// Encoded content that is not text.
    pub opaque: BTreeSet<OpaqueKind>,
}

/// What one detector found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub count: u32,
    /// The surest finding that is no specimen; `None` if all are specimens.
    pub confidence: Option<Confidence>,
    /// Digests of distinct values, the first [`Count::MOST_VALUES`] of them.
    values: BTreeSet<u64>,
}

// === impl Tally ===

impl Tally {
    /// Adds up what a scan found.
    pub fn of(found: &Found, counts: impl Fn(&Finding) -> bool) -> Self {
        let mut tally = Self::default();
        for finding in found.findings.iter().filter(|finding| counts(finding)) {
            let sure = (!finding.test).then_some(finding.confidence);
            tally.add(finding.detector, &Count { count: 1, confidence: sure, values: BTreeSet::from([finding.value]) });
        }
        tally.opaque.extend(found.opaque.iter().map(|opaque| opaque.kind));
        tally
    }

    /// Adds another tally to this one.
    pub fn merge(&mut self, other: &Self) {
        for (detector, count) in &other.detectors {
            self.add(*detector, count);
        }
        self.opaque.extend(&other.opaque);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.detectors.is_empty() && self.opaque.is_empty()
    }

    /// The level that the findings raise a request to; weak ones and specimens raise none.
    pub fn level(&self, detectors: &Detectors) -> Level {
        let levels = self.detectors.keys().filter_map(|detector| self.level_of(*detector, detectors));
        levels.max().unwrap_or_default()
    }

    /// The level that the findings of one detector raise a request to, if they do.
    pub fn level_of(&self, detector: DetectorIndex, detectors: &Detectors) -> Option<Level> {
        let count = self.detectors.get(&detector).filter(|count| count.is_sure())?;
        let detector = detectors.get(detector)?;
        Some(match detector.bulk {
            Some(bulk) if count.distinct() >= bulk.distinct => detector.level.max(bulk.level),
            _ => detector.level,
        })
    }

    fn add(&mut self, detector: DetectorIndex, more: &Count) {
        self.detectors.entry(detector).or_insert_with(Count::none).add(more);
    }
}

// === impl Count ===

impl Count {
    /// The most distinct values that are told apart.
    pub const MOST_VALUES: usize = 64;

    /// Whether a finding is more than weak and no specimen: only such a one says anything about a request.
    pub fn is_sure(&self) -> bool {
        self.confidence.is_some_and(|confidence| confidence > Confidence::Weak)
    }

    /// How many distinct values there are, up to [`Count::MOST_VALUES`].
    pub fn distinct(&self) -> u32 {
        u32::try_from(self.values.len()).unwrap_or(u32::MAX)
    }

    fn none() -> Self {
        Self { count: 0, confidence: None, values: BTreeSet::new() }
    }

    fn add(&mut self, more: &Self) {
        self.count = self.count.saturating_add(more.count);
        self.confidence = self.confidence.max(more.confidence);
        let room = Self::MOST_VALUES.saturating_sub(self.values.len());
        self.values.extend(more.values.iter().take(room));
    }
}
