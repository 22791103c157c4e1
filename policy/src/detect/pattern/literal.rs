//! Which literals stand in every match of a pattern: what to look for in a text instead of the pattern itself.

use crate::detect::language::rarity;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Literals of which one stands in every match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger(pub Vec<Anchor>);

/// A literal of a match and how far from the beginning of the match it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The literal with its ASCII letters in lower case.
    pub literal: Vec<u8>,
    /// The fewest and the most bytes of the match before it.
    pub before: (usize, usize),
}

/// The most literals that one trigger may have.
const MAX_LITERALS: usize = 48;
/// The most bytes of a literal that are looked for.
const MAX_LITERAL: usize = 32;
/// The fewest bytes of a literal that is worth looking for.
const MIN_LITERAL: usize = 3;
/// The most bytes of a class that is written out into literals.
const MAX_CLASS: usize = 8;

/// The best trigger of a pattern, if every match holds a literal of at least three bytes.
pub fn trigger(hir: &Hir) -> Option<Trigger> {
    let all = walk(hir).all().into_iter();
    all.filter(|trigger| trigger.worth() > 0).max_by_key(Trigger::worth)
}

/// The trigger made of the literals that an author gives, unless one is too short to be looked for.
pub fn given(hir: &Hir, literals: &[String], max: usize) -> Option<Trigger> {
    let anchor = |literal: &String| {
        let literal = literal.to_ascii_lowercase().into_bytes();
        let before = place(hir, &literal).unwrap_or((0, max.saturating_sub(literal.len())));
        (literal.len() >= MIN_LITERAL).then_some(Anchor { literal, before })
    };
    let anchors: Option<Vec<Anchor>> = literals.iter().map(anchor).collect();
    anchors.filter(|anchors| !anchors.is_empty()).map(Trigger)
}

/// Where `literal` (in lower case) stands in every match that holds it: the fewest and most bytes before it.
fn place(hir: &Hir, literal: &[u8]) -> Option<(usize, usize)> {
    let places = walk(hir).all().into_iter().flat_map(|trigger| trigger.0).filter_map(|anchor| {
        let at = memchr::memmem::find(&anchor.literal, literal)?;
        Some((anchor.before.0 + at, anchor.before.1 + at))
    });
    places.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// What is known of a part of a pattern.
#[derive(Default)]
struct Walked {
    /// All that the part can match, if that is little.
    exact: Option<Vec<Vec<u8>>>,
    /// Triggers within it, any of which would do.
    inner: Vec<Trigger>,
}

/// The parser bounds how deep this nests.
fn walk(hir: &Hir) -> Walked {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Walked { exact: Some(vec![vec![]]), inner: vec![] },
        HirKind::Literal(literal) => Walked { exact: Some(vec![literal.0.to_ascii_lowercase()]), inner: vec![] },
        HirKind::Class(class) => Walked { exact: members(class), inner: vec![] },
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min == 0 => Walked::default(),
        HirKind::Repetition(repetition) if repetition.max == Some(1) => walk(&repetition.sub),
        HirKind::Repetition(repetition) => {
            let once = walk(&repetition.sub);
            Walked { exact: None, inner: once.all() }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(branches) => alternation(branches),
    }
}

fn concat(parts: &[Hir]) -> Walked {
    let mut run: Vec<Vec<u8>> = vec![vec![]];
    let (mut run_before, mut before) = (Some((0, 0)), Some((0, 0)));
    let (mut inner, mut whole) = (vec![], true);
    for part in parts {
        let walked = walk(part);
        let next = before.and_then(|before| after(before, part));
        match walked.exact.as_ref().and_then(|exact| cross(&run, exact)) {
            Some(longer) => run = longer,
            None => {
                whole = false;
                inner.extend(run_before.map(|before| anchors(run, before)));
                let within = before.map(|before| walked.inner.into_iter().map(move |trigger| trigger.moved(before)));
                inner.extend(within.into_iter().flatten());
                (run, run_before) = match walked.exact {
                    Some(exact) => (exact, before),
                    None => (vec![vec![]], next),
                };
            }
        }
        before = next;
    }
    if whole {
        return Walked { exact: Some(run), inner };
    }
    inner.extend(run_before.map(|before| anchors(run, before)));
    Walked { exact: None, inner }
}

fn alternation(branches: &[Hir]) -> Walked {
    let (mut exact, mut each) = (Some(vec![]), Some(vec![]));
    for branch in branches.iter().map(walk) {
        exact = match (exact, &branch.exact) {
            (Some(mut all), Some(more)) if all.len() + more.len() <= MAX_LITERALS => {
                all.extend(more.iter().cloned());
                Some(all)
            }
            _ => None,
        };
        let best = branch.all().into_iter().max_by_key(Trigger::worth);
        each = match (each, best) {
            (Some(mut all), Some(Trigger(more))) if all.len() + more.len() <= MAX_LITERALS => {
                all.extend(more);
                Some(all)
            }
            _ => None,
        };
    }
    Walked { exact, inner: each.map(Trigger).into_iter().collect() }
}

/// The bytes before what follows `part`.
fn after(before: (usize, usize), part: &Hir) -> Option<(usize, usize)> {
    let properties = part.properties();
    Some((before.0 + properties.minimum_len()?, before.1 + properties.maximum_len()?))
}

/// Every member of a small class, in lower case.
fn members(class: &Class) -> Option<Vec<Vec<u8>>> {
    let Class::Bytes(class) = class else { return None };
    let mut bytes = Vec::new();
    for byte in class.ranges().iter().flat_map(|range| range.start()..=range.end()).take(2 * MAX_CLASS + 1) {
        let byte = byte.to_ascii_lowercase();
        if !bytes.contains(&vec![byte]) {
            bytes.push(vec![byte]);
        }
    }
    (bytes.len() <= MAX_CLASS).then_some(bytes)
}

/// Each of `heads` followed by each of `tails`, unless that is too much.
fn cross(heads: &[Vec<u8>], tails: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if heads.len() * tails.len() > MAX_LITERALS {
        return None;
    }
    let joined = heads.iter().flat_map(|head| tails.iter().map(move |tail| [head.as_slice(), tail].concat()));
    let joined: Vec<Vec<u8>> = joined.collect();
    joined.iter().all(|literal| literal.len() <= 2 * MAX_LITERAL).then_some(joined)
}

fn anchors(literals: Vec<Vec<u8>>, before: (usize, usize)) -> Trigger {
    let mut anchors: Vec<Anchor> = Vec::new();
    for mut literal in literals {
        literal.truncate(MAX_LITERAL);
        let anchor = Anchor { literal, before };
        if !anchors.contains(&anchor) {
            anchors.push(anchor);
        }
    }
    Trigger(anchors)
}

// === impl Walked ===

impl Walked {
    /// Every trigger that would do for the part.
    fn all(self) -> Vec<Trigger> {
        let whole = self.exact.map(|literals| anchors(literals, (0, 0)));
        whole.into_iter().chain(self.inner).collect()
    }
}

// === impl Trigger ===

impl Trigger {
    /// How rare its literals are, in about bits; nothing if one is too short or may stand too far from the beginning.
    fn worth(&self) -> u32 {
        let rarest = self.0.iter().map(Anchor::worth).min().unwrap_or(0);
        rarest.saturating_sub(self.0.len().ilog2().min(8))
    }

    fn moved(self, by: (usize, usize)) -> Self {
        let moved = |anchor: Anchor| Anchor { before: (anchor.before.0 + by.0, anchor.before.1 + by.1), ..anchor };
        Self(self.0.into_iter().map(moved).collect())
    }
}

impl Anchor {
    fn worth(&self) -> u32 {
        if self.literal.len() < MIN_LITERAL {
            return 0;
        }
        let bits: u32 = self.literal.iter().take(8).map(|byte| rarity(*byte)).sum();
        // Every place before the literal where a match may begin has to be tried.
        let spread = u32::try_from(self.before.1 - self.before.0).unwrap_or(u32::MAX).saturating_add(1).ilog2();
        bits.saturating_sub(spread).max(1)
    }
}
