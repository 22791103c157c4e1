//! Literals that stand where a word begins.
//!
//! There are few such places, and there the first four bytes tell nearly all: letters and digits as they are, and zeros
//! after the end of a shorter word, so that a literal has one key or a few, whatever may follow it.

use super::super::marks::{CHUNK, Marks, around, join};
use super::table::{Entry, Table};
use super::{FOLD, Literal, Stands, eight, eight_at, is_set, low_bytes, set};

/// Hashes of keys: 128 Ki bits, 16 KB.
type Seen = [u64; 1 << 11];

/// Literals that begin with an ASCII letter or digit.
#[derive(Debug)]
pub struct Words {
    seen: Box<Seen>,
    table: Table,
    literals: Vec<Vec<u8>>,
}

/// How many bytes of a word are its key.
const KEY: u32 = 4;

// === impl Words ===

impl Words {
    /// Takes the literals with the numbers that they are told by.
    pub fn new(literals: Vec<(u32, Literal)>) -> Self {
        let (mut seen, mut entries): (Box<Seen>, _) = (Box::new([0; 1 << 11]), vec![]);
        for (number, Literal { text, stands }) in &literals {
            let mask = low_bytes(text.len());
            let entry = |key| Entry { key, bytes: eight(text) & mask, mask, literal: *number, offset: 0 };
            entries.extend(keys(text, *stands).into_iter().map(entry));
        }
        entries.iter().for_each(|entry| set(seen.as_mut_slice(), hash(entry.key)));
        let most = literals.iter().map(|(number, _)| *number as usize + 1).max().unwrap_or(0);
        let mut texts = vec![vec![]; most];
        for (number, literal) in literals {
            if let Some(text) = texts.get_mut(number as usize) {
                *text = literal.text;
            }
        }
        Self { seen, table: Table::new(entries), literals: texts }
    }

    /// Tells each place of a text where a literal stands, with its number.
    pub fn find(&self, text: &[u8], marks: &[Marks], hit: &mut impl FnMut(u32, usize)) {
        for chunk in 0..marks.len() {
            let around = around(marks, chunk);
            let (mut starts, cuts) = (around.part_starts(), around.part_ends());
            let (here, after) = (!around.here.alphanumeric(), !around.after.alphanumeric());
            while starts != 0 {
                let bit = starts.trailing_zeros();
                starts &= starts - 1;
                let place = chunk * CHUNK + bit as usize;
                let word = eight_at(text, place);
                let length = join(here, after, bit).trailing_zeros();
                if self.has(word, length) {
                    self.confirm(text, place, word, length, hit);
                }
                // Within a name such as `idNumber` or `ssn2` a shorter word ends, too.
                if cuts != (0, 0) {
                    let cut = (join(cuts.0, cuts.1, bit) >> 1).trailing_zeros() + 1;
                    if cut < length.min(KEY) && self.has(word, cut) {
                        self.confirm(text, place, word, cut, hit);
                    }
                }
            }
        }
    }

    #[inline]
    fn has(&self, word: u64, length: u32) -> bool {
        is_set(&self.seen, hash(key(word, length)))
    }

    #[inline(never)]
    fn confirm(&self, text: &[u8], place: usize, word: u64, length: u32, hit: &mut impl FnMut(u32, usize)) {
        for entry in self.table.at(key(word, length), word) {
            let Some(literal) = self.literals.get(entry.literal as usize) else { continue };
            let found = text.get(place..place + literal.len());
            if found.is_some_and(|found| found.eq_ignore_ascii_case(literal)) {
                hit(entry.literal, place);
            }
        }
    }
}

/// The key of a word of so many letters and digits that begins with these bytes.
#[inline]
fn key(word: u64, length: u32) -> u32 {
    word as u32 & u32::MAX >> (8 * (KEY - length.clamp(1, KEY)))
}

#[inline]
fn hash(key: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> 15) as usize
}

/// All keys of words that begin with a literal, as it may stand.
fn keys(literal: &[u8], stands: Stands) -> Vec<u32> {
    let length = literal.iter().take(KEY as usize).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let key = (eight(literal) & low_bytes(length)) as u32;
    let mut keys = vec![key];
    // A literal that ends before its key does may go on.
    if length == literal.len() && length < KEY as usize {
        let next = |byte: u8| key | u32::from(byte | FOLD as u8) << (8 * length);
        match stands {
            Stands::Whole => keys.push(next(b's')),
            _ => keys.extend((0..=u8::MAX).filter(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()).map(next)),
        }
    }
    keys
}
