//! From the raw bytes of a string to its text, and from places in the text back to the bytes.

use std::ops::Range;

use memchr::memchr;

/// The text of a block's raw bytes: borrowed from them if they hold no escape, else written into `into`.
///
/// What the scanner would refuse (broken escapes, invalid UTF-8) becomes U+FFFD.
pub fn unescape<'a>(raw: &'a [u8], into: &'a mut String) -> &'a str {
    let Some(first) = memchr(b'\\', raw) else {
        return match std::str::from_utf8(raw) {
            Ok(text) => text,
            Err(_) => replaced(raw, into),
        };
    };
    let mut bytes = std::mem::take(into).into_bytes();
    bytes.clear();
    bytes.reserve(raw.len());
    let (mut rest, mut plain) = (raw, first);
    loop {
        bytes.extend_from_slice(rest.get(..plain).unwrap_or_default());
        rest = rest.get(plain..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let (character, length) = escape(rest);
        match u8::try_from(character) {
            Ok(ascii @ ..0x80) => bytes.push(ascii),
            _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = rest.get(length..).unwrap_or_default();
        plain = next_escape(rest);
    }
    match String::from_utf8(bytes) {
        Ok(text) => *into = text,
        Err(error) => return replaced(error.as_bytes(), into),
    }
    into
}

/// How many bytes stand before the next escape.
fn next_escape(bytes: &[u8]) -> usize {
    // In code, where most escapes are, they come within a few bytes; a search costs more than a look at those.
    let near = bytes.iter().take(NEAR).position(|&byte| byte == b'\\');
    near.or_else(|| Some(NEAR + memchr(b'\\', bytes.get(NEAR..)?)?)).unwrap_or(bytes.len())
}

/// How far an escape is looked for byte by byte.
const NEAR: usize = 8;

fn replaced<'a>(bytes: &[u8], into: &'a mut String) -> &'a str {
    *into = String::from_utf8_lossy(bytes).into_owned();
    into
}

/// The raw bytes that a span of the unescaped text came from.
///
/// A span that ends inside an escaped character takes the whole escape in. A span past the end ends with the raw bytes.
pub fn raw_span(raw: &[u8], span: Range<usize>) -> Range<usize> {
    let Ok(text) = std::str::from_utf8(raw) else { return 0..raw.len() };
    let mut start = None;
    let (mut raw_at, mut text_at) = (0, 0);
    for piece in Pieces(text) {
        let (raw_length, text_length) = piece.lengths();
        if start.is_none() && span.start < text_at + text_length {
            start = Some(raw_at + piece.raw_offset(span.start - text_at, 0));
        }
        if let Some(start) = start
            && span.end <= text_at + text_length
        {
            let end = raw_at + piece.raw_offset(span.end.saturating_sub(text_at), raw_length);
            return start..if span.is_empty() { start } else { end };
        }
        raw_at += raw_length;
        text_at += text_length;
    }
    start.unwrap_or(raw.len())..raw.len()
}

/// A stretch of text without escapes, or one escape.
enum Piece<'a> {
    Plain(&'a str),
    Escape { character: char, length: usize },
}

/// The pieces of a raw text.
struct Pieces<'a>(&'a str);

// === impl Piece ===

impl Piece<'_> {
    /// The lengths in raw bytes and in bytes of text.
    fn lengths(&self) -> (usize, usize) {
        match self {
            Self::Plain(plain) => (plain.len(), plain.len()),
            Self::Escape { character, length } => (*length, character.len_utf8()),
        }
    }

    /// The raw offset of an offset in the text; inside an escape, `escaped`.
    fn raw_offset(&self, offset: usize, escaped: usize) -> usize {
        match self {
            Self::Plain(_) => offset,
            Self::Escape { .. } => escaped,
        }
    }
}

// === impl Pieces ===

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let (piece, rest) = match memchr(b'\\', self.0.as_bytes()) {
            Some(0) => {
                let (character, length) = escape(self.0.as_bytes());
                // A broken escape may be cut short inside a character; then only the backslash is taken.
                let (length, rest) = self.0.get(length..).map_or((1, self.0.get(1..)?), |rest| (length, rest));
                (Piece::Escape { character, length }, rest)
            }
            Some(at) => {
                let (plain, rest) = self.0.split_at_checked(at)?;
                (Piece::Plain(plain), rest)
            }
            None if self.0.is_empty() => return None,
            None => (Piece::Plain(self.0), ""),
        };
        self.0 = rest;
        Some(piece)
    }
}

/// The character of the escape that the bytes begin with, and the escape's length.
fn escape(bytes: &[u8]) -> (char, usize) {
    let simple = match bytes.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'u') => return unicode(bytes),
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

/// The character of `\uXXXX`, or of two of them.
fn unicode(bytes: &[u8]) -> (char, usize) {
    let first = unit(bytes, 0);
    if let Some(character) = first.and_then(char::from_u32) {
        return (character, 6);
    }
    let (Some(first @ 0xD800..=0xDBFF), Some(second @ 0xDC00..=0xDFFF)) = (first, unit(bytes, 6)) else {
        return (char::REPLACEMENT_CHARACTER, if first.is_some() { 6 } else { 1 });
    };
    let character = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    (char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
}

/// The value of the `\uXXXX` at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_what_they_mean() {
        for (raw, expected) in [
            ("", ""),
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"),
            (r"a\u0041\u00e9\u20ACb", "aAé€b"),
            (r"\ud83d\ude00", "😀"),
            (r"é\n€", "é\n€"),
            (r"\\u0041", r"\u0041"),
            (r"\u0000", "\0"),
        ] {
            assert_eq!(unescape(raw.as_bytes(), &mut String::from("old")), expected, "{raw}");
        }
    }

    #[test]
    fn what_the_scanner_refuses_becomes_a_replacement_character() {
        for raw in [r"\ud83d", r"\ude00", r"\ud83dx", r"\u12", r"\", r"\é", r"\x", r"\ud83d\u0041"] {
            assert!(unescape(raw.as_bytes(), &mut String::new()).contains('\u{FFFD}'), "{raw}");
        }
        assert!(unescape(b"\xFF\\n", &mut String::new()).contains('\u{FFFD}'));
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let raw = "nothing to do: é".as_bytes();
        assert_eq!(unescape(raw, &mut String::new()).as_ptr(), raw.as_ptr());
    }

    #[test]
    fn spans_lead_back_to_the_raw_bytes() {
        let raw = r"a\n\u0041BC\ud83d\ude00é!";
        for (needle, expected) in [
            ("a", "a"),
            ("\n", r"\n"),
            ("AB", r"\u0041B"),
            ("\nABC", r"\n\u0041BC"),
            ("C😀", r"C\ud83d\ude00"),
            ("é!", "é!"),
        ] {
            let mut buffer = String::new();
            let text = unescape(raw.as_bytes(), &mut buffer);
            let start = text.find(needle).unwrap();
            let span = raw_span(raw.as_bytes(), start..start + needle.len());
            assert_eq!(raw.get(span), Some(expected));
        }
        assert_eq!(raw_span(raw.as_bytes(), 90..99), raw.len()..raw.len());
    }
}
