//! Which patterns can begin at a word, told from how the word looks: without running any.
//!
//! Where a pattern has no literal, its match begins at some word with digits about. Most words rule most patterns out by
//! their first run alone: nine digits and a space are no `\d{3}-\d{2}-\d{4}`. The tables are made by running each program
//! on sets of bytes instead of bytes, and hold sets of patterns as bits, so that a few words of 64 bits decide for all.

use super::{ByteSet, Look, Op, Pattern};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Runs of this many bytes or more count as this many.
pub const MAX_RUN: usize = 32;
/// The kinds of runs: of digits, of capitals, of small letters.
const KINDS: usize = 3;
/// Classes of bytes: the three kinds, and what may follow a run.
const CLASSES: usize = 10;
/// The first class of bytes that are no part of a word.
const OUTSIDE: usize = 4;
/// Counts of digits or of bytes of a word that are told apart.
const COUNTS: usize = 65;

/// Which patterns can begin where.
#[derive(Debug)]
pub struct Shapes {
    numbers: Vec<u16>,
    /// How many words of 64 bits a set of patterns takes.
    width: usize,
    /// Sets of patterns; the first is empty.
    sets: Vec<u64>,
    /// For each of these sets, how much there must be ahead for any pattern of it.
    least: Vec<Ahead>,
    /// For each run and what follows it, and for each other byte, the sets of patterns that can go on so: anywhere, where a
    /// line begins, and after a byte that is neither letter nor digit, with which many patterns begin.
    runs: Vec<[u16; 3]>,
    others: Vec<[u16; 3]>,
    /// For each count, the patterns that need no more digits than that within 64 bytes.
    digits: Vec<u64>,
    /// For each count, the patterns whose first word may be as short as that.
    words: Vec<u64>,
    /// The bytes, neither letters nor digits, at which some pattern can begin or go on after its first byte.
    starts: ByteSet,
}

/// What stands at a place of a text.
#[derive(Clone, Copy, Debug)]
pub enum First {
    /// A run of digits, capitals or small letters: its kind, its length up to [`MAX_RUN`], and the byte after it.
    Run(Kind, usize, Option<u8>),
    /// Another byte.
    Other(u8),
}

/// The kind of a run.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Digit,
    Upper,
    Lower,
}

/// How many digits and bytes of a word there are from a place on, within 64 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    pub digits: u32,
    pub word: u32,
}

/// Patterns that may match at some place: those that are in all three sets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Able<'a> {
    first: &'a [u64],
    digits: &'a [u64],
    words: &'a [u64],
}

/// Where a program may be: the step, and how often its set has matched.
type States = Vec<(u16, u16)>;

// === impl Shapes ===

impl Shapes {
    /// Takes the patterns with the numbers that they are known by.
    pub fn new<'a>(patterns: impl Iterator<Item = (u16, &'a Pattern)>) -> Self {
        let patterns: Vec<_> = patterns.collect();
        let width = patterns.len().div_ceil(64);
        let (mut inside, mut at_line_start, mut after_other) = (Rows::new(width), Rows::new(width), Rows::new(width));
        let mut shapes = Self {
            numbers: patterns.iter().map(|(number, _)| *number).collect(),
            width,
            sets: vec![0; width],
            least: vec![],
            runs: vec![],
            others: vec![],
            digits: vec![0; width * COUNTS],
            words: vec![0; width * COUNTS],
            starts: ByteSet::default(),
        };
        let other = (KINDS..CLASSES).fold(ByteSet::default(), |all, class| all.union(class_bytes(class)));
        for (place, (_, pattern)) in patterns.iter().enumerate() {
            let within = pattern.reach(&[(0, 0)], Place::EDGE);
            let begin = pattern.reach(&[(0, 0)], Place { edge: true, line_start: true });
            let after = pattern.reach(&pattern.step(&begin, &other), Place::EDGE);
            let word =
                pattern.least_word(&begin).min(if after.is_empty() { COUNTS } else { pattern.least_word(&after) });
            // Of a longer match the digits may stand further away.
            let digits = if pattern.max <= 64 { pattern.digits.0 } else { 0 };
            for (counts, least) in [(&mut shapes.digits, digits), (&mut shapes.words, word)] {
                (least..COUNTS).for_each(|count| insert(counts, width * count, place));
            }
            // A pattern that may begin with nearly anything is looked for from its second byte on.
            let first = pattern.first.common(&other);
            let second = pattern.next_bytes(&after).common(&other);
            let any = first.count() > ANY;
            let starts = if any { second } else { first };
            shapes.starts = shapes.starts.union(&starts);
            inside.add(place, pattern, within, if any { ByteSet::default() } else { starts });
            at_line_start.add(place, pattern, begin, starts);
            if any {
                after_other.add(place, pattern, after, second);
            }
        }
        let mut known = HashMap::from([(vec![0; width], 0)]);
        let rows = [inside, at_line_start, after_other];
        shapes.runs = shapes.interned(rows.each_ref().map(|rows| rows.table.as_slice()), &mut known);
        shapes.others = shapes.interned(rows.each_ref().map(|rows| rows.others.as_slice()), &mut known);
        shapes.least = shapes.sets.chunks(width.max(1)).map(|set| shapes.least(set)).collect();
        shapes
    }

    /// Keeps each set once, and tells for each place of the tables the numbers of the three sets there.
    fn interned(&mut self, tables: [&[u64]; 3], known: &mut HashMap<Vec<u64>, u16>) -> Vec<[u16; 3]> {
        let width = self.width.max(1);
        let count = tables.map(|table| table.len() / width).into_iter().max().unwrap_or(0);
        let mut number = |table: &[u64], place: usize| {
            let set = table.get(place * width..(place + 1) * width).unwrap_or_default();
            *known.entry(set.to_vec()).or_insert_with(|| {
                let number = self.sets.len() / width;
                self.sets.extend(set);
                // INVARIANT: there are fewer sets than places in all tables, which are some thousands.
                u16::try_from(number).unwrap_or(0)
            })
        };
        (0..count).map(|place| tables.map(|table| number(table, place))).collect()
    }

    /// How much there must be ahead for any pattern of a set.
    fn least(&self, set: &[u64]) -> Ahead {
        let least = |counts: &[u64]| {
            let meets = |able: &[u64]| able.iter().zip(set).any(|(able, set)| able & set != 0);
            counts.chunks(self.width.max(1)).take_while(|able| !meets(able)).count() as u32
        };
        Ahead { digits: least(&self.digits), word: least(&self.words) }
    }

    /// How many words of 64 bits a set of patterns takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of the pattern at this place of a set.
    pub fn number(&self, place: usize) -> Option<u16> {
        self.numbers.get(place).copied()
    }

    /// Whether some pattern can begin at this byte, which is neither a letter nor a digit, or go on there after its first.
    #[inline]
    pub fn is_start(&self, byte: u8) -> bool {
        self.starts.has(byte)
    }

    /// The sets of patterns that can begin so: anywhere, where a line begins, and with the byte before, which is neither
    /// letter nor digit. 0 is the empty set.
    #[inline]
    pub fn sets(&self, first: First) -> [u16; 3] {
        let sets = match first {
            First::Run(kind, run, next) => {
                let next = next.map_or(CLASSES - 1, class_of);
                // Whatever follows a run longer than the table has, all classes have the same patterns.
                let next = if next == kind as usize { CLASSES - 1 } else { next };
                self.runs.get(index(kind as usize, run, next))
            }
            First::Other(byte) => self.others.get(usize::from(byte)),
        };
        sets.copied().unwrap_or_default()
    }

    /// Those of a set of patterns that may match with so much ahead, if there can be any.
    #[inline]
    pub fn able(&self, set: u16, ahead: Ahead) -> Option<Able<'_>> {
        let least = self.least.get(usize::from(set))?;
        (ahead.digits >= least.digits && ahead.word >= least.word).then(|| Able {
            first: self.set(&self.sets, usize::from(set)),
            digits: self.set(&self.digits, ahead.digits as usize),
            words: self.set(&self.words, ahead.word as usize),
        })
    }

    fn set<'a>(&self, sets: &'a [u64], number: usize) -> &'a [u64] {
        sets.get(number * self.width..(number + 1) * self.width).unwrap_or_default()
    }
}

// === impl Able ===

impl Able<'_> {
    /// The places, in a set, of those of them that are in this one, too.
    #[inline]
    pub fn within(self, set: &[u64]) -> impl Iterator<Item = usize> {
        let words = self.first.iter().zip(self.digits).zip(self.words).zip(set);
        (0..).step_by(64).zip(words).flat_map(|(at, (((first, digits), words), set))| {
            let mut able = first & digits & words & set;
            std::iter::from_fn(move || {
                let place = (able != 0).then_some(at + able.trailing_zeros() as usize);
                able &= able.wrapping_sub(1);
                place
            })
        })
    }
}

/// A first byte that may be one of more than so many tells nothing.
const ANY: usize = 100;

/// Adds a place to the set that begins at `from`.
pub fn insert(sets: &mut [u64], from: usize, place: usize) {
    if let Some(word) = sets.get_mut(from + place / 64) {
        *word |= 1 << (place % 64);
    }
}

/// Runs that are being made: a set of patterns each.
struct Rows {
    width: usize,
    table: Vec<u64>,
    others: Vec<u64>,
}

impl Rows {
    fn new(width: usize) -> Self {
        Self { width, table: vec![0; width * KINDS * (MAX_RUN + 1) * CLASSES], others: vec![0; width * 256] }
    }

    /// Adds a pattern that has come to these places, from where it goes on with letters and digits, or with one of `others`.
    fn add(&mut self, place: usize, pattern: &Pattern, from: States, others: ByteSet) {
        let next = pattern.next_bytes(&from);
        for byte in (0..=u8::MAX).filter(|byte| others.has(*byte) && next.has(*byte)) {
            insert(&mut self.others, self.width * usize::from(byte), place);
        }
        (0..KINDS).for_each(|kind| self.add_kind(place, pattern, from.clone(), kind));
    }

    fn add_kind(&mut self, place: usize, pattern: &Pattern, mut states: States, kind: usize) {
        for run in 1..=MAX_RUN {
            let after = pattern.step(&states, class_bytes(kind));
            if after.is_empty() {
                return;
            }
            states = pattern.reach(&after, Place::INSIDE);
            let ended = pattern.reach(&after, Place::EDGE);
            let (inside, outside) = (pattern.next_bytes(&states), pattern.next_bytes(&ended));
            for class in (0..CLASSES).filter(|class| *class != kind) {
                let (next, places) = if class >= OUTSIDE { (&outside, &ended) } else { (&inside, &states) };
                let goes_on = next.meets(class_bytes(class)) || pattern.matches(places);
                // A longer run than the table has may end in any way.
                if goes_on || run == MAX_RUN {
                    insert(&mut self.table, self.width * index(kind, run, class), place);
                }
            }
        }
    }
}

fn index(kind: usize, run: usize, class: usize) -> usize {
    (kind * (MAX_RUN + 1) + run) * CLASSES + class
}

/// The class of a byte: digit, capital, small letter, `_`, `-`, `.`, `/`, blank, `:`, anything else.
#[inline]
fn class_of(byte: u8) -> usize {
    CLASS.get(usize::from(byte)).map_or(CLASSES - 1, |class| usize::from(*class))
}

/// The classes of all bytes, as one is asked for at every word.
static CLASS: [u8; 256] = {
    let mut classes = [0; 256];
    let mut rest = classes.as_mut_slice();
    let mut byte = 0;
    while let Some((class, after)) = rest.split_first_mut() {
        *class = told(byte);
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

const fn told(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        b'_' => 3,
        b'-' => 4,
        b'.' => 5,
        b'/' => 6,
        b' ' | b'\t' | b'\n' | b'\r' => 7,
        b':' => 8,
        _ => 9,
    }
}

fn class_bytes(class: usize) -> &'static ByteSet {
    static SETS: LazyLock<[ByteSet; CLASSES]> = LazyLock::new(|| {
        let mut sets = [ByteSet::default(); CLASSES];
        for byte in 0..=u8::MAX {
            if let Some(set) = sets.get_mut(class_of(byte)) {
                set.add(byte, byte);
            }
        }
        sets
    });
    static NONE: ByteSet = ByteSet([0; 4]);
    SETS.get(class).unwrap_or(&NONE)
}

/// What is known of a place between two bytes.
#[derive(Clone, Copy)]
struct Place {
    edge: bool,
    line_start: bool,
}

impl Place {
    const EDGE: Self = Self { edge: true, line_start: false };
    const INSIDE: Self = Self { edge: false, line_start: false };
}

// === impl Pattern ===

impl Pattern {
    /// What a match can begin with.
    pub(super) fn first_bytes(&self) -> ByteSet {
        self.next_bytes(&self.reach(&[(0, 0)], Place { edge: true, line_start: true }))
    }

    /// The fewest bytes of a word that must come before a match can end or go on with another byte.
    fn least_word(&self, from: &[(u16, u16)]) -> usize {
        let word = (0..OUTSIDE).fold(ByteSet::default(), |all, class| all.union(class_bytes(class)));
        let mut states = from.to_vec();
        for length in 0..COUNTS - 1 {
            let next = self.next_bytes(&states);
            if self.matches(&states) || next.union(&word) != word {
                return length;
            }
            // An edge may follow at any place: a longer word is asked for only where all ways need it.
            states = self.reach(&self.step(&states, &word), Place::EDGE);
        }
        COUNTS - 1
    }

    /// All steps of the program that can be reached without a byte, at such a place of the text.
    fn reach(&self, from: &[(u16, u16)], place: Place) -> States {
        let mut reached = States::new();
        let mut open = from.to_vec();
        while let Some(state) = open.pop() {
            if reached.contains(&state) {
                continue;
            }
            reached.push(state);
            let (op, count) = state;
            match self.ops.get(usize::from(op)) {
                Some(Op::Set { min, .. }) if count >= *min => open.push((op + 1, 0)),
                Some(Op::Split { first, second, .. }) => open.extend([(*first, 0), (*second, 0)]),
                Some(Op::Jump(to)) => open.push((*to, 0)),
                Some(Op::Look(Look::Edge | Look::WordBoundary)) if !place.edge => {}
                Some(Op::Look(Look::LineStart)) if !place.line_start => {}
                Some(Op::Look(_) | Op::Value(_)) => open.push((op + 1, 0)),
                _ => {}
            }
        }
        reached
    }

    /// The places after one more byte of a set.
    fn step(&self, states: &[(u16, u16)], bytes: &ByteSet) -> States {
        let next = states.iter().filter_map(|(op, count)| match *self.ops.get(usize::from(*op))? {
            Op::Byte(byte) if bytes.has(byte) => Some((op + 1, 0)),
            Op::Set { set, max, .. } if *count < max && self.sets.get(usize::from(set))?.meets(bytes) => {
                Some((*op, count + 1))
            }
            _ => None,
        });
        let mut next: States = next.collect();
        next.sort_unstable();
        next.dedup();
        next
    }

    /// The bytes that lead on from some places.
    fn next_bytes(&self, states: &[(u16, u16)]) -> ByteSet {
        states.iter().fold(ByteSet::default(), |mut all, (op, count)| match self.ops.get(usize::from(*op)) {
            Some(Op::Byte(byte)) => {
                all.add(*byte, *byte);
                all
            }
            Some(Op::Set { set, max, .. }) if count < max => {
                self.sets.get(usize::from(*set)).map_or(all, |set| all.union(set))
            }
            _ => all,
        })
    }

    fn matches(&self, states: &[(u16, u16)]) -> bool {
        states.iter().any(|(op, _)| matches!(self.ops.get(usize::from(*op)), Some(Op::Match)))
    }
}
