//! Strings and numbers as blocks: borrowed where they lie whole in a chunk, cut where they are long.

use super::{BLOCK, OVERLAP, Place};

/// A string, key or number, or a part of a long one.
///
/// A long one comes as consecutive blocks of at most [`BLOCK`] bytes, cut where its own bytes say and not where the
/// chunks ended, so that the same string always yields the same blocks. Each shares at least [`OVERLAP`] bytes with the
/// one before. No cut falls inside a character, an escape, or a surrogate pair of escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// What this is, or is a part of.
    pub kind: Kind,
    /// Where the whole stands.
    pub place: Place<'a>,
    /// How many keys, strings and numbers came before it in the document.
    pub index: u64,
    /// The bytes as they stand in the body, without quotes and still escaped; see [`super::unescape`].
    pub raw: &'a [u8],
    /// The offset of the first of them in the body.
    pub at: u64,
    /// How many of the leading bytes stood in the block before.
    pub overlap: usize,
    /// Whether the whole begins with this block.
    pub first: bool,
    /// Whether the whole ends with this block.
    pub last: bool,
}

/// What a block is, or is a part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The key of an object's member.
    Key,
    /// A string that is a value.
    #[default]
    Text,
    /// A number, as it is written.
    Number,
}

/// Puts together what came in several chunks, and cuts what is long.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// What came in earlier chunks and was not yet handed on, or must be again.
    held: Vec<u8>,
    /// The offset in the body of the next block's first byte.
    at: u64,
    overlap: usize,
    first: bool,
}

/// A block without its surroundings.
pub(super) struct Piece<'a> {
    pub(super) raw: &'a [u8],
    pub(super) at: u64,
    pub(super) overlap: usize,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// Where a block ends, and where the next one begins.
struct Cut {
    end: usize,
    next: usize,
}

// === impl Block ===

impl<'a> Block<'a> {
    /// The bytes that stood in no block before.
    pub fn fresh(&self) -> &'a [u8] {
        self.raw.get(self.overlap..).unwrap_or_default()
    }
}

// === impl Assembly ===

impl Assembly {
    /// Begins a string or number whose first content byte is at `at`.
    pub(super) fn begin(&mut self, at: u64) {
        *self = Self { held: std::mem::take(&mut self.held), at, overlap: 0, first: true };
        self.held.clear();
    }

    /// Takes the content's next bytes, all valid; `last` if no more will come.
    pub(super) fn push(&mut self, bytes: &[u8], last: bool, emit: &mut impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while !self.held.is_empty() && self.held.len() + rest.len() > BLOCK {
            rest = self.cut_held(rest, emit);
        }
        if !self.held.is_empty() {
            self.held.extend_from_slice(rest);
            if last {
                let held = std::mem::take(&mut self.held);
                self.emit(&held, true, emit);
                self.held = held;
                self.held.clear();
            }
            return;
        }
        while let Some(full) = rest.get(..BLOCK).filter(|_| rest.len() > BLOCK) {
            let cut = cut(full);
            self.emit(rest.get(..cut.end).unwrap_or_default(), false, emit);
            self.overlap = cut.end - cut.next;
            self.at += cut.next as u64;
            rest = rest.get(cut.next..).unwrap_or_default();
        }
        if last {
            self.emit(rest, true, emit);
        } else {
            self.held.extend_from_slice(rest);
        }
    }

    /// Fills what is held to a whole block, hands it on, and says what is left of the bytes.
    fn cut_held<'a>(&mut self, bytes: &'a [u8], emit: &mut impl FnMut(Piece<'_>)) -> &'a [u8] {
        let before = self.held.len();
        let (fill, rest) = bytes.split_at_checked(BLOCK - before).unwrap_or((bytes, &[]));
        self.held.extend_from_slice(fill);
        let cut = cut(&self.held);
        let held = std::mem::take(&mut self.held);
        self.emit(held.get(..cut.end).unwrap_or_default(), false, emit);
        self.held = held;
        self.overlap = cut.end - cut.next;
        self.at += cut.next as u64;
        if let Some(inside) = cut.next.checked_sub(before) {
            // The next block lies in the chunk alone, so it can be borrowed.
            self.held.clear();
            return bytes.get(inside..).unwrap_or_default();
        }
        self.held.drain(..cut.next);
        rest
    }

    fn emit(&mut self, raw: &[u8], last: bool, emit: &mut impl FnMut(Piece<'_>)) {
        emit(Piece { raw, at: self.at, overlap: self.overlap, first: self.first, last });
        self.first = false;
    }
}

/// Cuts a full block of a longer string.
fn cut(block: &[u8]) -> Cut {
    let end = safe(block, block.len().saturating_sub(1));
    let next = safe(block, end.saturating_sub(OVERLAP));
    Cut { end, next }
}

/// The last place up to `at` that is not inside a character, an escape, or a surrogate pair; the block's start is safe.
fn safe(block: &[u8], at: usize) -> usize {
    let mut at = at;
    while block.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
        at = at.saturating_sub(1);
    }
    for back in 1..=at.min(LONGEST_ESCAPE - 1) {
        if escape_length(block, at - back).is_some_and(|length| length > back) {
            at -= back;
            break;
        }
    }
    match at.checked_sub(LONGEST_ESCAPE) {
        Some(before) if is_first_half(block, before) => before,
        _ => at,
    }
}

/// The length of `\uXXXX`.
const LONGEST_ESCAPE: usize = 6;

/// The length of the escape that begins here, if one does.
fn escape_length(block: &[u8], at: usize) -> Option<usize> {
    let is_backslash = |byte: &u8| *byte == b'\\';
    block.get(at).filter(|byte| is_backslash(byte))?;
    // An odd number of backslashes before this one means that it is itself escaped.
    let before = block.get(..at)?.iter().rev().take_while(|byte| is_backslash(byte)).count();
    match (before % 2, block.get(at + 1)) {
        (0, Some(b'u')) => Some(LONGEST_ESCAPE),
        (0, _) => Some(2),
        _ => None,
    }
}

/// Whether `\uD800` to `\uDBFF` begins here.
fn is_first_half(block: &[u8], at: usize) -> bool {
    escape_length(block, at) == Some(LONGEST_ESCAPE)
        && matches!(block.get(at + 2..at + 4), Some([b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cut_falls_inside_what_belongs_together() {
        for (text, at, expected) in [
            ("abcdef", 3, 3),
            ("a\u{20AC}b", 2, 1),
            ("a\u{20AC}b", 3, 1),
            ("a\u{20AC}b", 4, 4),
            (r"a\nb", 2, 1),
            (r"a\nb", 3, 3),
            (r"a\\\nb", 2, 1),
            (r"a\\\nb", 3, 3),
            (r"a\\\nb", 4, 3),
            (r"a\\u0041b", 4, 4),
            (r"a\u0041b", 4, 1),
            (r"a\u0041b", 6, 1),
            (r"a\u0041b", 7, 7),
            (r"\ud83d\ude00b", 6, 0),
            (r"\ud83d\ude00b", 8, 0),
            (r"\ud83d\ude00b", 11, 0),
            (r"\ud83d\ude00b", 12, 12),
            (r"\\ud83d\ude00", 7, 7),
        ] {
            assert_eq!(safe(text.as_bytes(), at), expected, "{text} at {at}");
        }
    }
}
