//! What is accepted, what is refused, and what is told of it.

use super::*;
use crate::request::Unreadable;

/// Writes everything down that the scanner tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told(Vec<String>);

impl Sink for Told {
    fn begin(&mut self, container: Container, place: Place<'_>) {
        self.0.push(format!("{container:?} {}", shown(place)));
    }

    fn end(&mut self, container: Container, end: u64) {
        self.0.push(format!("end {container:?} {end}"));
    }

    fn literal(&mut self, literal: Literal, place: Place<'_>) {
        self.0.push(format!("{literal:?} {}", shown(place)));
    }

    fn block(&mut self, block: &Block<'_>) {
        let Block { kind, place, index, raw, at, overlap, first, last } = *block;
        let raw = String::from_utf8_lossy(raw);
        self.0.push(format!("{kind:?} {} #{index} `{raw}` {at} {overlap} {first} {last}", shown(place)));
    }
}

fn shown(place: Place<'_>) -> String {
    format!("{}/{}/{}", place.at, place.depth, String::from_utf8_lossy(place.key))
}

/// Reads a document in the chunks given.
fn read(chunks: &[&[u8]]) -> (Vec<String>, Result<(), Malformed>) {
    let mut told = Told::default();
    let mut scanner = Scanner::new();
    let fed = chunks.iter().try_for_each(|chunk| scanner.feed(chunk, &mut told));
    let finished = fed.and_then(|()| scanner.finish(&mut told));
    (told.0, finished)
}

/// The reason why a document is refused, and where.
fn refusal(document: &[u8]) -> Option<(Unreadable, u64)> {
    read(&[document]).1.err().map(|malformed| (malformed.reason, malformed.at))
}

#[test]
fn everything_is_told_with_its_place() {
    let (told, result) = read(&[br#" {"a\u0062":["x",-1.5e3,{"c":null}],"":"","d":true} "#]);
    assert_eq!(result, Ok(()));
    assert_eq!(
        told,
        [
            "Object 1/0/",
            r"Key 2/1/ #0 `a\u0062` 3 0 true true",
            "Array 12/1/ab",
            "Text 13/2/ab #1 `x` 14 0 true true",
            "Number 17/2/ab #2 `-1.5e3` 17 0 true true",
            "Object 24/2/ab",
            "Key 25/3/ab #3 `c` 26 0 true true",
            "Null 29/3/c",
            "end Object 34",
            "end Array 35",
            "Key 36/1/ #4 `` 37 0 true true",
            "Text 39/1/ #5 `` 40 0 true true",
            "Key 42/1/ #6 `d` 43 0 true true",
            "True 46/1/d",
            "end Object 51",
        ]
    );
}

#[test]
fn what_rfc_8259_allows_is_accepted() {
    for document in [
        "{}",
        "[]",
        "\"\"",
        "0",
        "-0",
        "-0.0e-0",
        "1E+2",
        "null",
        "true",
        " \t\n\r[ ] ",
        "[[],{},\"\",0,null]",
        "{\"\":{\"\":{}}}",
        r#"["\u0000\ud83d\ude00\/"]"#,
        "[\"\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\"]",
        "{\"a\":{\"k\":1,\"K\":2},\"b\":1}",
    ] {
        assert_eq!(refusal(document.as_bytes()), None, "{document}");
    }
}

#[test]
fn every_refusal_says_why_and_where() {
    use Unreadable::{DuplicateKey, InvalidUtf8, LoneSurrogate, MalformedJson, TrailingData};
    for (document, reason, at) in [
        (b"".as_slice(), MalformedJson, 0),
        (b"  ", MalformedJson, 2),
        (b"\xEF\xBB\xBF{}", MalformedJson, 0),
        (b"\xFF\xFE{\0}\0", MalformedJson, 0),
        (b"{\0}\0", MalformedJson, 1),
        (b"{\0", MalformedJson, 1),
        (b"\x0C{}", MalformedJson, 0),
        (b"\xC2\xA0{}", MalformedJson, 0),
        (b"/**/{}", MalformedJson, 0),
        (b"{} //", TrailingData, 3),
        (b"{}{}", TrailingData, 2),
        (b"{}\n{}", TrailingData, 3),
        (b"{},", TrailingData, 2),
        (b"{}\0", TrailingData, 2),
        (b"1 2", TrailingData, 2),
        (b"NaN", MalformedJson, 0),
        (b"[Infinity]", MalformedJson, 1),
        (b"[-Infinity]", MalformedJson, 2),
        (b"[+1]", MalformedJson, 1),
        (b"[01]", MalformedJson, 2),
        (b"[-]", MalformedJson, 2),
        (b"[.5]", MalformedJson, 1),
        (b"[1.]", MalformedJson, 3),
        (b"[1e]", MalformedJson, 3),
        (b"[1e+]", MalformedJson, 4),
        (b"[0x1]", MalformedJson, 2),
        (b"[1_0]", MalformedJson, 2),
        (b"-", MalformedJson, 1),
        (b"[1", MalformedJson, 2),
        (b"[nul]", MalformedJson, 4),
        (b"[True]", MalformedJson, 1),
        (b"nul", MalformedJson, 3),
        (b"nullx", TrailingData, 4),
        (b"[1,]", MalformedJson, 3),
        (b"[,1]", MalformedJson, 1),
        (b"[1 2]", MalformedJson, 3),
        (b"[1}", MalformedJson, 2),
        (b"[", MalformedJson, 1),
        (b"]", MalformedJson, 0),
        (b"{]", MalformedJson, 1),
        (b"{\"a\"}", MalformedJson, 4),
        (b"{\"a\":}", MalformedJson, 5),
        (b"{\"a\":1,}", MalformedJson, 7),
        (b"{\"a\":1]", MalformedJson, 6),
        (b"{a:1}", MalformedJson, 1),
        (b"{'a':1}", MalformedJson, 1),
        (b"{1:1}", MalformedJson, 1),
        (b"{\"a\" 1}", MalformedJson, 5),
        (b"[\"a]", MalformedJson, 4),
        (b"[\"a\nb\"]", MalformedJson, 3),
        (b"[\"\0\"]", MalformedJson, 2),
        (b"[\"\xC3\xA9\x1F\"]", MalformedJson, 4),
        (b"[\"\\x41\"]", MalformedJson, 3),
        (b"[\"\\u004g\"]", MalformedJson, 7),
        (b"[\"\\U0041\"]", MalformedJson, 3),
        (b"[\"\\\"]", MalformedJson, 5),
        (b"[\"\\ud83d\"]", LoneSurrogate, 2),
        (b"[\"\\ud83d\\n\"]", LoneSurrogate, 2),
        (b"[\"\\ude00\"]", LoneSurrogate, 2),
        (b"[\"\\ud83d\\ud83d\"]", LoneSurrogate, 2),
        (b"[\"\\ud83d\\u0041\"]", LoneSurrogate, 2),
        (b"[\"\xFF\"]", InvalidUtf8, 2),
        (b"[\"a\x80\"]", InvalidUtf8, 3),
        (b"[\"\xC0\x80\"]", InvalidUtf8, 2),
        (b"[\"\xE0\x80\x80\"]", InvalidUtf8, 2),
        (b"[\"\xED\xA0\x80\"]", InvalidUtf8, 2),
        (b"[\"\xF4\x90\x80\x80\"]", InvalidUtf8, 2),
        (b"[\"\xC3\"]", InvalidUtf8, 2),
        (b"[\"\xE2\x82\"]", InvalidUtf8, 2),
        (b"[\"\xE2\x82", MalformedJson, 4),
        (br#"{"a":1,"a":1}"#, DuplicateKey, 12),
        (br#"{"a":1,"b":2,"\u0061":3}"#, DuplicateKey, 23),
        (br#"{"model":1,"Model":1}"#, DuplicateKey, 20),
        ("{\"stream\":1,\"\u{17F}tream\":1}".as_bytes(), DuplicateKey, 23),
        (br#"{"x":[{"a":1,"a":2}]}"#, DuplicateKey, 18),
        (br#"{"":1,"":1}"#, DuplicateKey, 10),
    ] {
        assert_eq!(refusal(document), Some((reason, at)), "{}", document.escape_ascii());
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert_eq!(refusal(&nested(DEPTH_MOST)), None);
    assert_eq!(refusal(&nested(DEPTH_MOST + 1)), Some((Unreadable::TooDeep, DEPTH_MOST as u64)));
    assert_eq!(refusal(&vec![b'['; 1_000_000]), Some((Unreadable::TooDeep, DEPTH_MOST as u64)));
}

#[test]
fn open_keys_are_bounded() {
    let object = |keys: usize| (0..keys).map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(",");
    assert_eq!(refusal(format!("{{{}}}", object(KEYS_MOST)).as_bytes()), None);
    let refused = refusal(format!("{{{}}}", object(KEYS_MOST + 1)).as_bytes());
    assert_eq!(refused.map(|(reason, _)| reason), Some(Unreadable::TooManyKeys));
    let closed = format!("[{{{0}}},{{{0}}}]", object(KEYS_MOST - 1));
    assert_eq!(refusal(closed.as_bytes()), None);
}

#[test]
fn a_long_key_is_compared_but_not_shown() {
    let key = "k".repeat(KEY_SHOWN);
    let (told, _) = read(&[format!("{{\"{key}\":null,\"{key}k\":null}}").as_bytes()]);
    assert!(told.iter().any(|told| told.starts_with("Null") && told.ends_with(&key)));
    assert!(told.iter().any(|told| told.starts_with("Null") && told.ends_with("/1/")));

    let long = "k".repeat(3 * BLOCK);
    let escaped = long.replace('k', "\\u006b");
    let twice = format!("{{\"{long}\":1,\"{escaped}\":2}}");
    assert_eq!(refusal(twice.as_bytes()).map(|(reason, _)| reason), Some(Unreadable::DuplicateKey));
}

#[test]
fn a_failed_scanner_stays_failed() {
    let mut scanner = Scanner::new();
    let failed = scanner.feed(b"]", &mut Told::default());
    assert!(failed.is_err());
    assert_eq!(scanner.feed(b"{}", &mut Told::default()), failed);
    assert_eq!(scanner.finish(&mut Told::default()), failed);
}

#[test]
fn a_number_may_have_any_length() {
    for digits in [1_000, BLOCK, BLOCK + 1, 3 * BLOCK] {
        let document = format!("[{},-0.{}e99999]", "7".repeat(digits), "1".repeat(digits));
        assert_eq!(refusal(document.as_bytes()), None, "{digits}");
    }
}

#[test]
fn every_split_tells_the_same() {
    for document in [
        " {\"a\\u00e9\" : [ \"x\\n\u{E9}\u{20AC}\u{1F600}\\ud83d\\ude00\", -12.50e+3, {} , [] ],\"b\":true,\"c\":null,\"\":false } ",
        "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"\u{FC}ber \\\"alles\\\"\"}]}",
        "-12",
    ] {
        let whole = read(&[document.as_bytes()]);
        assert_eq!(whole.1, Ok(()));
        for first in 0..=document.len() {
            let (start, rest) = document.as_bytes().split_at(first);
            assert_eq!(read(&[start, rest]), whole, "{document} at {first}");
            for second in 0..=rest.len() {
                let (middle, end) = rest.split_at(second);
                assert_eq!(read(&[start, middle, end]), whole, "{document} at {first} and {second}");
            }
        }
        let bytes: Vec<_> = document.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes), whole);
    }
}

/// Collects the blocks of a document's strings.
#[derive(Default)]
struct Blocks(Vec<(Vec<u8>, u64, usize, bool, bool)>);

impl Sink for Blocks {
    fn begin(&mut self, _: Container, _: Place<'_>) {}
    fn end(&mut self, _: Container, _: u64) {}
    fn literal(&mut self, _: Literal, _: Place<'_>) {}
    fn block(&mut self, block: &Block<'_>) {
        self.0.push((block.raw.to_vec(), block.at, block.overlap, block.first, block.last));
    }
}

fn blocks(document: &[u8], chunk: usize) -> Vec<(Vec<u8>, u64, usize, bool, bool)> {
    let mut blocks = Blocks::default();
    let mut scanner = Scanner::new();
    document.chunks(chunk).for_each(|chunk| scanner.feed(chunk, &mut blocks).unwrap());
    scanner.finish(&mut blocks).unwrap();
    blocks.0
}

#[test]
fn a_long_string_comes_in_the_same_blocks_however_it_is_split() {
    for piece in ["a", "\u{E9}", "\u{20AC}", "\u{1F600}", r"\\", r"\n", r"\u00e9", r"\ud83d\ude00", r"x\\\nyz"] {
        for shift in 0..2 {
            let text = format!("{}{}", "s".repeat(shift), piece.repeat(140_000 / piece.len()));
            let document = format!("\"{text}\"");
            let whole = blocks(document.as_bytes(), document.len());
            for chunk in [4_099, BLOCK + 1] {
                assert!(blocks(document.as_bytes(), chunk) == whole, "{piece} in chunks of {chunk}");
            }
            let mut joined = Vec::new();
            for (index, (raw, at, overlap, first, last)) in whole.iter().enumerate() {
                assert!(raw.len() <= BLOCK);
                assert_eq!(*at as usize - 1, joined.len() - overlap);
                assert!(joined.ends_with(&raw[..*overlap]));
                assert!(index == 0 && *overlap == 0 || *overlap >= OVERLAP, "{overlap}");
                assert_eq!((*first, *last), (index == 0, index == whole.len() - 1));
                joined.extend_from_slice(&raw[*overlap..]);
                assert!(!unescape(raw, &mut String::new()).contains('\u{FFFD}'), "a cut inside {piece}");
            }
            assert!(joined == text.as_bytes());
        }
    }
}

#[test]
fn a_string_of_exactly_one_block_is_one_block() {
    for (length, count) in [(0, 1), (1, 1), (BLOCK - 1, 1), (BLOCK, 1), (BLOCK + 1, 2)] {
        let document = format!("\"{}\"", "a".repeat(length));
        for chunk in [7_000, BLOCK + 1, document.len()] {
            assert_eq!(blocks(document.as_bytes(), chunk).len(), count, "{length} in chunks of {chunk}");
        }
    }
}
