//! Measures what the detectors of all packs cost: activation, megabytes a second for several kinds of text, and the time
//! that a megabyte of hostile text takes.
//!
//! `cargo run --release -p policy --example scan`; in wasm, run the same program under a WASI host. A word after it
//! picks the kinds of text whose name holds it.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a measurement, run by hand on texts of its own")]

mod texts;

use policy::detect::{Detectors, Found, TestValues, Work, pack, packs};
use policy::level::Levels;
use std::time::{Duration, Instant};

/// The size of a block, as a caller cuts text.
const BLOCK: usize = 32 * 1024;
/// The size of a hostile body.
const BODY: usize = 1024 * 1024;
/// How long each kind of text is scanned; the fastest pass counts.
const TIME: Duration = Duration::from_millis(400);

fn main() {
    let picked = std::env::args().nth(1).unwrap_or_default();
    let (detectors, activation) = (0..5).map(|_| activate()).min_by_key(|(_, time)| *time).expect("five times");
    println!("{} detectors, activated in {:.2} ms", detectors.iter().count(), activation.as_secs_f64() * 1e3);
    println!("\n{:32} {:>8} {:>10} {:>10}", "ordinary text", "MB/s", "steps/byte", "findings");
    for (name, make) in texts::ORDINARY.iter().filter(|(name, _)| name.contains(&picked)) {
        let Pass { time, steps, findings } = fastest(&detectors, &make(BLOCK));
        assert!(steps.is_some(), "the work of ordinary text is within its budget");
        let (speed, steps) = (BLOCK as f64 / time.as_secs_f64() / 1e6, steps.unwrap_or(0) as f64 / BLOCK as f64);
        println!("{name:32} {speed:8.0} {steps:10.1} {findings:10}");
    }
    println!("\n{:32} {:>8} {:>10} {:>10}", "1 MB of hostile text", "ms", "steps/byte", "findings");
    for (name, make) in texts::HOSTILE.iter().filter(|(name, _)| name.contains(&picked)) {
        let Pass { time, steps, findings } = fastest(&detectors, &make(BODY));
        let steps = steps.map_or("exhausted".to_owned(), |steps| format!("{:.1}", steps as f64 / BODY as f64));
        println!("{name:32} {:8.1} {steps:>10} {findings:10}", time.as_secs_f64() * 1e3);
    }
}

/// One pass over a text.
struct Pass {
    time: Duration,
    /// The work that it took; `None` if there was not enough.
    steps: Option<u64>,
    findings: usize,
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

fn fastest(detectors: &Detectors, text: &str) -> Pass {
    let start = Instant::now();
    let mut best = pass(detectors, text);
    while start.elapsed() < TIME {
        let next = pass(detectors, text);
        best = if next.time < best.time { next } else { best };
    }
    best
}

fn pass(detectors: &Detectors, text: &str) -> Pass {
    let start = Instant::now();
    let (mut work, mut findings) = (Work::of(text.len()), 0);
    let granted = work.steps_left();
    let mut rest = text;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(rest.floor_char_boundary(BLOCK.min(rest.len())));
        let mut found = Found::default();
        detectors.scan(block, &mut work, &mut found);
        findings += found.findings.len();
        rest = after;
    }
    let steps = (!work.exhausted()).then(|| granted - work.steps_left());
    Pass { time: start.elapsed(), steps, findings }
}
