//! What the targets of the wire formats choose from.

use policy::{catalogue::Format, request::Api};
use provider::stamp::Stamp;
use serde_json::value::RawValue;

use super::input::Input;

const FORMATS: [Format; 3] = [Format::Openai, Format::Anthropic, Format::Ollama];

/// One of the providers' formats.
pub fn format(input: &mut Input<'_>) -> Format {
    input.pick(&FORMATS)
}

/// One of the clients' APIs.
pub fn api(input: &mut Input<'_>) -> Api {
    input.pick(&Api::ALL)
}

/// What an answer is stamped with.
pub fn stamp() -> Stamp {
    Stamp { id: "d-1".into(), seconds: 1_795_391_999 }
}

/// Text in pieces of so many bytes, or more where a character would be cut.
pub fn pieces(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (size.max(1)..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Panics unless this is one JSON document.
pub fn assert_json(body: &[u8]) {
    let read = serde_json::from_slice::<&RawValue>(body);
    assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(body));
}
