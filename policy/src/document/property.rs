//! The scanner against `serde_json`, on documents made at random and then damaged.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::*;
use crate::request::{Api, Exempt, Reader, Unreadable};

/// Notes all strings and keys, unescaped.
#[derive(Default)]
struct Strings(Vec<String>);

impl Sink for Strings {
    fn begin(&mut self, _: Container, _: Place<'_>) {}
    fn end(&mut self, _: Container, _: u64) {}
    fn literal(&mut self, _: Literal, _: Place<'_>) {}
    fn block(&mut self, block: &Block<'_>) {
        if block.first {
            self.0.push(String::new());
        }
        let is_number = block.kind == Kind::Number;
        let mut room = String::new();
        match self.0.last_mut() {
            Some(last) if !is_number => last.push_str(unescape(block.fresh(), &mut room)),
            _ => drop(self.0.pop()),
        }
    }
}

/// The strings of a document read in pieces that end where `ends` say, in the order of their text.
fn scan(document: &[u8], ends: &[usize]) -> Result<Vec<String>, Malformed> {
    let mut ends: Vec<usize> = ends.iter().map(|end| end % (document.len() + 1)).chain([document.len()]).collect();
    ends.sort_unstable();
    let (mut scanner, mut strings, mut start) = (Scanner::new(), Strings::default(), 0);
    for end in ends {
        scanner.feed(&document[start..end], &mut strings)?;
        start = end;
    }
    scanner.finish(&mut strings)?;
    strings.0.sort_unstable();
    Ok(strings.0)
}

/// The strings that `serde_json` finds in a document.
fn parse(document: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let mut strings = Vec::new();
    collect(serde_json::from_slice(document)?, &mut strings);
    strings.sort_unstable();
    Ok(strings)
}

fn collect(value: Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(values) => values.into_iter().for_each(|value| collect(value, into)),
        Value::Object(members) => members.into_iter().for_each(|(key, value)| {
            into.push(key);
            collect(value, into);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn text() -> impl Strategy<Value = String> {
    let plain = select(vec!['a', ' ', '"', '\\', '/', '\n', '\0', '\u{7F}', 'é', '€', '\u{FFFF}', '😀']);
    vec(prop_oneof![3 => plain, 1 => any::<char>()], 0..20).prop_map(|chars| chars.into_iter().collect())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => select(vec![Value::Null, true.into(), false.into()]),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((text(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A document as it may be written: plainly, with white space, or with everything escaped that can be.
fn document() -> impl Strategy<Value = Vec<u8>> {
    (value(), 0..3).prop_map(|(value, style)| match style {
        0 => value.to_string().into_bytes(),
        1 => serde_json::to_vec_pretty(&value).unwrap(),
        _ => escaped(&value.to_string()).into_bytes(),
    })
}

/// The document with every character that is not ASCII as `\u`.
fn escaped(document: &str) -> String {
    let unit = |unit: &u16| {
        u8::try_from(*unit).ok().filter(u8::is_ascii).map_or(format!("\\u{unit:04x}"), |byte| char::from(byte).into())
    };
    document.encode_utf16().collect::<Vec<_>>().iter().map(unit).collect()
}

/// A small damage: where, what, and whether it replaces, inserts or removes.
fn damage() -> impl Strategy<Value = (usize, u8, u8)> {
    let byte = select(b"\"\\/u{}[],:0123456789.eE+-tfnl \t\r\n\0\x1F\x7F\x80\xBF\xC3\xED\xF4\xFFdD8aA".to_vec());
    (any::<usize>(), byte, 0..3_u8)
}

fn damaged(mut document: Vec<u8>, damages: &[(usize, u8, u8)]) -> Vec<u8> {
    for (place, byte, how) in damages {
        let place = place % (document.len() + 1);
        match how {
            0 => document.insert(place, *byte),
            _ if place == document.len() => document.push(*byte),
            1 => document[place] = *byte,
            _ => drop(document.remove(place)),
        }
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_document_yields_its_strings(document in document(), ends in vec(any::<usize>(), 0..6)) {
        let expected = parse(&document).unwrap();
        match scan(&document, &ends) {
            // Keys that differ in nothing but case are refused at the top.
            Err(malformed) => prop_assert_eq!(malformed.reason, Unreadable::DuplicateKey),
            Ok(strings) => prop_assert_eq!(strings, expected),
        }
    }

    #[test]
    fn a_damaged_document_is_taken_and_refused_as_serde_json_does(
        document in document(),
        damages in vec(damage(), 1..4),
        ends in vec(any::<usize>(), 0..4),
    ) {
        let document = damaged(document, &damages);
        match (scan(&document, &ends), parse(&document)) {
            (Ok(strings), Ok(expected)) => prop_assert_eq!(strings, expected),
            (Err(malformed), Ok(_)) => prop_assert_eq!(malformed.reason, Unreadable::DuplicateKey),
            // It does not hold such a number, though the grammar has it.
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range"), "{}", error),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn a_damaged_document_is_refused_alike_however_it_is_split(
        document in document(),
        damages in vec(damage(), 0..4),
        ends in vec(any::<usize>(), 1..9),
    ) {
        let document = damaged(document, &damages);
        prop_assert_eq!(scan(&document, &ends), scan(&document, &[]));
    }

    #[test]
    fn spans_of_the_text_hold_it_in_the_raw_bytes(text in text(), from in 0_usize..20, length in 0_usize..20) {
        let raw = escaped(&Value::from(text.clone()).to_string());
        let raw = &raw.as_bytes()[1..raw.len() - 1];
        let start = text.floor_char_boundary(from);
        let end = text.floor_char_boundary(start + length);
        let span = raw_span(raw, start..end);
        let mut room = String::new();
        prop_assert_eq!(unescape(&raw[span], &mut room), text.get(start..end).unwrap());
    }
}

/// Notes whether a payload was exempt.
struct Noted(Reader, bool);

impl Sink for Noted {
    fn begin(&mut self, container: Container, place: Place<'_>) {
        self.0.begin(container, place);
    }
    fn end(&mut self, container: Container, end: u64) {
        self.0.end(container, end);
    }
    fn literal(&mut self, literal: Literal, place: Place<'_>) {
        self.0.literal(literal, place);
    }
    fn block(&mut self, block: &Block<'_>) {
        self.0.block(block);
        self.1 |= self.0.exempt() == Some(Exempt::Payload);
    }
}

fn wire_value() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 12] = [
        "image",
        "text",
        "base64",
        "document",
        "input_audio",
        "tool_use",
        "data:image/png;base64,AAAA",
        "iVBORw0KGgo",
        "JVBERi0x",
        "https://x",
        "new",
        "",
    ];
    const KEYS: [&str; 16] = [
        "type",
        "content",
        "messages",
        "input",
        "source",
        "data",
        "url",
        "image_url",
        "images",
        "file_data",
        "parameters",
        "metadata",
        "input_audio",
        "result",
        "video",
        "Image_URL",
    ];
    let leaf = select(WORDS.to_vec()).prop_map(Value::from);
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(KEYS.to_vec()), inner), 0..5).prop_map(|members| Value::Object(
                members.into_iter().map(|(key, value)| (key.into(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exempt_as_a_payload_is_opaque(body in wire_value(), api in select(Api::ALL.to_vec())) {
        let mut noted = Noted(Reader::new(api), false);
        let mut scanner = Scanner::new();
        let body = body.to_string();
        let read = scanner.feed(body.as_bytes(), &mut noted).and_then(|()| scanner.finish(&mut noted));
        let Noted(reader, exempt) = noted;
        prop_assert!(read.is_err() || !exempt || !reader.finish().opaque.is_empty(), "{}", body);
    }
}
