//! Finds identifiers that no literal gives away: from words and marks with digits about, by how they look.
//!
//! Most detectors of numbers count only near a word that says what the number is. These words are found together with all
//! other literals, and without one nearby such a detector is not tried at all.

mod context;

use super::compile::Rule;
use super::literals::Literal;
use super::marks::{Around, CHUNK, Marks, around};
use super::pattern::{Able, Ahead, First, Kind, MAX_RUN, Pattern, Shapes};
use context::Context;
pub use context::Hit;
use std::ops::Range;

/// The fewest digits in two neighbouring chunks for the first to be looked at closely.
pub const FEWEST: usize = 4;

/// The detectors that are told from numbers.
#[derive(Debug)]
pub struct Numbers {
    shapes: Shapes,
    /// The set of those that need no word nearby.
    always: Vec<u64>,
    context: Context,
}

// === impl Numbers ===

impl Numbers {
    /// Takes the detectors with the numbers that they are known by, and tells the literals of their context words.
    pub fn new<'a>(rules: impl Iterator<Item = (u16, &'a Pattern, &'a Rule)> + Clone) -> (Self, Vec<Literal>) {
        let shapes = Shapes::new(rules.clone().map(|(number, pattern, _)| (number, pattern)));
        let mut context = Context::new(shapes.width());
        let mut always = vec![0; shapes.width()];
        for (place, (_, pattern, rule)) in rules.enumerate() {
            if rule.needs_context() {
                context.add(place, pattern, &rule.near);
            } else {
                super::pattern::insert(&mut always, 0, place);
            }
        }
        let (context, literals) = context.finish();
        (Self { shapes, always, context }, literals)
    }

    /// Tells each place of a text where a detector may find something, with the detector's number. The context words that
    /// stand there come in the order of their places.
    pub fn find(&self, text: &[u8], marks: &[Marks], words: &[Hit], mut each: impl FnMut(u16, usize)) {
        let mut next = 0;
        while let Some(chunks) = with_digits(marks, next) {
            next = chunks.end;
            let mut near = None;
            for chunk in chunks.clone() {
                let around = around(marks, chunk);
                let mut places = self.places(text, chunk, &around);
                while places != 0 {
                    let bit = places.trailing_zeros();
                    places &= places - 1;
                    let look = Look { text, around: &around, chunk, bit };
                    look.able(&self.shapes, |at, able| {
                        if near.is_none() && able.within(self.context.all()).next().is_some() {
                            near = Some(self.context.near(text, words, chunks.clone(), &self.always));
                        }
                        let active = near.as_ref().map_or(self.always.as_slice(), |near| near.at(chunk));
                        able.within(active).filter_map(|place| self.shapes.number(place)).for_each(|n| each(n, at));
                    });
                }
            }
        }
    }

    /// Where in a chunk a number may begin, or go on after its first byte.
    fn places(&self, text: &[u8], chunk: usize, around: &Around) -> u64 {
        let mut places = around.word_starts() | around.part_starts();
        let mut others = !around.here.alphanumeric();
        while others != 0 {
            let bit = others.trailing_zeros();
            others &= others - 1;
            let Some(byte) = text.get(chunk * CHUNK + bit as usize) else { break };
            places |= u64::from(self.shapes.is_start(*byte)) << bit;
        }
        places
    }
}

/// The next chunks, one after the other, that have digits in them or right after them.
fn with_digits(marks: &[Marks], from: usize) -> Option<Range<usize>> {
    let digits = |chunk: usize| marks.get(chunk).map_or(0, |marks| marks.digit.count_ones() as usize);
    let has = |chunk: &usize| digits(*chunk) + digits(chunk + 1) >= FEWEST;
    let start = (from..marks.len()).find(has)?;
    Some(start..(start..marks.len()).find(|chunk| !has(chunk)).unwrap_or(marks.len()))
}

/// A place of a text that is looked at.
struct Look<'a> {
    text: &'a [u8],
    around: &'a Around,
    chunk: usize,
    bit: u32,
}

impl Look<'_> {
    /// The patterns that may match from here, and those that may from the byte before, which is no letter or digit.
    fn able<'a>(&self, shapes: &'a Shapes, mut each: impl FnMut(usize, Able<'a>)) {
        let at = self.chunk * CHUNK + self.bit as usize;
        let Some(first) = self.first(at) else { return };
        let [inside, line_start, after_other] = shapes.sets(first);
        // So it is with nearly all words.
        if inside | line_start | after_other == 0 {
            return;
        }
        let count = |class: fn(Marks) -> u64| self.around.ahead(class, self.bit);
        let ahead =
            Ahead { digits: count(|marks| marks.digit).count_ones(), word: (!count(Marks::word)).trailing_zeros() };
        let before = at.checked_sub(1).and_then(|before| self.text.get(before).map(|byte| (before, *byte)));
        let here = if before.is_none_or(|(_, byte)| byte == b'\n') { line_start } else { inside };
        // Within a word nothing begins.
        let begins = matches!(first, First::Other(_)) || self.around.word_starts() >> self.bit & 1 == 1;
        if here != 0 && begins {
            shapes.able(here, ahead).into_iter().for_each(|able| each(at, able));
        }
        if let Some((before, _)) = before.filter(|(_, byte)| after_other != 0 && !byte.is_ascii_alphanumeric()) {
            shapes.able(after_other, ahead).into_iter().for_each(|able| each(before, able));
        }
    }

    fn first(&self, at: usize) -> Option<First> {
        let Marks { digit, upper, lower, .. } = self.around.here;
        let is = |class: u64| class >> self.bit & 1 == 1;
        let (kind, run) = if is(lower) {
            (Kind::Lower, self.around.ahead(|marks| marks.lower, self.bit))
        } else if is(digit) {
            (Kind::Digit, self.around.ahead(|marks| marks.digit, self.bit))
        } else if is(upper) {
            (Kind::Upper, self.around.ahead(|marks| marks.upper, self.bit))
        } else {
            return Some(First::Other(*self.text.get(at)?));
        };
        let run = ((!run).trailing_zeros() as usize).min(MAX_RUN);
        Some(First::Run(kind, run, self.text.get(at + run).copied()))
    }
}
