//! Context: whether one of a detector's words stands close to a match.

use super::pattern::ByteSet;
use super::text::rarest_word;

/// Bytes before a match in which a context word counts.
pub const BEFORE: usize = 64;
/// Bytes after a match in which a context word counts.
pub const AFTER: usize = 32;
/// What looking around one match counts as work.
const STEPS: u64 = 16;

/// The context words of a detector.
#[derive(Debug, Default)]
pub struct Near {
    /// In lower case.
    words: Vec<Vec<u8>>,
    /// What they begin with, in either case.
    first: ByteSet,
}

// === impl Near ===

impl Near {
    /// Takes the words as written: in any case, spaces for any separator.
    pub fn new(words: &[String]) -> Self {
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.trim().to_ascii_lowercase().into_bytes()).collect();
        let mut first = ByteSet::default();
        for byte in words.iter().filter_map(|word| word.first()) {
            first.add(*byte, *byte);
            first.add(byte.to_ascii_uppercase(), byte.to_ascii_uppercase());
        }
        Self { words, first }
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words, in lower case.
    pub fn words(&self) -> &[Vec<u8>] {
        &self.words
    }

    /// Whether a word stands whole in the bytes around `start..end`. Takes steps for what it looks at.
    pub fn around(&self, text: &[u8], start: usize, end: usize, steps: &mut u64) -> bool {
        let before = text.get(start.saturating_sub(BEFORE)..start).unwrap_or_default();
        let after = text.get(end..text.len().min(end.saturating_add(AFTER))).unwrap_or_default();
        *steps = steps.saturating_sub(STEPS);
        [before, after].into_iter().any(|part| self.holds(part))
    }

    /// Whether a word stands whole in a text.
    fn holds(&self, text: &[u8]) -> bool {
        let mut last = b' ';
        text.iter().enumerate().any(|(at, byte)| {
            let can_begin = self.first.has(*byte) && (!last.is_ascii_lowercase() || !byte.is_ascii_lowercase());
            last = *byte;
            can_begin && begins_word(text, at) && self.words.iter().any(|word| stands(text, at, word))
        })
    }
}

/// A part of a context word, to be looked for in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub text: Vec<u8>,
    /// The fewest and the most bytes of the word before it.
    pub before: (usize, usize),
}

/// What to look for in order to find a word: the rarest of its parts, which stands by itself, and all of them in one.
pub fn parts(word: &[u8]) -> Vec<Part> {
    let (rarest, (_, _)) = rarest_word(word);
    let at = memchr::memmem::find(word, rarest).unwrap_or(0);
    let blanks = memchr::memchr_iter(b' ', word.get(..at).unwrap_or_default()).count();
    let joined: Vec<u8> = word.iter().copied().filter(|byte| *byte != b' ').collect();
    let mut parts =
        vec![Part { text: rarest.to_vec(), before: (at - blanks, at) }, Part { text: joined, before: (0, 0) }];
    parts.dedup_by(|joined, rarest| joined.text == rarest.text);
    // A single mark would be looked for everywhere.
    parts.retain(|part| part.text.len() > 1 || part.text.iter().all(u8::is_ascii_alphanumeric));
    parts
}

/// Whether a word stands whole where a part of it was found, so many bytes after its beginning.
pub fn is_whole(text: &[u8], at: usize, before: (usize, usize), word: &[u8]) -> bool {
    let mut starts = (before.0..=before.1).filter_map(|before| at.checked_sub(before));
    starts.any(|start| begins_word(text, start) && stands(text, start, word))
}

/// Whether a word stands whole at `at`, where a word begins.
fn stands(text: &[u8], at: usize, word: &[u8]) -> bool {
    let same_start =
        matches!((text.get(at), word.first()), (Some(found), Some(first)) if found.eq_ignore_ascii_case(first));
    same_start && word_at(text, at, word).is_some_and(|end| ends_word(text, end))
}

/// Where `word` ends if it stands at `at`; a space in it stands for one separator or none: `social_security`, `socialSecurity`.
fn word_at(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let mut end = at;
    for byte in word {
        match text.get(end) {
            Some(found) if found.eq_ignore_ascii_case(byte) => end += 1,
            Some(b' ' | b'_' | b'-' | b'\t' | b'\n' | b'.') if *byte == b' ' => end += 1,
            Some(_) if *byte == b' ' => {}
            _ => return None,
        }
    }
    Some(end)
}

/// Whether a word begins at `at`: not after a letter or digit, but after an underscore, and where a capital follows a small letter.
fn begins_word(text: &[u8], at: usize) -> bool {
    let Some(first) = text.get(at) else { return false };
    let Some(before) = at.checked_sub(1).and_then(|before| text.get(before)) else { return true };
    !first.is_ascii_alphanumeric()
        || !before.is_ascii_alphanumeric()
        || (before.is_ascii_lowercase() && first.is_ascii_uppercase())
        || super::text::word_starts_after_escape(text, at)
}

/// Whether a word ends at `end`: before no letter, save a plural's and a capital after a small letter.
fn ends_word(text: &[u8], end: usize) -> bool {
    let Some(last) = end.checked_sub(1).and_then(|last| text.get(last)) else { return false };
    let plural = usize::from(text.get(end) == Some(&b's'));
    let Some(after) = text.get(end + plural) else { return true };
    !last.is_ascii_alphanumeric()
        || !after.is_ascii_alphabetic()
        || (last.is_ascii_lowercase() && after.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(words: &[&str], text: &str) -> bool {
        let at = text.find('#').unwrap();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Near::new(&words).around(text.as_bytes(), at, at + 1, &mut 1000)
    }

    #[test]
    fn a_context_word_counts_when_it_is_near_and_whole() {
        let cases = [
            ("my SSN is #", true),
            ("customer_ssn: #", true),
            ("customerSsn: #", true),
            ("SSNs: #", true),
            ("lessn #", false),
            ("ssnail #", false),
            ("# is the social-security number", true),
            ("SocialSecurityNumber=#", true),
            ("ssn, and now a very long sentence that leads away from what was said first: #", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_near(&["ssn", "social security"], text), expected, "{text}");
        }
        assert!(is_near(&["身份证"], "我的身份证号码是#"));
    }
}
