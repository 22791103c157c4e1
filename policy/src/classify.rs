//! How sensitive a request is: every string of its body, through the detectors, as it comes.
//!
//! A long string is scanned block by block, and what was found is remembered under a keyed hash of the raw bytes, because
//! a chat re-sends its history each turn. Short strings are written one a line, `key: value`, and scanned together: a key
//! is text like any other, and says what its value is. The seams of a text that is split over several strings are
//! scanned once more, and remembered likewise.

mod history;
mod placing;
mod seams;
mod tally;

pub use history::{BlockKey, History, Role, Verdict};
pub use placing::Placing;
pub use tally::{Count, Tally};

use std::rc::Rc;

use crate::detect::{Detectors, Finding, Found, Work};
use crate::document::{Block, Kind, unescape};
use seams::Seams;

/// Reads one request's texts and adds up what they hold.
#[derive(Debug)]
pub struct Classifier {
    detectors: Detectors,
    work: Work,
    tally: Tally,
    lines: String,
    /// Whether the last thing in `lines` is a key that waits for its value.
    after_key: bool,
    seams: Seams,
    /// How many bytes of text were read, and how many of them had been seen before.
    volume: Volume,
    scratch: Scratch,
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Bytes of text, as they stand in the body.
    pub read: u64,
    /// Those of them whose findings were remembered.
    pub remembered: u64,
}

/// Room that one scan leaves to the next.
#[derive(Debug, Default)]
struct Scratch {
    text: String,
    found: Found,
}

/// A string of at least so many raw bytes is scanned by itself.
const LONG: usize = 512;

/// As soon as the short strings take this much room they are scanned.
const LINES: usize = 4096;

// === impl Classifier ===

impl Classifier {
    /// A classifier that has read nothing.
    pub fn new(detectors: Detectors) -> Self {
        Self {
            detectors,
            work: Work::of(0),
            tally: Tally::default(),
            lines: String::new(),
            after_key: false,
            seams: Seams::default(),
            volume: Volume::default(),
            scratch: Scratch::default(),
        }
    }

    /// Reads a key, string or number of the body, or a part of a long one.
    pub fn block(&mut self, block: &Block<'_>, history: &mut History) {
        self.work.grant(block.raw.len());
        self.volume.read += block.raw.len() as u64;
        if block.kind == Kind::Text {
            self.seam(block, history);
        }
        if block.first && block.last && block.raw.len() < LONG {
            self.line(block, history);
        } else {
            self.flush(history);
            self.long(block, history);
        }
    }

    /// Reads a text that does not stand in the body, such as a part of the path.
    pub fn text(&mut self, text: &str, history: &mut History) {
        self.work.grant(text.len());
        self.volume.read += text.len() as u64;
        self.lines.push('\n');
        self.lines.push_str(text);
        self.flush(history);
    }

    /// What was found in all that was read, and how much that was; `None` if the budget of work did not suffice.
    pub fn finish(mut self, history: &mut History) -> (Option<Tally>, Volume) {
        self.flush(history);
        self.scan_seams(history);
        (Some(self.tally).filter(|_| !self.work.exhausted()), self.volume)
    }

    fn line(&mut self, block: &Block<'_>, history: &mut History) {
        if self.lines.len() >= LINES {
            self.flush(history);
        }
        let is_key = block.kind == Kind::Key;
        if is_key || !self.after_key {
            self.lines.push('\n');
        }
        self.lines.push_str(unescape(block.raw, &mut self.scratch.text));
        if is_key {
            self.lines.push_str(": ");
        }
        self.after_key = is_key;
    }

    /// Scans the lines that have gathered.
    fn flush(&mut self, history: &mut History) {
        if self.lines.is_empty() {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        let key = history.key(Role::Lines, lines.as_bytes());
        match history.recall(key) {
            Some(verdict) => self.remembered(&verdict, lines.len()),
            None => self.scan(&lines, |_| true, key, history),
        }
        self.lines = lines;
        self.lines.clear();
    }

    fn long(&mut self, block: &Block<'_>, history: &mut History) {
        self.after_key = false;
        let role = Role::Long { first: block.first, last: block.last, overlap: block.overlap };
        let key = history.key(role, block.raw);
        if let Some(verdict) = history.recall(key) {
            self.remembered(&verdict, block.raw.len());
            return;
        }
        let mut room = std::mem::take(&mut self.scratch.text);
        let seen = block.raw.get(..block.overlap).unwrap_or_default();
        let overlap = unescape(seen, &mut room).len();
        let text = unescape(block.raw, &mut room);
        // What touches the end of a block may be cut off there. The next block sees it whole, so it counts there, and only
        // there; what ended before has been counted in the block before.
        let counts =
            |finding: &Finding| (block.first || finding.end >= overlap) && (block.last || finding.end < text.len());
        self.scan(text, counts, key, history);
        self.scratch.text = room;
    }

    fn scan(&mut self, text: &str, counts: impl Fn(&Finding) -> bool, key: BlockKey, history: &mut History) {
        let found = &mut self.scratch.found;
        found.findings.clear();
        found.opaque.clear();
        self.detectors.scan(text, &mut self.work, found);
        let tally = Tally::of(found, counts);
        self.tally.merge(&tally);
        if !self.work.exhausted() {
            history.remember(key, (!tally.is_empty()).then(|| Rc::new(tally)));
        }
    }

    fn remembered(&mut self, verdict: &Verdict, length: usize) {
        self.volume.remembered += length as u64;
        if let Some(tally) = verdict {
            self.tally.merge(tally);
        }
    }

    fn seam(&mut self, block: &Block<'_>, history: &mut History) {
        if self.seams.add(block) {
            self.scan_seams(history);
        }
    }

    fn scan_seams(&mut self, history: &mut History) {
        let mut seams = std::mem::take(&mut self.seams);
        let key = history.key(Role::Seams(seams.joints()), seams.text().as_bytes());
        match history.recall(key) {
            // The text on both sides counts where it stands.
            Some(verdict) => self.remembered(&verdict, 0),
            None => self.scan(seams.text(), |finding| seams.is_crossed(finding.start, finding.end), key, history),
        }
        seams.clear();
        self.seams = seams;
    }
}

#[cfg(test)]
mod tests;
