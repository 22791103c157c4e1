//! Finds where any of many literals stands, by looking at every second byte only.
//!
//! Each literal is known by two of its runs of three bytes, its rarest at an even and at an odd distance from its
//! beginning; whatever place it stands at, one of them begins at an even place of the text. So the three bytes at every
//! even place are hashed into a bitmap of 64 Ki bits, which fits the nearest cache; where a bit is set, a second bitmap is
//! asked about four bytes, and only then tables, and literals compared. No lookup waits for the one before it, where an
//! automaton would have to touch every byte one after the other.
//! Case is dropped by setting one bit of each byte, which confuses a few others; comparing settles it.

use super::language::gram_rarity;

/// The bit that tells small letters from capitals.
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Of three bytes in the low bits, whatever the fourth, takes a product whose upper half is a hash.
const MIX: u32 = 0x0037_79B1;
/// Literals of at least this many bytes are told apart by four bytes instead of three, so that dictionaries stay cheap.
const LONG: usize = 7;

/// A set of literals. Those of one byte are none of its business.
#[derive(Debug)]
pub struct Grams {
    threes: Box<Threes>,
    fours: Box<Fours>,
    short: Table,
    long: Table,
    literals: Vec<Vec<u8>>,
}

/// Hashes of three bytes: 64 Ki bits, 8 KB.
type Threes = [u64; 1 << 10];
/// Hashes of four bytes: 256 Ki bits, 32 KB.
type Fours = [u64; 1 << 12];

/// Which literals may stand where some bytes do.
#[derive(Debug, Default)]
struct Table {
    /// Where the entries of each bucket begin: a power of two of buckets, and the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u32,
    literal: u32,
    /// Where in the literal the key stands; one before it at the least.
    offset: i8,
}

// === impl Grams ===

impl Grams {
    /// Takes the literals, in lower case and of two bytes or more.
    pub fn new(literals: Vec<Vec<u8>>) -> Self {
        let (mut threes, mut fours): (Box<Threes>, Box<Fours>) = (Box::new([0; 1 << 10]), Box::new([0; 1 << 12]));
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (place, literal) in (0..).zip(&literals) {
            for offset in [best_offset(literal, 0), best_offset(literal, 1)] {
                let entry = |key| Entry { key, literal: place, offset: i8::try_from(offset).unwrap_or(0) };
                let three = grams::<3>(literal, offset);
                let four = grams::<4>(literal, offset);
                three.iter().for_each(|gram| set(threes.as_mut_slice(), hash_three(*gram)));
                four.iter().for_each(|gram| set(fours.as_mut_slice(), hash_four(*gram)));
                if literal.len() >= LONG {
                    long.extend(four.into_iter().map(entry));
                } else {
                    short.extend(three.into_iter().map(entry));
                }
            }
        }
        Self { threes, fours, short: Table::new(short), long: Table::new(long), literals }
    }

    /// Tells each place where a literal stands, with the literal's number. Places come in about ascending order.
    pub fn find(&self, text: &[u8], mut hit: impl FnMut(u32, usize)) {
        let (chunks, rest) = text.as_chunks::<16>();
        let mut before = 0_u64;
        let mut place = 0_usize;
        for chunk in chunks {
            let mask = self.mask(chunk, &mut before);
            if mask != 0 {
                self.confirm(text, place, mask, &mut hit);
            }
            place += 16;
        }
        // What is left, and the last places of the last chunk, are looked at as if blanks followed.
        for padded in [rest, &[]] {
            let mut chunk = [0_u8; 16];
            chunk.iter_mut().zip(padded).for_each(|(to, from)| *to = *from);
            let mask = self.mask(&chunk, &mut before);
            if mask != 0 {
                self.confirm(text, place, mask, &mut hit);
            }
            place += 16;
        }
    }

    /// Which of the eight even places from two bytes before the chunk on may begin a literal's key.
    #[inline]
    fn mask(&self, chunk: &[u8; 16], before: &mut u64) -> u32 {
        let whole = u128::from_le_bytes(*chunk);
        let (low, high) = (whole as u64 | FOLD, (whole >> 64) as u64 | FOLD);
        let four = [*before | low << 16, low >> 32, low >> 48 | high << 16, high >> 32];
        *before = high >> 48;
        let mask = at_even(four, |bytes| is_set(&self.threes, hash_three(bytes)));
        // All eight again cost less than guessing wrong which.
        if mask == 0 { 0 } else { mask & at_even(four, |bytes| is_set(&self.fours, hash_four(bytes))) }
    }

    /// Compares the literals whose keys stand at the marked places of a chunk.
    fn confirm(&self, text: &[u8], chunk: usize, mut mask: u32, hit: &mut impl FnMut(u32, usize)) {
        while mask != 0 {
            let place = (chunk + 2 * mask.trailing_zeros() as usize).wrapping_sub(2);
            mask &= mask - 1;
            let Some(rest) = text.get(place..) else { continue };
            let word = eight(rest) | FOLD;
            let keys = self.short.bucket(word as u32 & 0xFF_FFFF);
            for entry in keys.chain(self.long.bucket(word as u32)) {
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

/// Asks about the four bytes at each even place: three times in the first and third word, once in the second and fourth.
#[inline]
fn at_even([a, b, c, d]: [u64; 4], is: impl Fn(u32) -> bool) -> u32 {
    let bit = |bytes: u64| u32::from(is(bytes as u32));
    let low = bit(a) | bit(a >> 16) << 1 | bit(a >> 32) << 2 | bit(b) << 3;
    let high = bit(c) | bit(c >> 16) << 1 | bit(c >> 32) << 2 | bit(d) << 3;
    low | high << 4
}

#[inline]
fn hash_three(gram: u32) -> usize {
    // The fourth byte is shifted out.
    (gram.wrapping_mul(MIX << 8) >> 16) as usize
}

#[inline]
fn hash_four(gram: u32) -> usize {
    (gram.wrapping_mul(0x9E37_79B1) >> 14) as usize
}

#[inline]
fn is_set<const N: usize>(bitmap: &[u64; N], hash: usize) -> bool {
    bitmap.get(hash >> 6).is_some_and(|word| word >> (hash & 63) & 1 == 1)
}

fn set(bitmap: &mut [u64], hash: usize) {
    if let Some(word) = bitmap.get_mut(hash >> 6) {
        *word |= 1 << (hash & 63);
    }
}

/// The first eight bytes, or as many as there are and zeros.
#[inline]
fn eight(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or_else(
        || bytes.iter().zip((0..).step_by(8)).fold(0, |word, (byte, shift)| word | u64::from(*byte) << shift),
        |chunk| u64::from_le_bytes(*chunk),
    )
}

/// The place, even or odd, of the rarest three bytes of a literal; of a short one, a byte before or behind it may be among them.
fn best_offset(literal: &[u8], parity: isize) -> isize {
    let len = isize::try_from(literal.len().min(64)).unwrap_or(64);
    let (first, last) = match len {
        ..4 => (-1, 0),
        4 => (0, 1),
        _ => (0, len - 4),
    };
    let places = (first..=last).filter(|place| place.rem_euclid(2) == parity);
    places.max_by_key(|place| gram_rarity(&known::<3>(literal, *place).collect::<Vec<_>>())).unwrap_or(0)
}

/// The bytes of a literal among the `N` from `offset` on.
fn known<const N: usize>(literal: &[u8], offset: isize) -> impl Iterator<Item = u8> {
    let last = offset + N as isize;
    (offset..last).filter_map(|place| literal.get(usize::try_from(place).ok()?).copied())
}

/// The `N` folded bytes from a place of a literal on; where one of them is outside of it, all that it may be.
fn grams<const N: usize>(literal: &[u8], offset: isize) -> Vec<u32> {
    let mut grams = vec![0_u32];
    for (place, shift) in (offset..).zip((0..).step_by(8)).take(N) {
        let known = usize::try_from(place).ok().and_then(|place| literal.get(place));
        // Of all bytes, those with the bit that folding sets: each stands for itself and for one without it.
        let outside = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0 && (literal.len() > 2 || stands_apart(*byte)));
        let bytes: Vec<u8> = known.map_or_else(|| outside().collect(), |byte| vec![byte | 0x20]);
        grams = grams.iter().flat_map(|gram| bytes.iter().map(move |byte| gram | u32::from(*byte) << shift)).collect();
    }
    grams
}

/// Whether a folded byte may stand beside a literal of two bytes, which is looked for only as a word of its own.
fn stands_apart(folded: u8) -> bool {
    !folded.is_ascii_alphanumeric() || folded < 0x40
}

// === impl Table ===

impl Table {
    fn new(mut entries: Vec<Entry>) -> Self {
        let buckets = (2 * entries.len()).next_power_of_two().max(2);
        entries.sort_by_key(|entry| bucket_of(entry.key, buckets));
        let mut starts = vec![0_u32; buckets + 1];
        for entry in &entries {
            if let Some(start) = starts.get_mut(bucket_of(entry.key, buckets) + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { starts, entries }
    }

    fn bucket(&self, key: u32) -> impl Iterator<Item = &Entry> + Clone {
        let bucket = bucket_of(key, self.starts.len().saturating_sub(1));
        let start = self.starts.get(bucket).map_or(0, |start| *start as usize);
        let end = self.starts.get(bucket + 1).map_or(0, |end| *end as usize);
        self.entries.get(start..end).unwrap_or_default().iter().filter(move |entry| entry.key == key)
    }
}

fn bucket_of(key: u32, buckets: usize) -> usize {
    (u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & buckets.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_is_found_at_every_place() {
        let literals = ["akia", "sk-", "ab", "password", "-----begin", "機密", "://", "xoxb-"];
        let grams = Grams::new(literals.iter().map(|literal| literal.as_bytes().to_vec()).collect());
        for (number, literal) in (0..).zip(literals) {
            for before in 0..40 {
                for after in [0, 1, 2, 3, 15, 16, 17] {
                    let text = [".".repeat(before), literal.to_uppercase(), ",".repeat(after)].concat();
                    let mut found = vec![];
                    grams.find(text.as_bytes(), |literal, at| found.push((literal, at)));
                    assert!(found.contains(&(number, before)), "{text:?}: {found:?}");
                    assert!(found.iter().all(|hit| *hit == (number, before)), "{text:?}: {found:?}");
                }
            }
        }
    }
}
