//! Finds the words from which an identifier without a literal may begin: those with digits about.

use super::text::{is_word, word_starts_after_escape};

/// How many bytes are looked at together.
const CHUNK: usize = 64;
/// The fewest digits in two neighbouring chunks for the first to be looked at closely.
const FEWEST: u8 = 4;

/// Tells every place where a word begins, or a byte that `begins` wants stands, if digits are about.
pub fn starts(text: &[u8], begins: impl Fn(u8) -> bool, mut start: impl FnMut(usize)) {
    let mut here = text.get(..text.len().min(CHUNK)).map_or(0, count);
    let mut place = 0;
    while place < text.len() {
        let end = text.len().min(place + CHUNK);
        let ahead = text.get(end..text.len().min(end + CHUNK)).map_or(0, count);
        if here + ahead >= FEWEST {
            let mut before = place.checked_sub(1).and_then(|before| text.get(before)).copied().unwrap_or(b' ');
            for (at, byte) in (place..end).zip(text.iter().take(end).skip(place)) {
                let begins_word = is_word(*byte) && (!is_word(before) || word_starts_after_escape(text, at));
                if begins_word || begins(*byte) {
                    start(at);
                }
                before = *byte;
            }
        }
        here = ahead;
        place = end;
    }
}

/// How many digits there are; the compiler makes vectors of it.
pub fn count(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |count, byte| count + u8::from(byte.wrapping_sub(b'0') < 10))
}

/// How many digits there are from `at` on, within as much text as most identifiers take.
pub fn ahead(text: &[u8], at: usize) -> u8 {
    text.get(at..text.len().min(at + CHUNK)).map_or(0, count)
}

/// Whether a run of digits is only a part of something longer: of a UUID, or of a number with a decimal point.
pub fn is_part(text: &[u8], start: usize, end: usize) -> bool {
    is_decimal(text, start, end) || is_in_uuid(text, start, end)
}

fn is_decimal(text: &[u8], start: usize, end: usize) -> bool {
    let found = text.get(start..end).unwrap_or_default();
    if !found.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    matches!(before, [.., digit, b'.'] if digit.is_ascii_digit())
        || matches!(after, [b'.', digit, ..] if digit.is_ascii_digit())
}

/// The lengths of the groups of a UUID. RFC 9562, section 4.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

fn is_in_uuid(text: &[u8], start: usize, end: usize) -> bool {
    let beside = [start.checked_sub(1).and_then(|before| text.get(before)), text.get(end)];
    if !beside.contains(&Some(&b'-')) {
        return false;
    }
    let is = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let before = text.iter().take(start).rev().take(36).take_while(|byte| is(byte)).count();
    let after = text.iter().skip(end).take(36).take_while(|byte| is(byte)).count();
    let whole = text.get(start - before..end + after).unwrap_or_default();
    whole.split(|byte| *byte == b'-').map(<[u8]>::len).eq(UUID)
}
