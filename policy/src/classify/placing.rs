//! Where in a body the findings of some detectors stand, so that placeholders can take their place.
//!
//! Only what stands as it is written in the text of one string has a place: nothing in a key, in a number, over a seam, or
//! in something encoded. It reads a body as the [`Classifier`](super::Classifier) does, short strings as lines and long
//! ones by themselves, so that what is known from the words around it is found again.

use std::collections::{BTreeMap, BTreeSet};

use super::{LINES, LONG, Tally};
use crate::detect::{DetectorIndex, Detectors, Finding, Found, Work};
use crate::document::{Block, Kind, raw_span, unescape};
use crate::plan::Edit;
use crate::redact::Names;

/// Looks for the places of findings.
#[derive(Debug)]
pub struct Placing {
    detectors: Detectors,
    wanted: BTreeSet<DetectorIndex>,
    work: Work,
    lines: Lines,
    places: Vec<Placed>,
    names: Names,
    scratch: String,
    found: Found,
}

/// Short strings, one a line, with where each stands in the body.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    after_key: bool,
    strings: Vec<Line>,
}

/// A short string: its stretch of the lines, and its bytes in the body.
#[derive(Debug)]
struct Line {
    start: usize,
    end: usize,
    raw: Vec<u8>,
    at: u64,
}

/// A finding in its place: a range of bytes of the body.
#[derive(Debug)]
struct Placed {
    from: u64,
    to: u64,
    detector: DetectorIndex,
    value: String,
}

/// The most findings of one request that are replaced; where there are more, none is.
const MOST: usize = 1024;

// === impl Placing ===

impl Placing {
    /// Looks for the findings of these detectors.
    pub fn new(detectors: Detectors, wanted: BTreeSet<DetectorIndex>) -> Self {
        Self {
            detectors,
            wanted,
            work: Work::of(0),
            lines: Lines::default(),
            places: Vec::new(),
            names: Names::default(),
            scratch: String::new(),
            found: Found::default(),
        }
    }

    /// Reads a key, string or number of the body, or a part of a long one.
    pub fn block(&mut self, block: &Block<'_>) {
        self.work.grant(block.raw.len());
        let mut room = std::mem::take(&mut self.scratch);
        let text = unescape(block.raw, &mut room);
        self.names.keep_clear(text);
        if block.first && block.last && block.raw.len() < LONG {
            if self.lines.text.len() >= LINES {
                self.flush();
            }
            self.lines.push(block, text);
        } else {
            self.flush();
            self.lines.after_key = false;
            self.long(block, text);
        }
        self.scratch = room;
    }

    /// The placeholders for the findings of those detectors all of whose findings, as `tally` has them, have a place; and
    /// these detectors.
    pub fn finish(mut self, tally: &Tally) -> (Vec<Edit>, BTreeSet<DetectorIndex>) {
        self.flush();
        let mut counts: BTreeMap<DetectorIndex, u32> = BTreeMap::new();
        self.places.iter().for_each(|place| *counts.entry(place.detector).or_default() += 1);
        let complete = |detector: &DetectorIndex| {
            tally.detectors.get(detector).is_some_and(|count| counts.get(detector) == Some(&count.count))
        };
        let usable = !self.work.exhausted() && self.places.len() <= MOST;
        let whole: BTreeSet<_> = self.wanted.iter().copied().filter(|detector| usable && complete(detector)).collect();
        self.places.retain(|place| whole.contains(&place.detector));
        (self.edits(), whole)
    }

    /// Placeholders in the order of their places. Where two findings overlap, one placeholder stands for both.
    fn edits(&mut self) -> Vec<Edit> {
        self.places.sort_by_key(|place| (place.from, std::cmp::Reverse(place.to)));
        let mut edits: Vec<Edit> = Vec::new();
        for place in &self.places {
            let [from, to] = [place.from, place.to].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
            if let Some(last) = edits.last_mut().filter(|last| from < last.to) {
                last.to = last.to.max(to);
                continue;
            }
            let label = self.detectors.get(place.detector).map_or("", |detector| detector.id.as_str());
            edits.push(Edit { from, to, with: format!("<{}>", self.names.name(label, &place.value)) });
        }
        edits
    }

    fn flush(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.scan(&lines.text);
        for finding in &self.found.findings {
            // INVARIANT: what lies in a key, or in more than one string, has no place.
            let line = lines.strings.iter().find(|line| line.start <= finding.start && finding.end <= line.end);
            let Some((line, value)) = line.zip(lines.text.get(finding.start..finding.end)) else { continue };
            let span = raw_span(&line.raw, finding.start - line.start..finding.end - line.start);
            self.places.push(Placed::new(line.at, span, finding, value));
        }
        self.lines.after_key = lines.after_key;
    }

    fn long(&mut self, block: &Block<'_>, text: &str) {
        let seen = block.raw.get(..block.overlap).unwrap_or_default();
        let overlap = unescape(seen, &mut String::new()).len();
        self.scan(text);
        if block.kind != Kind::Text {
            return;
        }
        for finding in &self.found.findings {
            // As the classifier counts them: each in one block only.
            let counts = (block.first || finding.end >= overlap) && (block.last || finding.end < text.len());
            let Some(value) = text.get(finding.start..finding.end).filter(|_| counts) else { continue };
            let span = raw_span(block.raw, finding.start..finding.end);
            self.places.push(Placed::new(block.at, span, finding, value));
        }
    }

    /// Finds what is wanted in a text as it is written.
    fn scan(&mut self, text: &str) {
        self.found.findings.clear();
        if self.places.len() <= MOST && !text.is_empty() {
            self.detectors.scan_written(text, &mut self.work, &mut self.found);
            self.found.findings.retain(|finding| self.wanted.contains(&finding.detector));
        }
    }
}

// === impl Lines ===

impl Lines {
    fn push(&mut self, block: &Block<'_>, text: &str) {
        let is_key = block.kind == Kind::Key;
        if is_key || !self.after_key {
            self.text.push('\n');
        }
        let start = self.text.len();
        self.text.push_str(text);
        if block.kind == Kind::Text {
            self.strings.push(Line { start, end: self.text.len(), raw: block.raw.to_vec(), at: block.at });
        }
        if is_key {
            self.text.push_str(": ");
        }
        self.after_key = is_key;
    }
}

// === impl Placed ===

impl Placed {
    fn new(at: u64, span: std::ops::Range<usize>, finding: &Finding, value: &str) -> Self {
        let (from, to) = (at + span.start as u64, at + span.end as u64);
        Self { from, to, detector: finding.detector, value: value.to_owned() }
    }
}
