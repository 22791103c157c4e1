//! Base64, standard and for URLs. RFC 4648, sections 4 and 5.

/// The six bits of a character, if it is one of either alphabet.
#[inline]
pub fn bits(byte: u8) -> Option<u8> {
    BITS.get(usize::from(byte)).copied().filter(|bits| *bits != NONE)
}

/// What stands in [`BITS`] for a byte of neither alphabet.
const NONE: u8 = u8::MAX;

/// The bits of all bytes, as whole texts are decoded to see whether they are any.
static BITS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut rest = table.as_mut_slice();
    let mut byte = 0_u8;
    while let Some((bits, after)) = rest.split_first_mut() {
        if let Some(told) = told(byte) {
            *bits = told;
        }
        byte = byte.wrapping_add(1);
        rest = after;
    }
    table
};

const fn told(byte: u8) -> Option<u8> {
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
    let (fours, rest) = text.as_chunks();
    for (four, at) in fours.iter().zip((0..).step_by(4)) {
        let [Some(a), Some(b), Some(c), Some(d)] = four.map(bits) else {
            decode_rest(text.get(at..).unwrap_or_default(), &mut out);
            return out;
        };
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    decode_rest(rest, &mut out);
    out
}

fn decode_rest(text: &[u8], out: &mut Vec<u8>) {
    let (mut word, mut held) = (0_u32, 0_u32);
    for value in text.iter().map_while(|byte| bits(*byte)) {
        word = (word << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((word >> held & 0xFF) as u8);
        }
    }
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
