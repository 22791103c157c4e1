//! Measures what the detectors of all packs cost: activation, and megabytes a second for several kinds of text.
//!
//! `cargo run --release -p policy --example scan`; in wasm, run the same program under a WASI host.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a measurement, run by hand on texts of its own")]

use policy::detect::{Detectors, Found, TestValues, Work, pack, packs};
use policy::level::Levels;
use std::time::{Duration, Instant};

/// The size of a block, as a caller cuts text.
const BLOCK: usize = 32 * 1024;
/// How long each kind of text is scanned; the fastest pass counts.
const TIME: Duration = Duration::from_millis(600);

fn main() {
    let (detectors, activation) = (0..5).map(|_| activate()).min_by_key(|(_, time)| *time).expect("five times");
    println!("{} detectors, activated in {:.2} ms", detectors.iter().count(), activation.as_secs_f64() * 1e3);
    for (name, text) in [
        ("clean chat", chat()),
        ("chat with dashes and quotes", typographic()),
        ("numbers", numbers()),
        ("code", code()),
        ("base64", base64()),
    ] {
        let (speed, findings) = measure(&detectors, &text);
        println!("{name:28} {speed:8.0} MB/s, {findings} findings");
    }
}

fn activate() -> (Detectors, Duration) {
    let start = Instant::now();
    let written = packs().flat_map(|name| {
        let detectors = pack(name).expect("a pack of that name");
        (0..).zip(detectors).map(move |(i, detector)| (format!("pack {name}[{i}]"), detector))
    });
    let compiled = Detectors::compile(&written.collect::<Vec<_>>(), &Levels::default(), TestValues::Ignore);
    (compiled.expect("packs compile").0, start.elapsed())
}

fn measure(detectors: &Detectors, text: &str) -> (f64, usize) {
    let (start, mut best, mut findings) = (Instant::now(), Duration::MAX, 0);
    while start.elapsed() < TIME {
        let pass = Instant::now();
        let (mut work, mut found) = (Work::of(text.len()), Found::default());
        detectors.scan(text, &mut work, &mut found);
        best = best.min(pass.elapsed());
        findings = found.findings.len();
        assert!(!work.exhausted(), "the work of ordinary text is within its budget");
    }
    (text.len() as f64 / best.as_secs_f64() / 1e6, findings)
}

/// A stream of numbers that is the same in every run.
fn random() -> impl FnMut(usize) -> usize {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    }
}

fn fill(mut next: impl FnMut() -> String) -> String {
    let mut text = String::new();
    while text.len() < BLOCK {
        text.push_str(&next());
    }
    text.truncate(text.floor_char_boundary(BLOCK));
    text
}

fn chat() -> String {
    let words: Vec<&str> = "the of and to in that it is was for with as on be at by this had not are but from or have an they which one you were \
        all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new \
        some could these two may first then do any like my now over such our man me even most made after also did many off before must well back \
        through years much where your way down should because long each just state people those too world how please explain write summarise \
        difference between history function example story recipe travel learning question answer model language data paragraph email translate \
        important understanding development environment government information research education community experience"
        .split_whitespace()
        .collect();
    let mut random = random();
    fill(|| {
        let end = match random(14) {
            0 => ". ",
            1 => ", ",
            2 if random(8) == 0 => ".\n\n",
            _ => " ",
        };
        if random(60) == 0 {
            format!("{}{end}", 1 + random(2030))
        } else {
            format!("{}{end}", words[random(words.len())])
        }
    })
}

fn typographic() -> String {
    chat().replace(" that ", " \u{2014} ").replace(" had ", " \u{201c}had\u{201d} ").replace(" is ", "\u{2019}s ")
}

fn numbers() -> String {
    let mut random = random();
    fill(|| {
        format!(
            "{},{}.{:02},{:04}-{:02}-{:02}\n",
            100_000 + random(900_000_000),
            random(10_000),
            random(100),
            1990 + random(40),
            1 + random(12),
            1 + random(28)
        )
    })
}

fn code() -> String {
    let mut random = random();
    let names = ["value", "index", "request", "handler", "config", "items", "result", "count", "buffer", "options"];
    fill(|| {
        let (a, b, n) = (names[random(names.len())], names[random(names.len())], random(4096));
        match random(5) {
            0 => format!("    let {a} = self.{b}.get({n}).unwrap_or_default();\n"),
            1 => format!("fn {a}_{b}(&mut self, {b}: &str) -> Result<u32, Error> {{\n"),
            2 => format!("    if {a}.len() > {n} {{ return Err(\"{b} too long\"); }}\n"),
            3 => format!("    // The {a} of a {b} is kept until it is read.\n}}\n\n"),
            _ => format!("    {a}.push(0x{n:04x}, &{b}[{n}..]);\n"),
        }
    })
}

fn base64() -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random = random();
    fill(|| char::from(DIGITS[random(64)]).to_string())
}
