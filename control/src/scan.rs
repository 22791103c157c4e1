//! Where in a text or in a request body something sensitive stands.
//!
//! The level is the one that the filter would find, by the same classifier; besides, each finding has its place.

use std::ops::Range;

use policy::classify::{Classifier, History, Tally};
use policy::detect::{
    Confidence, DetectorConfig, DetectorIndex, Detectors, Finding, Found, MAX_BLOCK, MAX_FINDING, TestValues, Work,
    pack, packs,
};
use policy::document::{Block, Container, Kind, Literal, Malformed, Place, Scanner, Sink, raw_span, unescape};
use policy::level::{Level, Levels};
use policy::problem::Problem;

/// What was found in a document.
pub struct Reading {
    /// The level of the whole; `None` if it took more work than a request may cause, and so counts as unread.
    pub level: Option<Level>,
    /// What was found, in the order of the document.
    pub hits: Vec<Hit>,
    /// Detectors that found something over the seam of two strings: it has no one place.
    pub across: Vec<DetectorIndex>,
}

/// Something found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The detector.
    pub detector: DetectorIndex,
    /// Its bytes in the document.
    pub span: Range<usize>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether it is a specimen that belongs to nobody.
    pub test: bool,
}

/// The detectors of all packs, for the default levels.
pub fn all_detectors() -> Result<Detectors, Vec<Problem>> {
    let named = |name: &'static str| {
        let detectors = pack(name).unwrap_or_default().into_iter().enumerate();
        detectors.map(move |(place, detector)| (format!("pack {name}[{place}]"), detector))
    };
    let written: Vec<(String, DetectorConfig)> = packs().flat_map(named).collect();
    Detectors::compile(&written, &Levels::default(), TestValues::default()).map(|(detectors, _)| detectors)
}

/// Reads a plain text.
pub fn text(detectors: &Detectors, text: &str) -> Reading {
    let mut work = Work::of(text.len());
    let mut found = Found::default();
    let (mut tally, mut hits) = (Tally::default(), Vec::new());
    let (mut start, mut seen) = (0, 0);
    loop {
        let end = text.floor_char_boundary(start + MAX_BLOCK);
        let (first, last) = (start == 0, end == text.len());
        found.findings.clear();
        found.opaque.clear();
        detectors.scan(text.get(start..end).unwrap_or_default(), &mut work, &mut found);
        // What touches the end of a block may be cut off there; the next block sees it whole.
        let counts = |finding: &Finding| (first || start + finding.end >= seen) && (last || start + finding.end < end);
        tally.merge(&Tally::of(&found, counts));
        hits.extend(
            found
                .findings
                .iter()
                .filter(|finding| counts(finding))
                .map(|finding| hit(finding, start + finding.start..start + finding.end)),
        );
        if last {
            break;
        }
        seen = end;
        start = text.floor_char_boundary(end - MAX_FINDING);
    }
    hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
    Reading { level: (!work.exhausted()).then(|| tally.level(detectors)), hits, across: Vec::new() }
}

/// Reads a request body: one JSON document.
pub fn body(detectors: &Detectors, body: &[u8]) -> Result<Reading, Malformed> {
    let mut reader = Reader {
        detectors,
        work: Work::of(body.len().saturating_mul(2)),
        found: Found::default(),
        room: String::new(),
        key: String::new(),
        hits: Vec::new(),
        classifier: Classifier::new(detectors.clone()),
        history: History::new([0; 16]),
    };
    let mut scanner = Scanner::new();
    scanner.feed(body, &mut reader)?;
    scanner.finish(&mut reader)?;
    let Reader { classifier, mut history, mut hits, work, .. } = reader;
    let (tally, _) = classifier.finish(&mut history);
    hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
    let placed = |detector: &DetectorIndex| hits.iter().any(|hit| hit.detector == *detector);
    let across =
        tally.iter().flat_map(|tally| tally.detectors.keys()).filter(|detector| !placed(detector)).copied().collect();
    Ok(Reading { level: tally.filter(|_| !work.exhausted()).map(|tally| tally.level(detectors)), hits, across })
}

/// Reads a body's strings one by one, and remembers where they stand.
struct Reader<'a> {
    detectors: &'a Detectors,
    work: Work,
    found: Found,
    room: String,
    /// The last key: it says what its value is.
    key: String,
    hits: Vec<Hit>,
    classifier: Classifier,
    history: History,
}

impl Sink for Reader<'_> {
    fn begin(&mut self, _: Container, _: Place<'_>) {
        self.key.clear();
    }

    fn end(&mut self, _: Container, _: u64) {
        self.key.clear();
    }

    fn literal(&mut self, _: Literal, _: Place<'_>) {
        self.key.clear();
    }

    fn block(&mut self, block: &Block<'_>) {
        self.classifier.block(block, &mut self.history);
        let value = unescape(block.raw, &mut self.room);
        let key = if block.kind == Kind::Key { String::new() } else { std::mem::take(&mut self.key) };
        let before = if key.is_empty() || !block.first { String::new() } else { format!("{key}: ") };
        let text = format!("{before}{value}");
        let overlap = raw_prefix(block.raw, block.overlap, before.len());
        if block.kind == Kind::Key {
            value.clone_into(&mut self.key);
        }
        self.found.findings.clear();
        self.found.opaque.clear();
        self.detectors.scan(&text, &mut self.work, &mut self.found);
        let counts = |finding: &&Finding| {
            finding.start >= before.len()
                && (block.first || finding.end >= overlap)
                && (block.last || finding.end < text.len())
        };
        let at = usize::try_from(block.at).unwrap_or(usize::MAX);
        for finding in self.found.findings.iter().filter(counts) {
            let span = raw_span(block.raw, finding.start - before.len()..finding.end - before.len());
            self.hits.push(hit(finding, at + span.start..at + span.end));
        }
    }
}

/// How long the text of a block's leading bytes is, after what was put before it.
fn raw_prefix(raw: &[u8], overlap: usize, before: usize) -> usize {
    before + unescape(raw.get(..overlap).unwrap_or_default(), &mut String::new()).len()
}

fn hit(finding: &Finding, span: Range<usize>) -> Hit {
    Hit { detector: finding.detector, span, confidence: finding.confidence, test: finding.test }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its own detectors, so that these tests do not hang on the packs.
    fn detectors() -> Detectors {
        let written = serde_saphyr::from_str::<Vec<DetectorConfig>>(
            "- {id: badge, name: Badge, label: pii, level: restricted, pattern: 'EMP-\\d{6}'}\n\
             - {id: note, name: Note, label: marking, level: internal, terms: [Bluebird]}\n",
        );
        let written: Vec<_> =
            written.unwrap().into_iter().enumerate().map(|(place, one)| (format!("[{place}]"), one)).collect();
        Detectors::compile(&written, &Levels::default(), TestValues::default()).unwrap().0
    }

    fn found<'a>(reading: &Reading, document: &'a str) -> Vec<&'a str> {
        reading.hits.iter().map(|hit| document.get(hit.span.clone()).unwrap()).collect()
    }

    #[test]
    fn a_text_is_found_with_its_bytes() {
        let document = "é Bluebird, EMP-123456";
        let reading = text(&detectors(), document);
        assert_eq!(found(&reading, document), ["Bluebird", "EMP-123456"]);
        assert_eq!(reading.level, Levels::default().find("restricted"));
        assert_eq!(text(&detectors(), "").level, Some(Level(0)));
    }

    #[test]
    fn a_long_text_is_found_once_wherever_its_blocks_are_cut() {
        let detectors = detectors();
        let cuts = [MAX_BLOCK - MAX_FINDING, MAX_BLOCK];
        for place in cuts.into_iter().flat_map(|cut| [cut - 12, cut - 5, cut - 1, cut, cut + 3]) {
            let document = format!("{} EMP-123456 {}", "x".repeat(place), "y ".repeat(MAX_BLOCK));
            assert_eq!(found(&text(&detectors, &document), &document), ["EMP-123456"], "at {place}");
        }
    }

    #[test]
    fn a_body_is_found_with_its_bytes_escapes_and_all() {
        let document = r#"{"Bluebird":1,"a":["\u00e9 EMP-1\u003234\u00356 ","x"],"b":{"c":"no"}}"#;
        let reading = body(&detectors(), document.as_bytes()).unwrap();
        assert_eq!(found(&reading, document), ["Bluebird", r"EMP-1\u003234\u00356"]);
        assert_eq!(reading.level, Levels::default().find("restricted"));
    }

    #[test]
    fn what_is_split_over_two_strings_has_no_place_but_counts() {
        let document = r#"{"content":[{"text":"EMP-12"},{"text":"3456"}]}"#;
        let detectors = detectors();
        let reading = body(&detectors, document.as_bytes()).unwrap();
        assert_eq!(reading.hits, []);
        assert_eq!(reading.across, [detectors.find("badge").unwrap()]);
        assert_eq!(reading.level, Levels::default().find("restricted"));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert!(body(&detectors(), b"{\"a\":").is_err());
    }

    #[test]
    fn the_packs_compile() {
        assert!(all_detectors().is_ok());
    }
}
