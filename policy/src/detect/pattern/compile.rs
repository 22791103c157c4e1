//! From a parsed regular expression to a program.

use super::ahead::ANYTHING;
use super::{Boundary, ByteSet, Edge, InvalidPattern, Look, MAX_OPS, Op};
use regex_syntax::hir::{self, Class, Hir, HirKind, Repetition};

/// The name of the group that holds what is found.
const VALUE: &str = "value";

/// Why there is no program.
pub enum Refusal {
    TooLarge,
    Unsupported(&'static str),
}

/// The program of a pattern and its byte sets.
pub fn program(hir: &Hir, boundary: Boundary) -> Result<(Vec<Op>, Vec<ByteSet>), Refusal> {
    let mut builder = Builder::default();
    if boundary == Boundary::Word {
        builder.push(Op::Look(Look::Edge))?;
    }
    builder.add(hir)?;
    if boundary == Boundary::Word {
        builder.push(Op::Look(Look::Edge))?;
    }
    builder.push(Op::Match)?;
    Ok((builder.ops, builder.sets))
}

#[derive(Default)]
struct Builder {
    ops: Vec<Op>,
    sets: Vec<ByteSet>,
}

// === impl Refusal ===

impl Refusal {
    /// The refusal of this pattern.
    pub fn of(self, written: &str) -> InvalidPattern {
        match self {
            Self::TooLarge => InvalidPattern::TooLarge(written.to_owned()),
            Self::Unsupported(what) => InvalidPattern::Unsupported(written.to_owned(), what),
        }
    }
}

// === impl Builder ===

impl Builder {
    fn push(&mut self, op: Op) -> Result<usize, Refusal> {
        if self.ops.len() >= MAX_OPS {
            return Err(Refusal::TooLarge);
        }
        self.ops.push(op);
        Ok(self.ops.len() - 1)
    }

    /// The place of the next step. INVARIANT: at most `MAX_OPS`, so it fits.
    fn here(&self) -> u16 {
        u16::try_from(self.ops.len()).unwrap_or(u16::MAX)
    }

    fn put(&mut self, place: usize, op: Op) {
        if let Some(old) = self.ops.get_mut(place) {
            *old = op;
        }
    }

    /// The parser bounds how deep this nests.
    fn add(&mut self, hir: &Hir) -> Result<(), Refusal> {
        match hir.kind() {
            HirKind::Empty => Ok(()),
            HirKind::Literal(literal) => literal.0.iter().try_for_each(|byte| self.push(Op::Byte(*byte)).map(drop)),
            HirKind::Class(class) => self.add_set(byte_set(class)?, 1, 1),
            HirKind::Look(look) => self.push(Op::Look(look_of(*look)?)).map(drop),
            HirKind::Repetition(repetition) => self.add_repetition(repetition),
            HirKind::Capture(capture) if capture.name.as_deref() == Some(VALUE) => {
                self.push(Op::Value(Edge::Start))?;
                self.add(&capture.sub)?;
                self.push(Op::Value(Edge::End)).map(drop)
            }
            HirKind::Capture(capture) => self.add(&capture.sub),
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.add(part)),
            HirKind::Alternation(branches) => self.add_alternation(branches),
        }
    }

    fn add_set(&mut self, set: ByteSet, min: u16, max: u16) -> Result<(), Refusal> {
        let known = self.sets.iter().position(|known| *known == set);
        let place = known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        let set = u16::try_from(place).map_err(|_| Refusal::TooLarge)?;
        self.push(Op::Set { set, min, max, next: ANYTHING }).map(drop)
    }

    fn add_repetition(&mut self, repetition: &Repetition) -> Result<(), Refusal> {
        let max = repetition.max.ok_or(Refusal::TooLarge)?;
        let (Ok(min), Ok(max)) = (u16::try_from(repetition.min), u16::try_from(max)) else {
            return Err(Refusal::TooLarge);
        };
        if repetition.greedy
            && let Some(set) = single(&repetition.sub)?
        {
            return self.add_set(set, min, max);
        }
        for _ in 0..min {
            self.add(&repetition.sub)?;
        }
        let mut exits = Vec::new();
        for _ in min..max {
            exits.push(self.push(Op::Match)?);
            self.add(&repetition.sub)?;
        }
        let end = self.here();
        for exit in exits {
            let body = u16::try_from(exit + 1).unwrap_or(u16::MAX);
            let (first, second) = if repetition.greedy { (body, end) } else { (end, body) };
            self.put(exit, Op::Split { first, second, next: [ANYTHING; 2] });
        }
        Ok(())
    }

    fn add_alternation(&mut self, branches: &[Hir]) -> Result<(), Refusal> {
        let Some((last, others)) = branches.split_last() else {
            return Ok(());
        };
        let mut ends = Vec::new();
        for branch in others {
            let split = self.push(Op::Match)?;
            self.add(branch)?;
            ends.push(self.push(Op::Match)?);
            let body = u16::try_from(split + 1).unwrap_or(u16::MAX);
            self.put(split, Op::Split { first: body, second: self.here(), next: [ANYTHING; 2] });
        }
        self.add(last)?;
        let end = self.here();
        ends.into_iter().for_each(|place| self.put(place, Op::Jump(end)));
        Ok(())
    }
}

/// The set of bytes, if that is all that is repeated.
fn single(hir: &Hir) -> Result<Option<ByteSet>, Refusal> {
    Ok(match hir.kind() {
        HirKind::Class(class) => Some(byte_set(class)?),
        HirKind::Literal(literal) => match literal.0.as_ref() {
            [byte] => {
                let mut set = ByteSet::default();
                set.add(*byte, *byte);
                Some(set)
            }
            _ => None,
        },
        _ => None,
    })
}

/// The bytes of a class.
pub fn byte_set(class: &Class) -> Result<ByteSet, Refusal> {
    // The parser joins `(?:a|b)` to a class of characters even where it was told to think in bytes.
    let class = match class {
        Class::Bytes(class) => Some(class.clone()),
        Class::Unicode(class) => class.to_byte_class(),
    };
    let class = class.ok_or(Refusal::Unsupported("a Unicode class"))?;
    let mut set = ByteSet::default();
    class.ranges().iter().for_each(|range| set.add(range.start(), range.end()));
    Ok(set)
}

/// The fewest and the most digits of a match.
pub fn digits(hir: &Hir) -> (usize, usize) {
    let sum = |parts: &[Hir]| {
        parts.iter().map(digits).fold((0_usize, 0_usize), |sum, part| (sum.0 + part.0, sum.1.saturating_add(part.1)))
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, 0),
        HirKind::Literal(literal) => {
            let count = literal.0.iter().filter(|byte| byte.is_ascii_digit()).count();
            (count, count)
        }
        HirKind::Class(class) => {
            let mut all = ByteSet::default();
            all.add(b'0', b'9');
            let some = byte_set(class).is_ok_and(|set| set.meets(&all));
            let only = byte_set(class).is_ok_and(|set| set.union(&all) == all);
            (usize::from(only), usize::from(some))
        }
        HirKind::Repetition(repetition) => {
            let (least, most) = digits(&repetition.sub);
            let max = repetition.max.map_or(usize::MAX, |max| max as usize);
            (least.saturating_mul(repetition.min as usize), most.saturating_mul(max))
        }
        HirKind::Capture(capture) => digits(&capture.sub),
        HirKind::Concat(parts) => sum(parts),
        HirKind::Alternation(branches) => {
            let branches = || branches.iter().map(digits);
            (branches().map(|d| d.0).min().unwrap_or(0), branches().map(|d| d.1).max().unwrap_or(0))
        }
    }
}

fn look_of(look: hir::Look) -> Result<Look, Refusal> {
    use hir::Look as Written;
    match look {
        Written::Start | Written::StartLF | Written::StartCRLF => Ok(Look::LineStart),
        Written::End | Written::EndLF | Written::EndCRLF => Ok(Look::LineEnd),
        Written::WordAscii => Ok(Look::WordBoundary),
        Written::WordAsciiNegate => Ok(Look::NotWordBoundary),
        _ => Err(Refusal::Unsupported("a half or Unicode word boundary")),
    }
}
