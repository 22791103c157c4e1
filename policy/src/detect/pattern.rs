//! A pattern of a detector: a regular expression over bytes, run only from places where a match may begin.
//!
//! A general engine is built to find where matches begin; here a trigger has already said so. What is left is small: a
//! program of byte sets with bounded counts, run by backtracking with a budget. Most patterns (`AKIA[A-Z2-7]{16}`) run
//! straight through. It needs no memory beyond its program, which matters because every worker of an Envoy holds its own;
//! the programs of the packs are made when this crate is built.

mod ahead;
mod compile;
mod literal;
mod run;
mod shape;

pub use literal::{Anchor, Trigger};
pub use run::Stack;
pub use shape::{Able, Ahead, First, Kind, MAX_RUN, Shapes, insert};

use super::Boundary;
use regex_syntax::hir::Hir;
use std::borrow::Cow;

/// The longest match of a pattern, in bytes.
pub const MAX_MATCH: usize = 1024;
/// The most steps that a program may have: a bound for what people write.
const MAX_OPS: usize = 4096;
/// How deep groups may nest, so that walking a pattern cannot exhaust the stack.
const MAX_NEST: u32 = 40;
/// The most bytes a pattern may be written in.
const MAX_WRITTEN: usize = 8 * 1024;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    pub(super) ops: Cow<'static, [Op]>,
    pub(super) sets: Cow<'static, [ByteSet]>,
    pub(super) max: usize,
    pub(super) digits: (usize, usize),
    /// What a match can begin with.
    pub(super) first: ByteSet,
}

/// A pattern that was compiled when this crate was built.
#[derive(Debug)]
pub struct Ready {
    pub written: &'static str,
    pub ignore_case: bool,
    pub boundary: Boundary,
    pub literals: &'static [&'static str],
    pub ops: &'static [Op],
    pub sets: &'static [ByteSet],
    pub max: usize,
    pub digits: (usize, usize),
    pub first: ByteSet,
    /// The literals of its trigger, with the fewest and the most bytes of the match before each; none if it has none.
    pub trigger: &'static [(&'static [u8], (usize, usize))],
}

/// Why a pattern cannot be used, in words for its author.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// It is no regular expression.
    #[error("`{0}` is no pattern: {1}")]
    Syntax(String, String),
    /// It can match without end.
    #[error("`{0}` has a repeat without an upper bound, or can match more than {MAX_MATCH} bytes")]
    Unbounded(String),
    /// It can match nothing at all.
    #[error("`{0}` matches the empty text")]
    Empty(String),
    /// Its program is too large.
    #[error("`{0}` is too large: its repeats unfold to more than {MAX_OPS} steps")]
    TooLarge(String),
    /// It uses something that no byte pattern has.
    #[error("`{0}` uses {1}, which a pattern over bytes does not have")]
    Unsupported(String, &'static str),
}

/// One step of a program.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// This very byte.
    Byte(u8),
    /// Between `min` and `max` bytes of a set, as many as possible; then comes one of the set `next`.
    Set { set: u16, min: u16, max: u16, next: u16 },
    /// Go on at `first`; if that fails, at `second`; each with one of the set in `next`.
    Split { first: u16, second: u16, next: [u16; 2] },
    /// Go on elsewhere.
    Jump(u16),
    /// Something about the place between two bytes.
    Look(Look),
    /// The value begins or ends here.
    Value(Edge),
    /// A match ends here.
    Match,
}

/// The beginning or the end of the value.
#[derive(Clone, Copy, Debug)]
pub enum Edge {
    Start,
    End,
}

/// What can be asked of the place between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// No word byte on both sides, or: the match does not go on or begin inside a word.
    Edge,
    LineStart,
    LineEnd,
    WordBoundary,
    NotWordBoundary,
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteSet(pub [u64; 4]);

// === impl Pattern ===

impl Pattern {
    /// Compiles a written pattern, and tells which literals stand in each of its matches: those given, where one of them
    /// is long enough to be looked for, or else the best to be had from the pattern.
    pub fn compile(
        written: &str,
        ignore_case: bool,
        boundary: Boundary,
        literals: Option<&[String]>,
    ) -> Result<(Self, Option<Trigger>), InvalidPattern> {
        let hir = parse(written, ignore_case)?;
        let properties = hir.properties();
        let (min, max) = (properties.minimum_len(), properties.maximum_len());
        let (Some(min), Some(max @ ..=MAX_MATCH)) = (min, max) else {
            return Err(InvalidPattern::Unbounded(written.to_owned()));
        };
        if min == 0 {
            return Err(InvalidPattern::Empty(written.to_owned()));
        }
        let (ops, sets) = compile::program(&hir, boundary).map_err(|why| why.of(written))?;
        let given = literals.and_then(|literals| literal::given(&hir, literals, max));
        let trigger = given.or_else(|| literal::trigger(&hir));
        let digits = compile::digits(&hir);
        let (ops, sets) = (Cow::Owned(ops), Cow::Owned(sets));
        let mut pattern = Self { ops, sets, max, digits, first: ByteSet::default() };
        pattern.first = pattern.first_bytes();
        pattern.look_ahead().map_err(|why| why.of(written))?;
        Ok((pattern, trigger))
    }

    /// Takes what was compiled before.
    pub fn ready(ready: &'static Ready) -> (Self, Option<Trigger>) {
        let Ready { ops, sets, max, digits, first, trigger, .. } = *ready;
        let anchor = |(literal, before): &(&[u8], _)| Anchor { literal: literal.to_vec(), before: *before };
        let trigger = (!trigger.is_empty()).then(|| Trigger(trigger.iter().map(anchor).collect()));
        (Self { ops: Cow::Borrowed(ops), sets: Cow::Borrowed(sets), max, digits, first }, trigger)
    }

    /// Whether a match can begin with this byte.
    #[inline]
    pub fn begins(&self, byte: u8) -> bool {
        self.first.has(byte)
    }

    /// The most bytes of a match.
    pub fn max(&self) -> usize {
        self.max
    }

    /// The fewest and the most digits of a match.
    pub fn digits(&self) -> (usize, usize) {
        self.digits
    }
}

// === impl InvalidPattern ===

impl InvalidPattern {
    /// What would be right.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Syntax(..) => "patterns are those of the Rust `regex` crate, without Unicode classes",
            Self::Unbounded(_) => "give every repeat an upper bound: `{1,64}` in place of `+`",
            Self::Empty(_) => "give at least one part of it a repeat of one or more",
            Self::TooLarge(_) => "use smaller repeats of groups, or `terms`",
            Self::Unsupported(..) => "use ASCII classes and `\\b`",
        }
    }
}

fn parse(written: &str, ignore_case: bool) -> Result<Hir, InvalidPattern> {
    if written.len() > MAX_WRITTEN {
        return Err(InvalidPattern::TooLarge(written.chars().take(40).collect()));
    }
    let mut parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .case_insensitive(ignore_case)
        .nest_limit(MAX_NEST)
        .build();
    parser.parse(written).map_err(|error| {
        let why = match &error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            other => other.to_string(),
        };
        InvalidPattern::Syntax(written.to_owned(), why)
    })
}

// === impl ByteSet ===

impl ByteSet {
    /// Adds the bytes from `start` to `end`, both included.
    pub fn add(&mut self, start: u8, end: u8) {
        for byte in start..=end {
            if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
    }

    /// Whether the byte is in the set.
    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    /// How many bytes are in the set.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the two sets share a byte.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }

    /// All bytes in both sets.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let mut common = *self;
        common.0.iter_mut().zip(other.0).for_each(|(a, b)| *a &= b);
        common
    }

    /// All bytes in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = *self;
        all.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
        all
    }
}

#[cfg(test)]
mod tests;
