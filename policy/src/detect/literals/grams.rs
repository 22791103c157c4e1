//! Literals that stand anywhere, found by looking at every second byte only.
//!
//! Each literal is known by two of its runs of three bytes, its rarest at an even and at an odd distance from its
//! beginning; whatever place it stands at, one of them begins at an even place of the text. So the three bytes at every
//! even place are hashed into a bitmap that fits the nearest cache, and only where a bit is set are tables asked and
//! literals compared. No lookup waits for the one before it, where an automaton would have to touch every byte one after
//! the other. Case is dropped by setting one bit of each byte, which confuses a few others; comparing settles it.

use super::super::language::gram_rarity;
use super::table::{Entry, Table};
use super::{FOLD, eight, eight_at, low_bytes, set, shifted};

/// Of three bytes in the low bits, whatever the fourth, takes a product whose upper half is a hash.
const MIX: u32 = 0x0037_79B1;

/// Literals of two bytes or more.
#[derive(Debug)]
pub struct Grams {
    seen: Box<Seen>,
    table: Table,
    literals: Vec<Vec<u8>>,
}

/// Hashes of three bytes: 256 Ki bits, 32 KB.
type Seen = [u64; 1 << 12];

// === impl Grams ===

impl Grams {
    /// Takes the literals with the numbers that they are told by.
    pub fn new(literals: Vec<(u32, Vec<u8>)>) -> Self {
        let (mut seen, mut entries): (Box<Seen>, _) = (Box::new([0; 1 << 12]), vec![]);
        for (number, literal) in &literals {
            for offset in [best_offset(literal, 0), best_offset(literal, 1)] {
                entries.extend(keys(literal, offset).map(|key| entry(*number, literal, offset, key)));
            }
        }
        entries.iter().for_each(|entry| set(seen.as_mut_slice(), hash(entry.key)));
        let most = literals.iter().map(|(number, _)| *number as usize + 1).max().unwrap_or(0);
        let mut texts = vec![vec![]; most];
        for (number, literal) in literals {
            if let Some(text) = texts.get_mut(number as usize) {
                *text = literal;
            }
        }
        Self { seen, table: Table::new(entries), literals: texts }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.literals.is_empty()
    }

    /// Tells each place where a literal stands, with its number. Places come in about ascending order.
    pub fn find(&self, text: &[u8], hit: &mut impl FnMut(u32, usize)) {
        let (chunks, rest) = text.as_chunks::<16>();
        let mut before = 0_u64;
        let mut place = 0_usize;
        for chunk in chunks {
            let mask = self.mask(chunk, &mut before);
            if mask != 0 {
                self.confirm(text, place, mask, hit);
            }
            place += 16;
        }
        // What is left, and the last places of the last chunk, are looked at as if blanks followed.
        for padded in [rest, &[]] {
            let mut chunk = [0_u8; 16];
            chunk.iter_mut().zip(padded).for_each(|(to, from)| *to = *from);
            let mask = self.mask(&chunk, &mut before);
            if mask != 0 {
                self.confirm(text, place, mask, hit);
            }
            place += 16;
        }
    }

    /// Which of the eight even places from two bytes before the chunk on may begin a literal's key.
    #[inline]
    fn mask(&self, chunk: &[u8; 16], before: &mut u64) -> u32 {
        let whole = u128::from_le_bytes(*chunk);
        let (low, high) = (whole as u64 | FOLD, (whole >> 64) as u64 | FOLD);
        let [a, b, c, d] = [*before | low << 16, low >> 32, low >> 48 | high << 16, high >> 32];
        *before = high >> 48;
        // Where nothing stands, which is nearly everywhere, it is enough to know that.
        let word = |bytes: u64| shifted(&self.seen, hash(bytes as u32));
        let words = [word(a), word(a >> 16), word(a >> 32), word(b), word(c), word(c >> 16), word(c >> 32), word(d)];
        if words.iter().fold(0, |any, word| any | word) & 1 == 0 {
            return 0;
        }
        words.iter().zip(0..).fold(0, |mask, (word, place)| mask | (*word as u32 & 1) << place)
    }

    /// Compares the literals whose keys stand at the marked places of a chunk.
    #[inline(never)]
    fn confirm(&self, text: &[u8], chunk: usize, mut mask: u32, hit: &mut impl FnMut(u32, usize)) {
        while mask != 0 {
            let place = (chunk + 2 * mask.trailing_zeros() as usize).wrapping_sub(2);
            mask &= mask - 1;
            if place >= text.len() {
                continue;
            }
            let word = eight_at(text, place);
            for entry in self.table.at(word as u32 & 0xFF_FFFF, word) {
                let Some(start) = place.checked_add_signed(-isize::from(entry.offset)) else { continue };
                let Some(literal) = self.literals.get(entry.literal as usize) else { continue };
                let found = text.get(start..start + literal.len());
                if found.is_some_and(|found| found.eq_ignore_ascii_case(literal)) {
                    hit(entry.literal, start);
                }
            }
        }
    }
}

#[inline]
fn hash(gram: u32) -> usize {
    // The fourth byte is shifted out.
    (gram.wrapping_mul(MIX << 8) >> 14) as usize
}

/// The place, even or odd, of the rarest three bytes of a literal; of a short one, a byte before or behind it may be among them.
fn best_offset(literal: &[u8], parity: isize) -> isize {
    let len = isize::try_from(literal.len().min(64)).unwrap_or(64);
    let (first, last) = match len {
        ..4 => (-1, 0),
        4 => (0, 1),
        _ => (0, len - 3),
    };
    let places = (first..=last).filter(|place| place.rem_euclid(2) == parity);
    let three = |place: isize| (place..place + 3).filter_map(|place| byte(literal, place)).collect::<Vec<_>>();
    places.max_by_key(|place| gram_rarity(&three(*place))).unwrap_or(0)
}

fn byte(literal: &[u8], place: isize) -> Option<u8> {
    usize::try_from(place).ok().and_then(|place| literal.get(place)).copied()
}

/// The three folded bytes from a place of a literal on; where one of them is outside of it, all that it may be.
fn keys(literal: &[u8], offset: isize) -> impl Iterator<Item = u32> {
    let mut keys = vec![0_u32];
    for (place, shift) in (offset..offset + 3).zip((0..).step_by(8)) {
        // Of all bytes, those with the bit that folding sets: each stands for itself and for one without it.
        let outside = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0 && (literal.len() > 2 || stands_apart(*byte)));
        let bytes: Vec<u8> = byte(literal, place).map_or_else(|| outside().collect(), |byte| vec![byte | 0x20]);
        keys = keys.iter().flat_map(|key| bytes.iter().map(move |byte| key | u32::from(*byte) << shift)).collect();
    }
    keys.into_iter()
}

fn entry(literal: u32, text: &[u8], offset: isize, key: u32) -> Entry {
    let from = usize::try_from(offset).unwrap_or(0);
    let rest = text.get(from..).unwrap_or_default();
    let (bytes, mask) = (eight(rest) & low_bytes(rest.len()), low_bytes(rest.len()));
    // A key that begins before the literal says nothing of the byte there.
    let shift = if offset < 0 { 8 } else { 0 };
    Entry { key, bytes: bytes << shift, mask: mask << shift, literal, offset: i8::try_from(offset).unwrap_or(0) }
}

/// Whether a folded byte may stand beside a literal of two bytes, which is looked for only as a word of its own.
fn stands_apart(folded: u8) -> bool {
    !folded.is_ascii_alphanumeric() || folded < 0x40
}
