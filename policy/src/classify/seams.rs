//! The seams of a text that is split over several strings, such as the parts of one message.

use crate::document::{Block, unescape};

/// Joins the end of each string to the beginning of the next one that stands in a like place.
#[derive(Debug, Default)]
pub struct Seams {
    places: Vec<Place>,
    /// Each seam with its surroundings, one a line.
    text: String,
    /// Where in `text` one string ends and the next begins, in ascending order.
    joints: Vec<usize>,
    /// The string that is being read.
    current: Option<usize>,
}

/// Strings that may belong together: those under one key at one depth.
#[derive(Debug, Default)]
struct Place {
    depth: usize,
    key: Vec<u8>,
    /// The end of all strings there, joined.
    tail: String,
}

/// How much of either side of a seam is looked at: longer than any detector's literal and most of its findings.
const REACH: usize = 128;

/// How many places are followed at a time; the one longest unused is forgotten.
const PLACES: usize = 8;

/// As soon as the seams take this much room they should be scanned.
const ROOM: usize = 4096;

// === impl Seams ===

impl Seams {
    /// Adds a string or a part of one; `true` if it is time to scan.
    pub fn add(&mut self, block: &Block<'_>) -> bool {
        if block.first {
            self.current = Some(self.place(block));
            self.join(&beginning(block.raw));
        }
        if block.last {
            self.keep(&ending(block.raw), block.first && block.raw.len() <= REACH);
        }
        self.text.len() >= ROOM
    }

    /// The seams, to be scanned.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in [`Seams::text`] one string ends and the next begins, in ascending order.
    pub fn joints(&self) -> &[usize] {
        &self.joints
    }

    /// Whether a stretch of [`Seams::text`] lies on both sides of a seam.
    pub fn is_crossed(&self, start: usize, end: usize) -> bool {
        let next = self.joints.partition_point(|joint| *joint <= start);
        self.joints.get(next).is_some_and(|joint| *joint < end)
    }

    /// Forgets the seams that were scanned, but not the ends that may yet be continued.
    pub fn clear(&mut self) {
        self.text.clear();
        self.joints.clear();
    }

    fn place(&mut self, block: &Block<'_>) -> usize {
        let (depth, key) = (block.place.depth, block.place.key);
        if let Some(known) = self.places.iter().position(|place| place.depth == depth && place.key == key) {
            return known;
        }
        if self.places.len() >= PLACES {
            self.places.remove(0);
        }
        self.places.push(Place { depth, key: key.to_vec(), tail: String::new() });
        self.places.len() - 1
    }

    fn join(&mut self, head: &str) {
        let Some(place) = self.current.and_then(|current| self.places.get(current)) else { return };
        // A seam matters only where a word goes on across it.
        let goes_on = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        if goes_on(place.tail.chars().next_back()) && goes_on(head.chars().next()) {
            self.text.push('\n');
            self.text.push_str(&place.tail);
            self.joints.push(self.text.len());
            self.text.push_str(head);
        }
    }

    fn keep(&mut self, tail: &str, whole: bool) {
        let Some(place) = self.current.take().and_then(|current| self.places.get_mut(current)) else { return };
        if !whole {
            place.tail.clear();
        }
        place.tail.push_str(tail);
        let cut = place.tail.ceil_char_boundary(place.tail.len().saturating_sub(REACH));
        place.tail.drain(..cut);
    }
}

/// The first few characters of a string's raw bytes.
fn beginning(raw: &[u8]) -> String {
    let mut room = String::new();
    let text = unescape(raw.get(..REACH * LONGEST_ESCAPE).unwrap_or(raw), &mut room);
    text.get(..text.floor_char_boundary(REACH)).unwrap_or_default().to_string()
}

/// The last few characters of a string's raw bytes.
fn ending(raw: &[u8]) -> String {
    let mut room = String::new();
    let from = raw.len().saturating_sub(REACH * LONGEST_ESCAPE);
    let text = unescape(raw.get(from..).unwrap_or(raw), &mut room);
    text.get(text.ceil_char_boundary(text.len().saturating_sub(REACH))..).unwrap_or_default().to_string()
}

/// The most raw bytes that stand for one byte of text: `\u0041`.
const LONGEST_ESCAPE: usize = 6;
