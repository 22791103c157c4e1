//! Running a program from one place.

use super::ahead::ANYTHING;
use super::{ByteSet, Edge, Look, MAX_MATCH, Op, Pattern};
use crate::detect::text::{is_word, word_starts_after_escape};

/// A match, in bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Where the whole match begins.
    pub start: usize,
    /// Where the whole match ends.
    pub end: usize,
    /// Where the value in it begins: the group named `value`, or else the whole.
    pub value_start: usize,
    /// Where the value ends.
    pub value_end: usize,
}

/// Room for the ways not yet tried, kept between runs.
#[derive(Debug, Default)]
pub struct Stack(Vec<Way>);

/// Ways not yet tried: going on at `op`, with one of the set `next`, from any place between `least` and `at`, the furthest
/// first.
#[derive(Clone, Copy, Debug)]
struct Way {
    op: u16,
    next: u16,
    least: u32,
    at: u32,
    value: (u32, u32),
}

/// The most ways kept; a run that needs more has failed.
const MAX_WAYS: usize = 4096;

impl Pattern {
    /// The match that begins at `start`, if any. Takes one from `steps` for each step; without any left nothing matches.
    pub fn run(&self, text: &[u8], start: usize, stack: &mut Stack, steps: &mut u64) -> Option<Match> {
        let base = text.get(start..)?;
        let limit = base.len().min(MAX_MATCH);
        let mut way = Way { op: 0, next: ANYTHING, least: 0, at: 0, value: (u32::MAX, u32::MAX) };
        stack.0.clear();
        loop {
            if let Some((end, value)) = self.follow(text, start, limit, way, stack, steps) {
                let (from, to) = if value.1 == u32::MAX { (0, end) } else { (value.0 as usize, value.1 as usize) };
                return Some(Match { start, end: start + end, value_start: start + from, value_end: start + to });
            }
            way = stack.pop()?;
            while !self.leads_on(way.next, base.get(way.at as usize)) {
                *steps = steps.saturating_sub(1);
                way = stack.pop()?;
            }
        }
    }

    /// Follows one way until it matches or fails.
    fn follow(
        &self,
        text: &[u8],
        start: usize,
        limit: usize,
        way: Way,
        stack: &mut Stack,
        steps: &mut u64,
    ) -> Option<(usize, (u32, u32))> {
        let base = text.get(start..)?.get(..limit)?;
        let (ops, sets): (&[Op], &[ByteSet]) = (&self.ops, &self.sets);
        let (mut op, mut at, mut value) = (usize::from(way.op), way.at as usize, way.value);
        loop {
            *steps = steps.saturating_sub(1);
            if *steps == 0 {
                return None;
            }
            match *ops.get(op)? {
                Op::Byte(byte) => {
                    if *base.get(at)? != byte {
                        return None;
                    }
                    at += 1;
                    op += 1;
                }
                Op::Set { set, min, max, next } => {
                    let set = sets.get(usize::from(set))?;
                    let rest = base.get(at..)?;
                    let most = usize::from(max).min(rest.len());
                    let count = rest.iter().take(most).take_while(|byte| set.has(**byte)).count();
                    *steps = steps.saturating_sub(count as u64 / 8);
                    let min = usize::from(min);
                    let most = (min..=count).rev().find(|count| self.leads_on(next, rest.get(*count)))?;
                    op += 1;
                    if most > min {
                        stack.push(op, next, at + min, at + most - 1, value)?;
                    }
                    at += most;
                }
                Op::Split { first, second, next } => {
                    let byte = base.get(at);
                    op = match next.map(|next| self.leads_on(next, byte)) {
                        [true, true] => {
                            stack.push(usize::from(second), ANYTHING, at, at, value)?;
                            usize::from(first)
                        }
                        [true, false] => usize::from(first),
                        [false, true] => usize::from(second),
                        [false, false] => return None,
                    };
                }
                Op::Jump(to) => op = usize::from(to),
                Op::Look(look) => {
                    if !look.holds(text, start + at) {
                        return None;
                    }
                    op += 1;
                }
                Op::Value(edge) => {
                    let here = u32::try_from(at).ok()?;
                    match edge {
                        Edge::Start => value = (here, u32::MAX),
                        Edge::End => value.1 = here,
                    }
                    op += 1;
                }
                Op::Match => return Some((at, value)),
            }
        }
    }
}

impl Stack {
    fn push(&mut self, op: usize, next: u16, least: usize, at: usize, value: (u32, u32)) -> Option<()> {
        if self.0.len() >= MAX_WAYS {
            return None;
        }
        let (least, at) = (u32::try_from(least).ok()?, u32::try_from(at).ok()?);
        self.0.push(Way { op: u16::try_from(op).ok()?, next, least, at, value });
        Some(())
    }

    /// The way to try next.
    fn pop(&mut self) -> Option<Way> {
        let last = self.0.last_mut()?;
        let way = *last;
        if last.at > last.least {
            last.at -= 1;
        } else {
            self.0.pop();
        }
        Some(way)
    }
}

impl Look {
    fn holds(self, text: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| text.get(before)).copied();
        let after = text.get(at).copied();
        let (word_before, word_after) = (before.is_some_and(is_word), after.is_some_and(is_word));
        match self {
            Self::Edge => !(word_before && word_after) || word_starts_after_escape(text, at),
            Self::LineStart => before.is_none_or(|byte| byte == b'\n'),
            Self::LineEnd => after.is_none_or(|byte| byte == b'\n' || byte == b'\r'),
            Self::WordBoundary => (word_before != word_after) || word_starts_after_escape(text, at),
            Self::NotWordBoundary => word_before == word_after,
        }
    }
}
