//! Every detector of every pack is held to its own examples.

use super::super::*;
use std::fmt::Write;

/// All packs at once, as a policy would use them.
fn all() -> Vec<(String, DetectorConfig)> {
    let written = |name: &'static str| {
        let detectors = pack(name).unwrap_or_else(|| panic!("pack {name} is no list of detectors"));
        (0..).zip(detectors).map(move |(i, detector)| (format!("pack {name}[{i}] {}", detector.id), detector))
    };
    packs().flat_map(written).collect()
}

#[test]
fn every_pack_compiles_without_a_warning() {
    let (_, warnings) = Detectors::compile(&all(), &Levels::default(), TestValues::Ignore).unwrap_or_else(told);
    assert_eq!(warnings, []);
}

#[test]
fn every_detector_matches_and_ignores_its_examples() {
    let mut failures = String::new();
    for (path, config) in all() {
        // Alone, so that no other detector's finding takes its place. A specimen is a good example.
        let one = [(path.clone(), config.clone())];
        let (detectors, _) = Detectors::compile(&one, &Levels::default(), TestValues::Count).unwrap_or_else(told);
        let may_be_weak = config.alone == Some(Alone::Weak);
        for text in config.matches.iter().flatten() {
            let best = best(&detectors, text);
            if best.is_none_or(|best| best == Confidence::Weak && !may_be_weak) {
                writeln!(failures, "{path} must match but is {best:?}: {text}").unwrap();
            }
        }
        for text in config.ignores.iter().flatten() {
            let best = best(&detectors, text);
            if best.is_some_and(|best| best > Confidence::Weak) {
                writeln!(failures, "{path} must ignore but is {best:?}: {text}").unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn best(detectors: &Detectors, text: &str) -> Option<Confidence> {
    let (mut work, mut found) = (Work::of(text.len()), Found::default());
    detectors.scan(text, &mut work, &mut found);
    assert!(!work.exhausted(), "{text}");
    found.findings.iter().map(|finding| finding.confidence).max()
}

fn told<T>(problems: Vec<Problem>) -> T {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    panic!("\n{}", lines.join("\n"))
}
