//! Classes of bytes, and where words begin and end.

use super::language::gram_rarity;

/// Whether the byte is an ASCII letter, a digit or an underscore.
#[inline]
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a word byte at `at` follows a written escape such as `\n`, whose letter belongs to no word.
///
/// Text inside a JSON string inside a JSON string keeps its escapes: `key:\nAKIA...` as two characters, `\` and `n`.
pub fn word_starts_after_escape(text: &[u8], at: usize) -> bool {
    let Some((escape, before)) = text.get(..at).and_then(<[u8]>::split_last) else {
        return false;
    };
    matches!(escape, b'n' | b'r' | b't' | b'b' | b'f') && before.last() == Some(&b'\\')
}

/// Whether the place between two bytes is no inside of a word.
pub fn is_edge(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let after = text.get(at);
    !(before.is_some_and(|b| is_word(*b)) && after.is_some_and(|b| is_word(*b))) || word_starts_after_escape(text, at)
}

/// The most bytes of a term.
pub const MAX_TERM: usize = 256;
/// The most bytes of white space that a space in a term stands for.
pub const MAX_GAP: usize = 8;

/// Where `term` ends if it stands at `at`; a space in it stands for any white space.
pub fn term_at(text: &[u8], at: usize, term: &[u8], ignore_case: bool) -> Option<usize> {
    let mut end = at;
    for byte in term {
        let found = *text.get(end)?;
        if *byte == b' ' {
            let gap = text.iter().skip(end).take(MAX_GAP).take_while(|byte| byte.is_ascii_whitespace()).count();
            end += (gap > 0).then_some(gap)?;
        } else if found == *byte || (ignore_case && found.eq_ignore_ascii_case(byte)) {
            end += 1;
        } else {
            return None;
        }
    }
    Some(end)
}

/// The rarest word of a phrase, and the fewest and most bytes that may stand before it, whatever blanks join the words.
pub fn rarest_word(phrase: &[u8]) -> (&[u8], (usize, usize)) {
    let mut before = (0, 0);
    let words = phrase.split(|byte| *byte == b' ').map(|word| {
        let here = before;
        before = (here.0 + word.len() + 1, here.1 + word.len() + MAX_GAP);
        (word, here)
    });
    let worth = |word: &[u8]| if word.len() < 2 { 0 } else { gram_rarity(&word.to_ascii_lowercase()) };
    words.max_by_key(|(word, _)| worth(word)).filter(|(word, _)| worth(word) > 0).unwrap_or((phrase, (0, 0)))
}

/// The Shannon entropy of a text in bits per byte.
pub fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total = text.len() as f32;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f32::from(*count) / total);
    shares.map(|share| -share * share.log2()).sum()
}
