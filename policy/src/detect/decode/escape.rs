//! Escapes: `%41`, `\u0041`, `\x41`, `\/`, `&#65;`, `&commat;`.

use super::Decoded;
use crate::detect::{Work, view::View};

/// How much text around an escape is read with it.
const AROUND: usize = 160;
/// The longest character reference.
const MAX_REFERENCE: usize = 12;

/// Decodes the stretches around escapes.
pub fn decode(text: &str, work: &mut Work, decoded: &mut Decoded) {
    let bytes = text.as_bytes();
    let mut region: Option<(usize, usize)> = None;
    for at in memchr::memchr3_iter(b'%', b'\\', b'&', bytes) {
        let Some((_, len)) = telling(bytes, at) else { continue };
        let (start, end) = (at.saturating_sub(AROUND), (at + len + AROUND).min(bytes.len()));
        region = match region {
            Some((first, last)) if start <= last => Some((first, end)),
            done => {
                read(text, done, work, decoded);
                Some((start, end))
            }
        };
    }
    read(text, region, work, decoded);
}

/// Reads one stretch of text with all its escapes decoded.
fn read(text: &str, region: Option<(usize, usize)>, work: &mut Work, decoded: &mut Decoded) {
    let Some((start, end)) = region else { return };
    let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
    let bytes = text.as_bytes().get(..end).unwrap_or_default();
    if !work.take((end - start) as u64) {
        return;
    }
    let mut view = View::default();
    let mut plain = start;
    let mut at = start;
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'%', b'\\', b'&', rest)) {
        at += next;
        let Some((char, len)) = telling(bytes, at).or_else(|| simple(bytes, at)) else {
            at += 1;
            continue;
        };
        view.push(text.get(plain..at).unwrap_or_default(), plain, at - plain);
        view.push(char.encode_utf8(&mut [0; 4]), at, len);
        at += len;
        plain = at;
    }
    view.push(text.get(plain..end).unwrap_or_default(), plain, end.saturating_sub(plain));
    decoded.views.push(view);
}

/// An escape that can hide an identifier: the character and the length of what stands for it.
fn telling(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let rest = bytes.get(at..)?;
    match rest {
        [b'%', ..] => percent(rest),
        [b'&', ..] => reference(rest),
        [b'\\', ..] => {
            // Text nested in text has its backslashes doubled at each level.
            let slashes = rest.iter().take(16).take_while(|byte| **byte == b'\\').count();
            let (char, len) = match rest.get(slashes..)? {
                [b'u', b'{', digits @ ..] => {
                    let len = digits.iter().take(6).take_while(|byte| byte.is_ascii_hexdigit()).count();
                    (digits.get(len) == Some(&b'}')).then_some(())?;
                    (char::from_u32(hex(digits.get(..len)?)?)?, len + 3)
                }
                [b'u', digits @ ..] => (utf16(digits.get(..4)?)?, 5),
                [b'x', digits @ ..] => (char::from_u32(hex(digits.get(..2)?)?)?, 3),
                [b'/', ..] => ('/', 1),
                _ => return None,
            };
            Some((char, slashes + len))
        }
        _ => None,
    }
}

/// An escape that hides nothing, but is in the way.
fn simple(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    match bytes.get(at..)? {
        [b'\\', b'n' | b'r', ..] => Some(('\n', 2)),
        [b'\\', b't', ..] => Some(('\t', 2)),
        [b'\\', quote @ (b'"' | b'\''), ..] => Some((char::from(*quote), 2)),
        [b'&', b'a', b'm', b'p', b';', ..] => Some(('&', 5)),
        [b'&', b'q', b'u', b'o', b't', b';', ..] => Some(('"', 6)),
        [b'&', b'l' | b'g', b't', b';', ..] => Some((' ', 4)),
        _ => None,
    }
}

/// One character of percent-encoded UTF-8. RFC 3986, section 2.1.
fn percent(rest: &[u8]) -> Option<(char, usize)> {
    let byte = |place: usize| match rest.get(3 * place..3 * place + 3)? {
        [b'%', digits @ ..] => u8::try_from(hex(digits)?).ok(),
        _ => None,
    };
    let first = byte(0)?;
    let len = match first {
        0..=0x7F => return Some((char::from(first), 3)),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let all: Option<Vec<u8>> = (0..len).map(byte).collect();
    let all = all?;
    Some((std::str::from_utf8(&all).ok()?.chars().next()?, 3 * len))
}

/// A half of a surrogate pair stands for nothing that matters.
fn utf16(digits: &[u8]) -> Option<char> {
    Some(char::from_u32(hex(digits)?).unwrap_or('\u{FFFD}'))
}

fn reference(rest: &[u8]) -> Option<(char, usize)> {
    let end = rest.iter().take(MAX_REFERENCE).position(|byte| *byte == b';')?;
    let char = match rest.get(1..end)? {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        b"commat" => '@',
        b"period" => '.',
        b"colon" => ':',
        b"equals" => '=',
        b"lowbar" => '_',
        b"hyphen" | b"dash" | b"ndash" | b"minus" => '-',
        b"nbsp" => ' ',
        b"num" => '#',
        b"sol" => '/',
        b"plus" => '+',
        _ => return None,
    };
    Some((char, end + 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}
