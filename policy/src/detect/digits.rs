//! Digits: how many there are, and whether they are only a part of something longer.

/// How many digits there are; the compiler makes vectors of it.
pub fn count(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |count, byte| count + u8::from(byte.wrapping_sub(b'0') < 10))
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
