//! Finds where any of many literals stands.
//!
//! Most literals stand only where a word begins, and are looked for there: [`words`]. The others are looked for at every
//! second byte: [`grams`]. Literals that are not ASCII are apart, as most texts cannot hold one.

mod grams;
mod table;
mod words;

use super::marks::Marks;
use grams::Grams;
use words::Words;

/// Something to look for, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    pub text: Vec<u8>,
    pub stands: Stands,
}

/// Where a literal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stands {
    /// Anywhere.
    Anywhere,
    /// Where a word, or a part of one, begins.
    AtStart,
    /// Likewise, and where it ends there ends a word or a part of one, but for an `s`.
    Whole,
}

/// A set of literals.
#[derive(Debug)]
pub struct Literals {
    words: Words,
    anywhere: Grams,
    foreign: Grams,
}

// === impl Literals ===

impl Literals {
    /// Takes literals of at least two bytes; each is known by its place.
    pub fn new(literals: Vec<Literal>) -> Self {
        let (mut words, mut anywhere, mut foreign) = (vec![], vec![], vec![]);
        for (number, literal) in (0..).zip(literals) {
            let at_word = literal.text.first().is_some_and(u8::is_ascii_alphanumeric);
            if literal.stands != Stands::Anywhere && at_word {
                words.push((number, literal));
            } else if literal.text.is_ascii() {
                anywhere.push((number, literal.text));
            } else {
                foreign.push((number, literal.text));
            }
        }
        Self { words: Words::new(words), anywhere: Grams::new(anywhere), foreign: Grams::new(foreign) }
    }

    /// Tells each place of a text where a literal stands, with the literal's number; now and then twice.
    pub fn find(&self, text: &[u8], marks: &[Marks], mut hit: impl FnMut(u32, usize)) {
        self.words.find(text, marks, &mut hit);
        self.anywhere.find(text, &mut hit);
        if !self.foreign.is_empty() && !text.is_ascii() {
            self.foreign.find(text, &mut hit);
        }
    }
}

/// The bit that tells small letters from capitals, of eight bytes.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// The first eight bytes without their case, or as many as there are and then zeros.
#[inline]
fn eight(bytes: &[u8]) -> u64 {
    FOLD | bytes.first_chunk().map_or_else(
        || bytes.iter().zip((0..).step_by(8)).take(8).fold(0, |word, (byte, shift)| word | u64::from(*byte) << shift),
        |chunk| u64::from_le_bytes(*chunk),
    )
}

/// The eight bytes from a place on, likewise.
#[inline]
fn eight_at(bytes: &[u8], place: usize) -> u64 {
    match bytes.get(place..place + 8).and_then(<[u8]>::first_chunk) {
        Some(chunk) => FOLD | u64::from_le_bytes(*chunk),
        None => eight_last(bytes.get(place..).unwrap_or_default()),
    }
}

#[cold]
fn eight_last(bytes: &[u8]) -> u64 {
    eight(bytes)
}

/// The lowest so many bytes.
#[inline]
fn low_bytes(count: usize) -> u64 {
    if count >= 8 { u64::MAX } else { (1 << (8 * count)) - 1 }
}

/// A word of a bitmap whose lowest bit is the asked one.
#[inline]
fn shifted<const N: usize>(bitmap: &[u64; N], hash: usize) -> u64 {
    bitmap.get(hash >> 6).map_or(0, |word| word >> (hash & 63))
}

#[inline]
fn is_set<const N: usize>(bitmap: &[u64; N], hash: usize) -> bool {
    shifted(bitmap, hash) & 1 == 1
}

fn set(bitmap: &mut [u64], hash: usize) {
    if let Some(word) = bitmap.get_mut(hash >> 6) {
        *word |= 1 << (hash & 63);
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks::mark;
    use super::*;

    fn found(literals: &[(&str, Stands)], text: &str) -> Vec<(u32, usize)> {
        let literals =
            literals.iter().map(|(text, stands)| Literal { text: text.as_bytes().to_vec(), stands: *stands });
        let (literals, mut marks, mut found) = (Literals::new(literals.collect()), vec![], vec![]);
        mark(text.as_bytes(), &mut marks);
        literals.find(text.as_bytes(), &marks, |literal, at| found.push((literal, at)));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn every_literal_is_found_at_every_place() {
        let texts = ["akia", "sk-", "ab", "password", "-----begin", "機密", "://", "xoxb-", "pin", "t.c"];
        for stands in [Stands::Anywhere, Stands::AtStart, Stands::Whole] {
            let literals: Vec<_> = texts.iter().map(|text| (*text, stands)).collect();
            for (number, literal) in (0..).zip(texts) {
                for before in (0..20).chain(50..80) {
                    for after in [0, 1, 2, 3, 15, 16, 17] {
                        let text = [".".repeat(before), literal.to_uppercase(), ",".repeat(after)].concat();
                        assert_eq!(found(&literals, &text), [(number, before)], "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_literal_at_the_start_of_a_word_may_go_on_in_any_way() {
        let literals = [("oy2", Stands::AtStart), ("akia", Stands::AtStart), ("sk-", Stands::AtStart)];
        assert_eq!(found(&literals, "oy2abc oy2-x oy2 AKIAX sk-x"), [(0, 0), (0, 7), (0, 13), (1, 17), (2, 23)]);
        assert_eq!(found(&literals, r"\noy2abc _akia xakia"), [(0, 2), (1, 10)]);
    }

    #[test]
    fn a_whole_word_is_found_as_part_of_a_name() {
        let literals = [("id", Stands::Whole), ("ssn", Stands::Whole), ("steuer", Stands::Whole)];
        let text = "id userId idNo ids id1 SSN ssns mySsnField ssn_2 SteuerNr";
        let places: Vec<usize> = [0, 7, 10, 15, 19, 23, 27, 34, 43, 49].into();
        let found: Vec<usize> = found(&literals, text).into_iter().map(|(_, at)| at).collect();
        assert!(places.iter().all(|place| found.contains(place)), "{found:?}");
    }
}
