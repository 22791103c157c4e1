//! How fast bodies are read: `cargo run --release -p policy --example document_speed`.
//!
//! Prints MB/s (10^6 bytes a second) of the best of several rounds, for chat bodies of four sizes and three kinds of text,
//! read whole and in chunks of 16 KB. Checks that every block came.

use std::hint::black_box;
use std::time::{Duration, Instant};

use policy::document::{Block, Container, Literal, Place, Scanner, Sink, unescape};
use policy::request::{Api, Reader};

const ROUNDS: usize = 15;
const CHUNK: usize = 16 * 1024;

/// Only counts, so that the scanner alone is measured.
#[derive(Default)]
struct Count(usize);

/// The scanner with the reader behind it.
struct Reading(Reader, usize);

/// The scanner with every string unescaped.
#[derive(Default)]
struct Unescaping(String, usize);

fn main() {
    println!("{:<10} {:>8} {:>8} {:>8} {:>9} {:>9}", "text", "size", "scan", "chunked", "+ reader", "+ text");
    for (name, text) in [("prose", PROSE), ("code", CODE), ("japanese", JAPANESE)] {
        for size in [1_000, 8_000, 64_000, 512_000] {
            let body = chat(text, size);
            let rates = [
                rate(&body, || read(&[&body], Count::default()).0),
                rate(&body, || read(&body.chunks(CHUNK).collect::<Vec<_>>(), Count::default()).0),
                rate(&body, || read(&[&body], Reading(Reader::new(Api::Chat), 0)).1),
                rate(&body, || read(&[&body], Unescaping::default()).1),
            ];
            let [scan, chunked, reader, text] = rates;
            println!("{name:<10} {:>8} {scan:>8.0} {chunked:>8.0} {reader:>9.0} {text:>9.0}", body.len());
        }
    }
}

fn read<S: Sink>(chunks: &[&[u8]], mut sink: S) -> S {
    let mut scanner = Scanner::new();
    for chunk in chunks {
        assert_eq!(scanner.feed(chunk, &mut sink), Ok(()));
    }
    assert_eq!(scanner.finish(&mut sink), Ok(()));
    sink
}

fn rate(body: &[u8], mut read: impl FnMut() -> usize) -> f64 {
    let expected = read();
    assert!(expected > body.len() / 2, "most of a body is text");
    let repeats = 2_000_000 / body.len() + 1;
    let round = || {
        let start = Instant::now();
        (0..repeats).for_each(|_| assert_eq!(black_box(read()), expected));
        start.elapsed()
    };
    let best = std::iter::repeat_with(round).take(ROUNDS).min().unwrap_or(Duration::MAX);
    (body.len() * repeats) as f64 / best.as_secs_f64() / 1e6
}

/// A chat of messages of about 800 bytes.
fn chat(text: &str, size: usize) -> Vec<u8> {
    let mut messages = Vec::new();
    let mut length = 0;
    while length < size {
        let content: String = text.chars().cycle().skip(messages.len() * 7).take(800.min(size - length)).collect();
        length += content.len();
        messages.push(serde_json::json!({"role": "user", "content": content}));
    }
    serde_json::json!({"model": "gpt-4o", "messages": messages, "stream": true}).to_string().into_bytes()
}

const PROSE: &str = "The committee met on Tuesday and, after some discussion, agreed to postpone the decision until the \
    figures were in. Nobody was surprised.\n\nThe next item was the budget: \"as large as need be\", she said. ";

const CODE: &str = "fn main() {\n    let path = std::env::args().nth(1).expect(\"a path\");\n    for line in \
    read(&path).lines() {\n\tprintln!(\"{line}\\n\");\n    }\n}\n";

const JAPANESE: &str =
    "委員会は火曜日に開かれ、議論の末、数字が出るまで決定を延期することに同意した。誰も驚かなかった。\n";

impl Sink for Count {
    fn begin(&mut self, _: Container, _: Place<'_>) {}
    fn end(&mut self, _: Container, _: u64) {}
    fn literal(&mut self, _: Literal, _: Place<'_>) {}
    fn block(&mut self, block: &Block<'_>) {
        self.0 += block.fresh().len();
    }
}

impl Sink for Reading {
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
        if self.0.is_text() {
            self.1 += block.fresh().len();
        }
    }
}

impl Sink for Unescaping {
    fn begin(&mut self, _: Container, _: Place<'_>) {}
    fn end(&mut self, _: Container, _: u64) {}
    fn literal(&mut self, _: Literal, _: Place<'_>) {}
    fn block(&mut self, block: &Block<'_>) {
        self.1 += unescape(block.raw, &mut self.0).len();
    }
}
