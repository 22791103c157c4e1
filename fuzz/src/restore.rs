//! Any text as a piece of an answer to a request that went out with placeholders.

use provider::redact::{Placeholders, Restorer};

use super::input::Input;
use super::wire::pieces;

/// Checks one input: text or JSON, the size of the pieces, and the text, in which what is no UTF-8 is replaced.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (json, size) = (input.number() & 1 == 1, input.number());
    let text = String::from_utf8_lossy(input.rest());
    let mut placeholders = Placeholders::default();
    assert_eq!(restore(json, [&*text], &placeholders), text);
    placeholders.insert("EMAIL_1", "a\"b@c.d");
    placeholders.insert("A", "");
    let whole = restore(json, [&*text], &placeholders);
    assert_eq!(restore(json, pieces(&text, size), &placeholders), whole);
}

fn restore<'p>(json: bool, pieces: impl IntoIterator<Item = &'p str>, placeholders: &Placeholders) -> String {
    let mut restorer = if json { Restorer::json() } else { Restorer::text() };
    let mut out: String = pieces.into_iter().map(|piece| restorer.feed(piece, placeholders)).collect();
    out += &restorer.finish();
    out
}
