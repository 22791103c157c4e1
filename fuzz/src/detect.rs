//! Any text through the detectors of all packs: no panic, findings that lie in it, and the same ones each time.

use policy::detect::{Detectors, Found, TestValues, Work, pack, packs};
use policy::level::Levels;

thread_local! {
    static DETECTORS: Detectors = {
        let of_pack = |name| (0..).zip(pack(name).expect("a pack")).map(move |(at, one)| (format!("{name}[{at}]"), one));
        let written: Vec<_> = packs().flat_map(of_pack).collect();
        Detectors::compile(&written, &Levels::default(), TestValues::Count).expect("packs compile").0
    };
}

/// Checks one input: the text, in which what is no UTF-8 is replaced.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (found, left) = scan(&text, Work::of(text.len()));
    for finding in &found.findings {
        let known = DETECTORS.with(|detectors| detectors.get(finding.detector).is_some());
        assert!(known && text.get(finding.start..finding.end).is_some_and(|value| !value.is_empty()), "{finding:?}");
    }
    assert!(found.opaque.iter().all(|opaque| text.get(opaque.start..opaque.end).is_some()), "{:?}", found.opaque);
    assert_eq!((&found, left), (&scan(&text, Work::of(text.len())).0, left));
    // With less work than it takes, it says so rather than that there is nothing.
    let (few, left) = scan(&text, Work::with_steps(text.len() as u64 / 4));
    assert!(left == 0 || few == found, "nothing is overlooked without a word");
}

fn scan(text: &str, mut work: Work) -> (Found, u64) {
    let mut found = Found::default();
    DETECTORS.with(|detectors| detectors.scan(text, &mut work, &mut found));
    (found, work.steps_left())
}
