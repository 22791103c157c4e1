use super::*;
use crate::detect::{DetectorConfig, TestValues};
use crate::document::{BLOCK, Container, Literal, Place, Scanner, Sink};
use crate::level::Levels;

/// Feeds a document's strings to a classifier.
struct Feed<'a>(&'a mut Classifier, &'a mut History);

impl Sink for Feed<'_> {
    fn begin(&mut self, _: Container, _: Place<'_>) {}
    fn end(&mut self, _: Container, _: u64) {}
    fn literal(&mut self, _: Literal, _: Place<'_>) {}
    fn block(&mut self, block: &Block<'_>) {
        self.0.block(block, self.1);
    }
}

fn detectors() -> Detectors {
    let key = DetectorConfig {
        id: "key".into(),
        label: Some("credential".into()),
        level: Some("restricted".into()),
        pattern: Some("KEY-[A-Z]{8}".into()),
        ..DetectorConfig::default()
    };
    Detectors::compile(&[("test".into(), key)], &Levels::default(), TestValues::Ignore).unwrap().0
}

fn count(body: &str, chunk: usize, history: &mut History) -> (u32, Volume) {
    let detectors = detectors();
    let mut classifier = Classifier::new(detectors.clone());
    let mut scanner = Scanner::new();
    for bytes in body.as_bytes().chunks(chunk) {
        scanner.feed(bytes, &mut Feed(&mut classifier, history)).unwrap();
    }
    scanner.finish(&mut Feed(&mut classifier, history)).unwrap();
    let (tally, volume) = classifier.finish(history);
    let key = detectors.find("key").unwrap();
    (tally.unwrap().detectors.get(&key).map_or(0, |count| count.count), volume)
}

fn found(body: &str) -> u32 {
    count(body, usize::MAX, &mut History::new([1; 16])).0
}

#[test]
fn keys_values_numbers_and_elements_are_all_text() {
    assert_eq!(found(r#"{"content":"my KEY-ABCDEFGH is here"}"#), 1);
    assert_eq!(found(r#"{"KEY-ABCDEFGH":{"a":1}}"#), 1);
    assert_eq!(found(r#"{"a":[["x","KEY-ABCDEFGH"],{"b":{"c":"KEY-BBBBBBBB"}}]}"#), 2);
    assert_eq!(found(r#"{"content":"\u004bEY-ABCDEFGH"}"#), 1);
    assert_eq!(found(r#"{"content":"nothing"}"#), 0);
}

#[test]
fn a_value_split_over_strings_of_one_key_is_found_once() {
    let parts = r#"[{"type":"text","text":"it is KEY-ABC"},{"type":"text","text":"DEFGH, yes"}]"#;
    assert_eq!(found(parts), 1);
    let letters: Vec<String> = "KEY-ABCDEFGH".chars().map(|c| format!(r#"{{"text":"{c}"}}"#)).collect();
    assert_eq!(found(&format!("[{}]", letters.join(","))), 1);
    assert_eq!(found(r#"["KEY-ABC","DEFGH"]"#), 1);
    assert_eq!(found(r#"["see KEY-ABC", " DEFGH"]"#), 0);
}

#[test]
fn a_finding_counts_once_wherever_the_blocks_and_chunks_are_cut() {
    for before in [0, 511, 64_400, 64_490, 64_500, 64_512, 65_520, 65_530, 65_536, 130_000] {
        let body = format!(r#"{{"content":"{}KEY-ABCDEFGH{}"}}"#, " ".repeat(before), " tail".repeat(40_000));
        for chunk in [1_000, 16_384, usize::MAX] {
            assert_eq!(
                count(&body, chunk, &mut History::new([1; 16])).0,
                1,
                "{before} bytes before, chunks of {chunk}"
            );
        }
    }
}

#[test]
fn what_was_seen_before_is_remembered_with_its_findings() {
    let mut history = History::new([1; 16]);
    let long = "a long message ".repeat(100);
    let first = format!(r#"{{"messages":[{{"role":"user","content":"{long} KEY-ABCDEFGH"}}]}}"#);
    let (fresh, volume) = count(&first, usize::MAX, &mut history);
    assert_eq!((fresh, volume.remembered), (1, 0));
    let (again, volume) = count(&first, 700, &mut history);
    assert_eq!(again, 1);
    assert!(volume.remembered > 1_500, "{volume:?}");
}

#[test]
fn what_touched_the_end_of_a_part_is_found_where_the_text_ends_there() {
    for length in [600, 16 * 1024, BLOCK - 1, BLOCK] {
        let text = format!("{} KEY-ABCDEFGH", "x".repeat(length - 13));
        let mut history = History::new([1; 16]);
        for more in [" and so on".repeat(20_000), String::new()] {
            let body = format!(r#"{{"content":"{text}{more}"}}"#);
            assert_eq!(count(&body, usize::MAX, &mut history).0, 1, "{length} bytes, then {}", more.len());
        }
    }
}
