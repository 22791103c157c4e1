//! Any bytes as a body: no panic, no difference between splits, no disagreement with `serde_json`.

use policy::document::{Block, Container, Kind, Literal, Malformed, Place, Scanner, Sink, unescape};
use policy::request::{Api, Asked, Exempt, Reader, Unreadable};

/// Checks one input: an API, the size of the pieces, and the body.
pub fn check(input: &[u8]) {
    let [api, split, body @ ..] = input else { return };
    let api = Api::ALL[usize::from(*api) % Api::ALL.len()];
    let whole = read(api, &[body]);
    let chunks: Vec<&[u8]> = body.chunks(usize::from(*split) + 1).collect();
    assert_eq!(read(api, &chunks), whole);
    compare(body, &whole);
}

/// All that is told of a body.
#[derive(Debug, PartialEq)]
struct Told {
    result: Result<(), Malformed>,
    /// Only of a body that was read to its end: what is told before a failure depends on the split.
    events: Vec<String>,
    strings: Vec<String>,
    asked: Option<Asked>,
}

fn read(api: Api, chunks: &[&[u8]]) -> Told {
    let mut notes = Notes { reader: Reader::new(api), events: Vec::new(), strings: Vec::new(), payload: false };
    let mut scanner = Scanner::new();
    let result = chunks.iter().try_for_each(|chunk| scanner.feed(chunk, &mut notes));
    let result = result.and_then(|()| scanner.finish(&mut notes));
    let Notes { reader, events, strings, payload } = notes;
    let asked = reader.finish();
    assert!(!payload || !asked.opaque.is_empty(), "an exempt payload is opaque");
    match result {
        Ok(()) => Told { result, events, strings, asked: Some(asked) },
        Err(_) => Told { result, events: Vec::new(), strings: Vec::new(), asked: None },
    }
}

fn compare(body: &[u8], told: &Told) {
    let mut expected = Vec::new();
    let parsed = serde_json::from_slice(body).map(|value| collect(value, &mut expected));
    match (told.result, parsed) {
        (Ok(()), Ok(())) => {
            let mut strings = told.strings.clone();
            strings.sort_unstable();
            expected.sort_unstable();
            assert_eq!(strings, expected);
        }
        (Err(malformed), Ok(())) => assert_eq!(malformed.reason, Unreadable::DuplicateKey),
        (Ok(()), Err(error)) => {
            let known =
                ["number out of range", "recursion limit"].iter().any(|known| error.to_string().contains(known));
            assert!(known, "{error}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn collect(value: serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text),
        serde_json::Value::Array(values) => values.into_iter().for_each(|value| collect(value, into)),
        serde_json::Value::Object(members) => members.into_iter().for_each(|(key, value)| {
            into.push(key);
            collect(value, into);
        }),
        _ => {}
    }
}

struct Notes {
    reader: Reader,
    events: Vec<String>,
    strings: Vec<String>,
    payload: bool,
}

impl Sink for Notes {
    fn begin(&mut self, container: Container, place: Place<'_>) {
        self.reader.begin(container, place);
        self.events.push(format!("{container:?} {place:?}"));
    }

    fn end(&mut self, container: Container, end: u64) {
        self.reader.end(container, end);
        self.events.push(format!("{container:?} {end}"));
    }

    fn literal(&mut self, literal: Literal, place: Place<'_>) {
        self.reader.literal(literal, place);
        self.events.push(format!("{literal:?} {place:?}"));
    }

    fn block(&mut self, block: &Block<'_>) {
        self.reader.block(block);
        self.payload |= self.reader.exempt() == Some(Exempt::Payload);
        self.events.push(format!("{block:?} {:?}", self.reader.exempt()));
        if block.kind == Kind::Number {
            return;
        }
        if block.first {
            self.strings.push(String::new());
        }
        let last = self.strings.last_mut().expect("a string begins with its first block");
        last.push_str(unescape(block.fresh(), &mut String::new()));
    }
}
