//! The words that say what a number is, and near which numbers they stand.

use super::super::literals::{Literal, Stands};
use super::super::marks::CHUNK;
use super::super::near::{self, AFTER, BEFORE, Near};
use super::super::pattern::{Pattern, insert};
use std::collections::HashMap;
use std::ops::Range;

/// The context words of all detectors that need one.
#[derive(Debug)]
pub struct Context {
    width: usize,
    /// The set of these detectors.
    all: Vec<u64>,
    /// How far from a match, at most, a word may stand.
    reach: usize,
    uses: Vec<Vec<Use>>,
    words: Vec<Vec<u8>>,
}

/// A literal of a context word, by its place among them, and where it stands.
pub type Hit = (u32, usize);

/// Context words that are being gathered.
#[derive(Debug)]
pub struct Gathering {
    width: usize,
    all: Vec<u64>,
    known: HashMap<Literal, usize>,
    literals: Vec<Literal>,
    uses: Vec<Vec<Use>>,
    words: Vec<Vec<u8>>,
}

/// For whom a word counts, and where a match of theirs may begin: so many bytes before it, or after it.
#[derive(Clone, Copy, Debug)]
struct Use {
    place: u16,
    before: u16,
    after: u16,
    word: u16,
    /// The fewest and the most bytes of the word before the literal.
    within: (u16, u16),
}

/// For each of some chunks the set of detectors that may find something in it.
#[derive(Debug)]
pub struct Active {
    width: usize,
    first: usize,
    sets: Vec<u64>,
}

// === impl Context ===

impl Context {
    /// Begins to gather; a set of detectors takes so many words of 64 bits.
    #[expect(clippy::new_ret_no_self, reason = "it is made in two steps")]
    pub fn new(width: usize) -> Gathering {
        Gathering { width, all: vec![0; width], known: HashMap::new(), literals: vec![], uses: vec![], words: vec![] }
    }

    /// The set of detectors that need a word.
    pub fn all(&self) -> &[u64] {
        &self.all
    }

    /// Looks at the words found around some chunks, and tells for each of the chunks the detectors of `always` and those for
    /// which there is one. The words come in the order of their places.
    pub fn near(&self, text: &[u8], found: &[Hit], chunks: Range<usize>, always: &[u64]) -> Active {
        let mut active = Active { width: self.width, first: chunks.start, sets: always.repeat(chunks.len()) };
        let from = (chunks.start * CHUNK).saturating_sub(self.reach);
        let around = found.iter().skip(found.partition_point(|(_, at)| *at < from));
        for (literal, at) in around.take_while(|(_, at)| *at < chunks.end * CHUNK + self.reach) {
            for used in self.uses.get(*literal as usize).into_iter().flatten() {
                let Some(word) = self.words.get(usize::from(used.word)) else { continue };
                let within = (usize::from(used.within.0), usize::from(used.within.1));
                if !near::is_whole(text, *at, within, word) {
                    continue;
                }
                let first = at.saturating_sub(usize::from(used.before)) / CHUNK;
                let last = (at + usize::from(used.after)) / CHUNK;
                for chunk in first.max(chunks.start)..(last + 1).min(chunks.end) {
                    insert(&mut active.sets, self.width * (chunk - chunks.start), usize::from(used.place));
                }
            }
        }
        active
    }
}

// === impl Gathering ===

impl Gathering {
    /// Adds the words of a detector that has this place in a set.
    pub fn add(&mut self, place: usize, pattern: &Pattern, near: &Near) {
        insert(&mut self.all, 0, place);
        for word in near.words() {
            let slack = word.len() + 2;
            let reach = |bytes: usize| u16::try_from(bytes).unwrap_or(u16::MAX);
            let (before, after) = (reach(AFTER + pattern.max() + slack), reach(BEFORE + slack));
            let number = self.words.iter().position(|known| known == word).unwrap_or_else(|| {
                self.words.push(word.clone());
                self.words.len() - 1
            });
            for near::Part { text, before: within } in near::parts(word) {
                let (place, word) = (reach(place), reach(number));
                self.literal(text, Use { place, before, after, word, within: (reach(within.0), reach(within.1)) });
            }
        }
    }

    fn literal(&mut self, text: Vec<u8>, used: Use) {
        let literal = Literal { text, stands: Stands::Whole };
        let number = *self.known.entry(literal).or_insert_with_key(|literal| {
            self.literals.push(literal.clone());
            self.uses.push(vec![]);
            self.literals.len() - 1
        });
        if let Some(uses) = self.uses.get_mut(number) {
            uses.push(used);
        }
    }

    /// All that was gathered, and the literals that are to be looked for.
    pub fn finish(self) -> (Context, Vec<Literal>) {
        let Self { width, all, known: _, literals, uses, words } = self;
        let reach = uses.iter().flatten().map(|used| used.before.max(used.after)).max().unwrap_or(0);
        (Context { width, all, reach: usize::from(reach), uses, words }, literals)
    }
}

// === impl Active ===

impl Active {
    /// The set for a chunk.
    pub fn at(&self, chunk: usize) -> &[u64] {
        let start = chunk.saturating_sub(self.first) * self.width;
        self.sets.get(start..start + self.width).unwrap_or_default()
    }
}
