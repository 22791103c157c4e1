//! Base64, standard and for URLs. RFC 4648, sections 4 and 5.

/// The six bits of a character, if it is one of either alphabet.
pub fn bits(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Decodes up to the first byte of neither alphabet. Bits left over at the end are dropped.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut word, mut held) = (0_u32, 0_u32);
    for value in text.iter().map_while(|byte| bits(*byte)) {
        word = (word << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((word >> held & 0xFF) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_decode() {
        assert_eq!(decode(b"SGVsbG8sIHdvcmxkIQ=="), b"Hello, world!");
        assert_eq!(decode(b"-_-_"), decode(b"+/+/"));
    }
}
