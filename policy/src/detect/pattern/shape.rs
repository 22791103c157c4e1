//! Which patterns can begin with so many digits or letters in a row.
//!
//! Where a pattern has no literal, its match begins at some word with digits about. Most words rule most patterns out by
//! their first run alone: nine digits and a space are no `\d{3}-\d{2}-\d{4}`. The table is made by running each program
//! on sets of bytes instead of bytes.

use super::{ByteSet, Look, Op, Pattern};
use std::collections::BTreeSet;

/// Runs of this many bytes or more count as this many.
const MAX_RUN: usize = 32;
/// Classes of what follows a run.
const CLASSES: usize = 9;

/// For each first run and what follows it, the patterns that can begin so.
#[derive(Debug)]
pub struct Shapes {
    table: Vec<Vec<u16>>,
    /// The patterns that can begin with each byte that is neither a letter nor a digit.
    others: Vec<Vec<u16>>,
}

/// Where a program may be: the step, and how often its set has matched.
type States = BTreeSet<(u16, u16)>;

// === impl Shapes ===

impl Shapes {
    /// Takes the patterns with the numbers that they are known by.
    pub fn new<'a>(patterns: impl Iterator<Item = (u16, &'a Pattern)>) -> Self {
        let mut shapes = Self { table: vec![vec![]; 2 * (MAX_RUN + 1) * CLASSES], others: vec![vec![]; 256] };
        for (number, pattern) in patterns {
            for kind in [0, 1] {
                shapes.add_runs(number, pattern, kind);
            }
            let begin = pattern.reach([(0, 0)].into(), true);
            for (byte, list) in (0..=u8::MAX).zip(&mut shapes.others) {
                let mut only = ByteSet::default();
                only.add(byte, byte);
                if !byte.is_ascii_alphanumeric() && pattern.consumes(&begin, &only) {
                    list.push(number);
                }
            }
        }
        shapes
    }

    fn add_runs(&mut self, number: u16, pattern: &Pattern, kind: usize) {
        let bytes = class_bytes(kind);
        let mut states = pattern.reach([(0, 0)].into(), true);
        for run in 1..=MAX_RUN {
            let after = pattern.step(&states, &bytes);
            if after.is_empty() {
                return;
            }
            for class in (0..CLASSES).filter(|class| *class != kind) {
                let edge = class > 2;
                let next = pattern.reach(after.clone(), edge);
                let goes_on = pattern.consumes(&next, &class_bytes(class)) || pattern.matches(&next);
                // A longer run than the table has may end in any way.
                if (goes_on || run == MAX_RUN)
                    && let Some(list) = self.table.get_mut(index(kind, run, class))
                {
                    list.push(number);
                }
            }
            states = pattern.reach(after, false);
        }
    }

    /// The patterns that can begin with the bytes at `at`.
    pub fn at(&self, text: &[u8], at: usize) -> &[u16] {
        let rest = text.get(at..).unwrap_or_default();
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

    /// Whether any pattern can begin with this byte, which is neither a letter nor a digit.
    pub fn begins(&self, byte: u8) -> bool {
        self.others.get(usize::from(byte)).is_some_and(|list| !list.is_empty())
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

fn class_bytes(class: usize) -> ByteSet {
    let mut set = ByteSet::default();
    (0..=u8::MAX).filter(|byte| class_of(*byte) == class).for_each(|byte| set.add(byte, byte));
    set
}

// === impl Pattern ===

impl Pattern {
    /// All places that can be reached without a byte, where the text is or is not at the edge of a word.
    fn reach(&self, from: States, edge: bool) -> States {
        let mut reached = States::new();
        let mut open: Vec<(u16, u16)> = from.into_iter().collect();
        while let Some(state) = open.pop() {
            if !reached.insert(state) {
                continue;
            }
            let (op, count) = state;
            match self.ops.get(usize::from(op)) {
                Some(Op::Set { min, .. }) if count >= *min => open.push((op + 1, 0)),
                Some(Op::Split { first, second }) => open.extend([(*first, 0), (*second, 0)]),
                Some(Op::Jump(to)) => open.push((*to, 0)),
                Some(Op::Look(Look::Edge | Look::WordBoundary)) if !edge => {}
                Some(Op::Look(_) | Op::Value(_)) => open.push((op + 1, 0)),
                _ => {}
            }
        }
        reached
    }

    /// The places after one more byte of a set.
    fn step(&self, states: &States, bytes: &ByteSet) -> States {
        let next = states.iter().filter_map(|(op, count)| match *self.ops.get(usize::from(*op))? {
            Op::Byte(byte) if bytes.has(byte) => Some((op + 1, 0)),
            Op::Set { set, max, .. } if *count < max && self.sets.get(usize::from(set))?.meets(bytes) => {
                Some((*op, count + 1))
            }
            _ => None,
        });
        next.collect()
    }

    fn consumes(&self, states: &States, bytes: &ByteSet) -> bool {
        !self.step(states, bytes).is_empty()
    }

    fn matches(&self, states: &States) -> bool {
        states.iter().any(|(op, _)| matches!(self.ops.get(usize::from(*op)), Some(Op::Match)))
    }
}
