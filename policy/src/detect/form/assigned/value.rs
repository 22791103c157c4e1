//! Whether what stands after a name can be a secret.

use crate::detect::form::run;
use crate::detect::{Confidence, language, text};

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// A password: people choose those, so they may be words.
    Password,
    /// A secret or an API key.
    Secret,
    /// A token: also a word of parsers and language models.
    Token,
    /// Some key: mostly that of a table.
    Key,
    /// The scheme of an authorization header.
    Scheme,
}

/// The value up to its closing quote, or, unquoted, up to what cannot be part of one.
pub fn cut(text: &[u8], quote: Option<u8>) -> &[u8] {
    let value = match quote {
        Some(quote) => run(text, 0, super::MAX_VALUE, |byte| byte != quote && byte != b'\n' && byte != b'\\'),
        None => run(text, 0, super::MAX_VALUE, |byte| byte.is_ascii_graphic() && !b"\"'`,;<>\\)]}|&".contains(&byte)),
    };
    let end = value.iter().rposition(|byte| !b". \t".contains(byte)).map_or(0, |last| last + 1);
    value.get(..end).unwrap_or_default()
}

/// How sure it is that this value is a secret; `None` if it is none.
pub fn judge(name: Name, value: &[u8], quoted: bool) -> Option<Confidence> {
    let shortest = match name {
        Name::Password => 6,
        Name::Secret => 8,
        Name::Token | Name::Key | Name::Scheme => 10,
    };
    if value.len() < shortest || language::is_placeholder(value) || is_expression(value, quoted) {
        return None;
    }
    match name {
        Name::Password => password(value, quoted),
        Name::Secret => random(value, 10, 3.0),
        Name::Token | Name::Scheme => random(value, 14, 3.0),
        Name::Key => random(value, 20, 3.3),
    }
}

/// A password that a person chose: not a mere word, no sentence.
fn password(value: &[u8], quoted: bool) -> Option<Confidence> {
    let Kinds { lower, upper, digit, other } = Kinds::of(value);
    let mixed = usize::from(lower || upper) + usize::from(digit) + usize::from(other) + usize::from(lower && upper);
    let spaces = value.iter().filter(|byte| **byte == b' ').count();
    if spaces > 3 || (spaces > 0 && !quoted) || !(lower || upper || digit) || language::distinct(value) < 4 {
        return None;
    }
    // `password=secretary` may be one, `password: my-component-name` hardly.
    if mixed >= 2 && (digit || !language::is_language(value)) || (other && digit) {
        return Some(Confidence::Pattern);
    }
    (quoted && value.len() >= 8 && spaces == 0).then_some(Confidence::Weak)
}

/// A value that a machine made: long enough, random enough, of no language.
fn random(value: &[u8], sure: usize, least: f32) -> Option<Confidence> {
    let Kinds { lower, upper, digit, other: _ } = Kinds::of(value);
    let plain = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_=+/.:~!@#$%^&*".contains(byte));
    if !plain || text::entropy(value) < least.min(0.75 * (value.len() as f32).log2()) || language::is_language(value) {
        return None;
    }
    let made = digit && (lower || upper) || (lower && upper && value.len() >= 20);
    if !made || is_path(value) || is_host(value) || is_identifier(value) {
        return None;
    }
    Some(if value.len() >= sure { Confidence::Pattern } else { Confidence::Weak })
}

/// Code in place of a value: a call, a member, an index.
fn is_expression(value: &[u8], quoted: bool) -> bool {
    let dotted = || {
        value
            .split(|byte| *byte == b'.')
            .all(|part| part.first().is_some_and(u8::is_ascii_alphabetic) && is_identifier(part))
    };
    !quoted && (value.iter().any(|byte| b"([{".contains(byte)) || (memchr::memchr(b'.', value).is_some() && dotted()))
}

/// A path or an address rather than a secret.
fn is_path(value: &[u8]) -> bool {
    value.starts_with(b"/") || value.starts_with(b"./") || memchr::memmem::find(value, b"://").is_some()
}

/// The name of a host, perhaps with its port: labels, the last of letters alone (RFC 3696, section 2).
fn is_host(value: &[u8]) -> bool {
    let colon = memchr::memchr(b':', value).unwrap_or(value.len());
    let (name, port) = value.split_at_checked(colon).unwrap_or((value, &[]));
    let is_label = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && label.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    let mut labels = name.split(|byte| *byte == b'.');
    let top = labels.next_back().unwrap_or_default();
    let port = port.get(1..).unwrap_or_default();
    (2..=10).contains(&top.len())
        && top.iter().all(u8::is_ascii_lowercase)
        && labels.clone().count() >= 2
        && labels.all(|label| is_label(label) && label.len() <= 24)
        && port.len() <= 5
        && port.iter().all(u8::is_ascii_digit)
}

/// Words joined by underscores, hyphens, dots or capitals, perhaps with a number at the end: `my_token_2`, `tokenV2`.
fn is_identifier(value: &[u8]) -> bool {
    let words = value.split(|byte| !byte.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).all(|word| {
        let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let digits = word.len() - letters;
        let ends_in_number = word.iter().skip(letters).all(u8::is_ascii_digit) && digits <= 2;
        letters >= 1
            && ends_in_number
            && (letters <= 3 || language::is_language(word.get(..letters).unwrap_or_default()))
    })
}

/// Which kinds of characters a value has.
struct Kinds {
    lower: bool,
    upper: bool,
    digit: bool,
    other: bool,
}

impl Kinds {
    fn of(value: &[u8]) -> Self {
        Self {
            lower: value.iter().any(u8::is_ascii_lowercase),
            upper: value.iter().any(u8::is_ascii_uppercase),
            digit: value.iter().any(u8::is_ascii_digit),
            other: value.iter().any(|byte| !byte.is_ascii_alphanumeric()),
        }
    }
}
