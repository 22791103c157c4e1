//! Finds where any of many literals stands, by looking at every second byte only.
//!
//! Each literal is known by two of its runs of three bytes, its rarest at an even and at an odd distance from its
//! beginning; whatever place it stands at, one of them begins at an even place of the text. So the three bytes at every
//! even place are hashed into a bitmap of 64 Ki bits, which fits the nearest cache, and only where a bit is set are tables
//! asked and literals compared. An automaton would have to touch every byte, one after the other.
//! Case is dropped by setting one bit of each byte, which confuses a few others; comparing settles it.

use super::language::gram_rarity;

/// The bit that tells small letters from capitals.
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Of three bytes in the low bits, whatever the fourth, takes a product whose upper half is a hash.
const MIX: u32 = 0x0037_79B1;
/// Literals of at least this many bytes are told apart by six bytes instead of three, so that dictionaries stay cheap.
const LONG: usize = 7;

/// A set of literals. Those of one byte are none of its business.
#[derive(Debug)]
pub struct Grams {
    bitmap: Box<[u64; 1024]>,
    short: Table,
    long: Table,
    literals: Vec<Vec<u8>>,
}

/// Which literals may stand where some bytes do.
#[derive(Debug, Default)]
struct Table {
    /// Where the entries of each bucket begin: a power of two of buckets, and the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    literal: u32,
    /// Where in the literal the key stands; one before it at the least.
    offset: i8,
}

// === impl Grams ===

impl Grams {
    /// Takes the literals, in lower case and of two bytes or more.
    pub fn new(literals: Vec<Vec<u8>>) -> Self {
        let mut bitmap = Box::new([0_u64; 1024]);
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (place, literal) in (0..).zip(&literals) {
            for parity in [0, 1] {
                let Some(offset) = best_offset(literal, parity) else { continue };
                for gram in grams(literal, offset) {
                    let hash = hash(gram);
                    if let Some(word) = bitmap.get_mut(hash >> 6) {
                        *word |= 1 << (hash & 63);
                    }
                    let key = if literal.len() >= LONG { six(literal, offset) } else { u64::from(gram) };
                    let entry = Entry { key, literal: place, offset: offset as i8 };
                    if literal.len() >= LONG { long.push(entry) } else { short.push(entry) }
                }
            }
        }
        Self { bitmap, short: Table::new(short), long: Table::new(long), literals }
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

    /// Which of the eight even places from two bytes before the chunk on may begin a key.
    #[inline]
    fn mask(&self, chunk: &[u8; 16], before: &mut u64) -> u32 {
        let whole = u128::from_le_bytes(*chunk);
        let (low, high) = (whole as u64 | FOLD, (whole >> 64) as u64 | FOLD);
        let first = *before | low << 16;
        let second = low >> 48 | high << 16;
        *before = high >> 48;
        self.bit(first)
            | self.bit(first >> 16) << 1
            | self.bit(first >> 32) << 2
            | self.bit(low >> 32) << 3
            | self.bit(second) << 4
            | self.bit(second >> 16) << 5
            | self.bit(second >> 32) << 6
            | self.bit(high >> 32) << 7
    }

    #[inline]
    fn bit(&self, gram: u64) -> u32 {
        let hash = hash(gram as u32);
        self.bitmap.get(hash >> 6).map_or(0, |word| (word >> (hash & 63)) as u32 & 1)
    }

    /// Compares the literals whose keys stand at the marked places of a chunk.
    #[cold]
    fn confirm(&self, text: &[u8], chunk: usize, mut mask: u32, hit: &mut impl FnMut(u32, usize)) {
        while mask != 0 {
            let place = (chunk + 2 * mask.trailing_zeros() as usize).wrapping_sub(2);
            mask &= mask - 1;
            let Some(rest) = text.get(place..) else { continue };
            let mut bytes = [0_u8; 8];
            bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            let word = u64::from_le_bytes(bytes) | FOLD;
            let near = self.short.bucket(word & 0xFF_FFFF);
            for entry in near.chain(self.long.bucket(word & 0xFFFF_FFFF_FFFF)) {
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
    (gram.wrapping_mul(MIX << 8) >> 16) as usize
}

/// The place, even or odd, of the rarest three bytes of a literal; of two if it is short.
fn best_offset(literal: &[u8], parity: isize) -> Option<isize> {
    let long = literal.len() >= LONG;
    let width = if long { 6 } else { 3 };
    let last = if long { literal.len() as isize - width } else { literal.len() as isize - 2 };
    let places = (-1..=last.min(100)).filter(|place| place.rem_euclid(2) == parity && (!long || *place >= 0));
    places.max_by_key(|place| {
        let start = usize::try_from(*place).unwrap_or(0);
        let known = literal.get(start..literal.len().min((place + 3) as usize)).unwrap_or_default();
        gram_rarity(known)
    })
}

/// The three folded bytes at a place of a literal; where one is outside, all that it may be.
fn grams(literal: &[u8], offset: isize) -> Vec<u32> {
    let mut all = vec![0_u32];
    for i in 0..3 {
        let byte = usize::try_from(offset + i).ok().and_then(|at| literal.get(at));
        let folded = |byte: u8| u32::from(byte | 0x20) << (8 * i);
        all = match byte {
            Some(byte) => all.into_iter().map(|gram| gram | folded(*byte)).collect(),
            None => {
                let any = (0..=u8::MAX).filter(|byte| byte & 0x20 != 0);
                all.iter().flat_map(|gram| any.clone().map(move |byte| gram | folded(byte))).collect()
            }
        };
    }
    all
}

/// The six folded bytes at a place of a literal.
fn six(literal: &[u8], offset: isize) -> u64 {
    let start = usize::try_from(offset).unwrap_or(0);
    let bytes = literal.iter().skip(start).take(6);
    bytes.zip((0..).step_by(8)).fold(0, |key, (byte, shift)| key | u64::from(byte | 0x20) << shift)
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

    fn bucket(&self, key: u64) -> impl Iterator<Item = &Entry> + Clone {
        let bucket = bucket_of(key, self.starts.len().saturating_sub(1));
        let start = self.starts.get(bucket).map_or(0, |start| *start as usize);
        let end = self.starts.get(bucket + 1).map_or(0, |end| *end as usize);
        self.entries.get(start..end).unwrap_or_default().iter().filter(move |entry| entry.key == key)
    }
}

fn bucket_of(key: u64, buckets: usize) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & buckets.saturating_sub(1)
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
