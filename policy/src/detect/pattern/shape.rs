//! Which patterns can begin with so many digits or letters in a row.
//!
//! Where a pattern has no literal, its match begins at some word with digits about. Most words rule most patterns out by
//! their first run alone: nine digits and a space are no `\d{3}-\d{2}-\d{4}`. The table is made by running each program
//! on sets of bytes instead of bytes.

use super::{ByteSet, Look, Op, Pattern};
use std::sync::LazyLock;

/// Runs of this many bytes or more count as this many.
const MAX_RUN: usize = 32;
/// Classes of what follows a run.
const CLASSES: usize = 9;

/// Which patterns can begin with the bytes at a place.
#[derive(Debug)]
pub struct Shapes {
    inside: Runs,
    at_line_start: Runs,
    /// After one byte that is neither a letter nor a digit: many patterns begin with what may not stand before them.
    after_other: Runs,
    /// The bytes, neither letters nor digits, that some pattern can begin with.
    others: ByteSet,
}

/// For each run of letters or digits and what follows it, the patterns that can go on so; for each other byte likewise.
#[derive(Debug)]
struct Runs {
    table: Vec<Vec<Able>>,
    others: Vec<Vec<Able>>,
}

/// A pattern that may match.
#[derive(Clone, Copy, Debug)]
pub struct Able {
    /// The number that it is known by.
    pub number: u16,
    /// How many digits it needs within the next 64 bytes.
    pub digits: u8,
}

/// Where a program may be: the step, and how often its set has matched.
type States = Vec<(u16, u16)>;

// === impl Shapes ===

impl Shapes {
    /// Takes the patterns with the numbers that they are known by.
    pub fn new<'a>(patterns: impl Iterator<Item = (u16, &'a Pattern)>) -> Self {
        let mut shapes = Self {
            inside: Runs::default(),
            at_line_start: Runs::default(),
            after_other: Runs::default(),
            others: ByteSet::default(),
        };
        let other = (2..CLASSES).fold(ByteSet::default(), |all, class| all.union(class_bytes(class)));
        for (number, pattern) in patterns {
            // Of a longer match the digits may stand further away.
            let least = if pattern.max <= 64 { pattern.digits.0 } else { 0 };
            let able = Able { number, digits: u8::try_from(least).unwrap_or(u8::MAX) };
            let begin = pattern.reach(&[(0, 0)], Place { edge: true, line_start: true });
            let after_other = pattern.reach(&pattern.step(&begin, &other), Place::EDGE);
            shapes.inside.add(able, pattern, pattern.reach(&[(0, 0)], Place::EDGE));
            shapes.at_line_start.add(able, pattern, begin);
            shapes.after_other.add(able, pattern, after_other);
            shapes.others = shapes.others.union(&pattern.first.common(&other));
        }
        shapes
    }

    /// The patterns that can begin with the bytes at `at`.
    pub fn at(&self, text: &[u8], at: usize) -> &[Able] {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let rest = text.get(at..).unwrap_or_default();
        match rest {
            [first, rest @ ..] if class_of(*first) > 1 => self.after_other.at(rest),
            _ if before.is_none_or(|byte| *byte == b'\n') => self.at_line_start.at(rest),
            _ => self.inside.at(rest),
        }
    }

    /// Whether any pattern can begin with this byte, which is neither a letter nor a digit.
    pub fn begins(&self, byte: u8) -> bool {
        self.others.has(byte)
    }
}

// === impl Runs ===

impl Default for Runs {
    fn default() -> Self {
        Self { table: vec![vec![]; 2 * (MAX_RUN + 1) * CLASSES], others: vec![vec![]; 256] }
    }
}

impl Runs {
    /// Adds a pattern that has come to these places.
    fn add(&mut self, able: Able, pattern: &Pattern, from: States) {
        let next = pattern.next_bytes(&from);
        for (byte, list) in (0..=u8::MAX).zip(&mut self.others) {
            if class_of(byte) > 1 && next.has(byte) {
                list.push(able);
            }
        }
        for kind in [0, 1] {
            self.add_kind(able, pattern, from.clone(), kind);
        }
    }

    fn add_kind(&mut self, able: Able, pattern: &Pattern, mut states: States, kind: usize) {
        for run in 1..=MAX_RUN {
            let after = pattern.step(&states, class_bytes(kind));
            if after.is_empty() {
                return;
            }
            states = pattern.reach(&after, Place::INSIDE);
            let ended = pattern.reach(&after, Place::EDGE);
            let (inside, outside) = (pattern.next_bytes(&states), pattern.next_bytes(&ended));
            for class in (0..CLASSES).filter(|class| *class != kind) {
                let (next, places) = if class > 2 { (&outside, &ended) } else { (&inside, &states) };
                let goes_on = next.meets(class_bytes(class)) || pattern.matches(places);
                // A longer run than the table has may end in any way.
                if (goes_on || run == MAX_RUN)
                    && let Some(list) = self.table.get_mut(index(kind, run, class))
                {
                    list.push(able);
                }
            }
        }
    }

    fn at(&self, rest: &[u8]) -> &[Able] {
        let Some(first) = rest.first() else { return &[] };
        let kind = class_of(*first);
        let list = if kind <= 1 {
            let run = rest.iter().take(MAX_RUN).take_while(|byte| class_of(**byte) == kind).count();
            // Whatever follows a run longer than the table has, all classes have the same patterns.
            let next = rest.get(run).map_or(CLASSES - 1, |byte| class_of(*byte));
            let next = if next == kind { CLASSES - 1 } else { next };
            self.table.get(index(kind, run, next))
        } else {
            self.others.get(usize::from(*first))
        };
        list.map_or(&[], Vec::as_slice)
    }
}

fn index(kind: usize, run: usize, class: usize) -> usize {
    (kind * (MAX_RUN + 1) + run) * CLASSES + class
}

/// The class of a byte: digit, letter, `_`, `-`, `.`, `/`, blank, `:`, anything else.
fn class_of(byte: u8) -> usize {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' | b'A'..=b'Z' => 1,
        b'_' => 2,
        b'-' => 3,
        b'.' => 4,
        b'/' => 5,
        b' ' | b'\t' | b'\n' | b'\r' => 6,
        b':' => 7,
        _ => 8,
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
                Some(Op::Split { first, second }) => open.extend([(*first, 0), (*second, 0)]),
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
