//! The inside of a string: escapes, control characters and UTF-8, checked as it comes.

use memchr::memchr2;

use super::Malformed;
use crate::request::Unreadable;

/// Where in a string we are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Text {
    state: State,
    /// Where the escape, or the half character, that we are in began.
    begun: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Plain,
    /// After a backslash.
    Escape,
    /// In the four hexadecimal digits of an escape.
    Hex { left: u8, value: u16, half: Half },
    /// After the first half of a surrogate pair.
    LowBackslash,
    /// After the backslash of the second half.
    LowU,
    /// In a character of several bytes that began in an earlier chunk.
    Character { bytes: [u8; 4], have: u8 },
}

/// Which unit of UTF-16 an escape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

/// How much of a chunk belongs to the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All of it.
    All,
    /// So many bytes; the closing quote is next.
    Closed(usize),
}

// === impl Text ===

impl Text {
    /// Checks the string's next bytes; the first has the offset `at` in the body.
    pub(super) fn scan(&mut self, bytes: &[u8], at: u64) -> Result<Reach, Malformed> {
        let mut done = 0;
        loop {
            if matches!(self.state, State::Plain) {
                done += plain_length(bytes.get(done..).unwrap_or_default());
            }
            let Some(&byte) = bytes.get(done) else { return Ok(Reach::All) };
            let here = at + done as u64;
            done += match (self.state, byte) {
                (State::Plain, b'"') => return Ok(Reach::Closed(done)),
                (State::Plain, b'\\') => self.escape(bytes.get(done + 1), here),
                (State::Plain, 0x80..) => self.characters(bytes.get(done..).unwrap_or_default(), here)?,
                (State::Plain, _) => return Err(Malformed::syntax(here, "a control character must be escaped")),
                _ => self.step(byte, here)?,
            };
        }
    }

    /// Takes an escape of two bytes, or the backslash of any other.
    fn escape(&mut self, letter: Option<&u8>, at: u64) -> usize {
        if letter.is_some_and(|&letter| is_escape(letter)) {
            return 2;
        }
        self.begun = at;
        self.state = State::Escape;
        1
    }

    /// Takes one byte of an escape, or of a character that began in an earlier chunk.
    fn step(&mut self, byte: u8, at: u64) -> Result<usize, Malformed> {
        self.state = match (self.state, byte) {
            (State::Escape, letter) if is_escape(letter) => State::Plain,
            (State::Escape, b'u') => State::Hex { left: 4, value: 0, half: Half::First },
            (State::Escape, _) => return Err(Malformed::syntax(at, "no escape has this letter")),
            (State::Hex { left, value, half }, _) => self.hex(byte, at, left, value, half)?,
            (State::LowBackslash, b'\\') => State::LowU,
            (State::LowU, b'u') => State::Hex { left: 4, value: 0, half: Half::Second },
            (State::LowBackslash | State::LowU, _) => return Err(self.lone_surrogate()),
            (State::Character { bytes, have }, _) => self.character(byte, bytes, have)?,
            (State::Plain, _) => State::Plain,
        };
        Ok(1)
    }

    fn hex(&self, byte: u8, at: u64, left: u8, value: u16, half: Half) -> Result<State, Malformed> {
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(Malformed::syntax(at, "`\\u` takes four hexadecimal digits"));
        };
        let value = value << 4 | digit as u16;
        Ok(match (left, half, value) {
            (2.., ..) => State::Hex { left: left - 1, value, half },
            (_, Half::First, 0xD800..=0xDBFF) => State::LowBackslash,
            (_, Half::First, 0xDC00..=0xDFFF) => return Err(self.lone_surrogate()),
            (_, Half::Second, 0xDC00..=0xDFFF) | (_, Half::First, _) => State::Plain,
            (_, Half::Second, _) => return Err(self.lone_surrogate()),
        })
    }

    fn lone_surrogate(&self) -> Malformed {
        Malformed { reason: Unreadable::LoneSurrogate, at: self.begun, what: "an escape of half a surrogate pair" }
    }

    /// Takes the run of text, begun by a character that is not ASCII, up to the next quote, backslash or end.
    fn characters(&mut self, rest: &[u8], at: u64) -> Result<usize, Malformed> {
        let end = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let run = rest.get(..end).unwrap_or_default();
        let checked = std::str::from_utf8(run);
        let valid = checked.map_or_else(|error| error.valid_up_to(), str::len);
        if let Some(control) = control(run.get(..valid).unwrap_or_default()) {
            return Err(Malformed::syntax(at + control as u64, "a control character must be escaped"));
        }
        match checked {
            Ok(_) => Ok(end),
            Err(error) if error.error_len().is_none() && end == rest.len() => {
                let mut bytes = [0; 4];
                let half = run.get(valid..).unwrap_or_default();
                bytes.iter_mut().zip(half).for_each(|(to, from)| *to = *from);
                self.begun = at + valid as u64;
                self.state = State::Character { bytes, have: half.len() as u8 };
                Ok(end)
            }
            Err(_) => Err(invalid_utf8(at + valid as u64)),
        }
    }

    fn character(&self, byte: u8, mut bytes: [u8; 4], have: u8) -> Result<State, Malformed> {
        let Some(next) = bytes.get_mut(usize::from(have)) else { return Err(invalid_utf8(self.begun)) };
        *next = byte;
        let have = have + 1;
        match std::str::from_utf8(bytes.get(..usize::from(have)).unwrap_or_default()) {
            Ok(_) => Ok(State::Plain),
            Err(error) if error.error_len().is_none() => Ok(State::Character { bytes, have }),
            Err(_) => Err(invalid_utf8(self.begun)),
        }
    }
}

/// Whether a backslash and this letter are an escape.
fn is_escape(letter: u8) -> bool {
    matches!(letter, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
}

fn invalid_utf8(at: u64) -> Malformed {
    Malformed { reason: Unreadable::InvalidUtf8, at, what: "the text is no UTF-8" }
}

/// Where the first control character stands.
fn control(bytes: &[u8]) -> Option<usize> {
    // Without an early exit the compiler makes it a vector loop; control characters are rare.
    let any = bytes.iter().fold(false, |any, &byte| any | (byte < 0x20));
    if any { bytes.iter().position(|&byte| byte < 0x20) } else { None }
}

/// How many bytes from the start are ASCII and mean only themselves.
fn plain_length(bytes: &[u8]) -> usize {
    // In code, where escapes are dense, the first few words tell; in prose, long vectors are faster.
    let (near, far) = bytes.split_at_checked(NEAR).unwrap_or((bytes, &[]));
    let length = plain_words(near);
    if length < near.len() || far.is_empty() {
        return length;
    }
    // The compiler makes the inner loop a few vector instructions, natively and with simd128.
    let (wide, _) = far.as_chunks::<32>();
    let plain = wide.iter().take_while(|chunk| !chunk.iter().fold(false, |any, &byte| any | is_special(byte))).count();
    let done = plain * 32;
    NEAR + done + plain_words(far.get(done..).unwrap_or_default())
}

/// How many bytes are looked at word by word.
const NEAR: usize = 32;

/// The same, a word at a time.
fn plain_words(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let tail_length = tail.iter().position(|&byte| is_special(byte)).unwrap_or(tail.len());
    words.len() * 8 + tail_length
}

fn is_special(byte: u8) -> bool {
    !(0x20..0x80).contains(&byte) | (byte == b'"') | (byte == b'\\')
}

/// A word whose lowest set bit lies in the first special byte of eight; bits above it may be wrong.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES * 0x80;
    let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word;
    let quote = below(word ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    (word | below(word, 0x20) | quote | backslash) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_ends_at_the_first_special_byte() {
        for special in 0..=u8::MAX {
            for place in 0..70 {
                let mut bytes = [b'a'; 80];
                bytes[place] = special;
                let expected = if is_special(special) { place } else { 80 };
                assert_eq!(plain_length(&bytes), expected, "{special:#04x} at {place}");
            }
        }
    }
}
