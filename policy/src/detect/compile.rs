//! From written detectors to a set that scans.

mod triggers;
mod written;

use super::config::{Alone, Boundary, Case, DetectorConfig};
use super::form::Form;
use super::literals::Literals;
use super::near::Near;
use super::numbers::Numbers;
use super::pattern::{Anchor, Pattern};
use super::text::is_edge;
use super::validate::Check;
use super::{Detector, TestValues};
use crate::level::Levels;
use crate::problem::Problem;
use triggers::Triggers;
use written::{Problems, detector};

/// The most detectors of one set.
const MAX_DETECTORS: usize = 4096;

/// A set of detectors, ready to scan.
#[derive(Debug)]
pub struct Compiled {
    pub detectors: Vec<Detector>,
    pub rules: Vec<Rule>,
    pub test_values: TestValues,
    /// The literals of all detectors, and for each of them who uses it; after them come the context words of `numbers`.
    pub literals: Literals,
    pub uses: Vec<Vec<Use>>,
    /// Forms that are told from a single byte.
    pub bytes: Vec<(u8, u16)>,
    /// The detectors that are told from words with digits.
    pub numbers: Numbers,
    /// How many detectors are told from their context words.
    pub windows: usize,
}

/// What a literal is to a detector.
#[derive(Debug)]
pub struct Use {
    pub rule: u16,
    /// The fewest and most bytes of the match, or of the context word, before it.
    pub before: (u16, u16),
    /// Of a term: which one. Of a context word: which of the detectors told so.
    pub term: u32,
    /// Of a context word: which one.
    pub word: u16,
}

/// How a detector finds and confirms.
#[derive(Debug)]
pub struct Rule {
    pub matcher: Matcher,
    pub boundary: Boundary,
    pub validate: Option<fn(&str) -> Check>,
    pub near: Near,
    pub alone: Alone,
    pub min_entropy: f32,
    pub specimens: Vec<Specimen>,
}

/// What tells a match.
#[derive(Debug)]
pub enum Matcher {
    Pattern(Pattern, Start),
    Terms(Vec<String>, Case),
    Form(&'static Form),
}

/// From where a pattern is run.
#[derive(Debug)]
pub enum Start {
    /// From around these literals.
    Literals(Vec<Anchor>),
    /// From words among which there are digits.
    Digits,
    /// From everywhere around a context word.
    Near,
}

/// A specimen value, without separators and in lower case.
#[derive(Debug)]
pub struct Specimen {
    core: String,
    open_start: bool,
    open_end: bool,
}

/// Compiles all, or tells all that is wrong.
pub fn compile(
    written: &[(String, DetectorConfig)],
    levels: &Levels,
    test_values: TestValues,
) -> Result<(Compiled, Vec<Problem>), Vec<Problem>> {
    let mut problems = Problems::default();
    let (mut detectors, mut rules) = (vec![], vec![]);
    if written.len() > MAX_DETECTORS {
        problems.error::<()>("", format!("there are {} detectors; {MAX_DETECTORS} is the most", written.len()));
    }
    let mut ids = std::collections::HashSet::new();
    for (path, config) in written.iter().take(MAX_DETECTORS) {
        problems.path.clone_from(path);
        if !ids.insert(&config.id) {
            problems.error::<()>("id", format!("detector `{}` is written twice", config.id));
        }
        if config.enabled == Some(false) {
            continue;
        }
        if let Some((detector, rule)) = detector(config, levels, &mut problems) {
            detectors.push(detector);
            rules.push(rule);
        }
    }
    if !problems.errors.is_empty() {
        return Err(problems.errors);
    }
    let Triggers { mut literals, uses, bytes, windows } = Triggers::of(&rules);
    let numbers = (0..).zip(&rules).filter_map(|(number, rule)| match &rule.matcher {
        Matcher::Pattern(pattern, Start::Digits) => Some((number, pattern, rule)),
        _ => None,
    });
    let (numbers, context) = Numbers::new(numbers);
    literals.extend(context);
    let literals = Literals::new(literals);
    let windows = windows as usize;
    Ok((Compiled { detectors, rules, test_values, literals, uses, bytes, numbers, windows }, problems.warnings))
}

// === impl Rule ===

impl Rule {
    /// Whether it finds anything of a kind, so that a finding of a special detector explains more.
    pub fn is_generic(&self) -> bool {
        matches!(&self.matcher, Matcher::Form(form) if form.is_generic())
    }

    /// Whether it finds nothing without a context word nearby.
    pub fn needs_context(&self) -> bool {
        self.alone == Alone::Drop && !self.near.is_empty()
    }

    /// Whether it is told from digits alone.
    pub fn is_digits(&self) -> bool {
        matches!(self.matcher, Matcher::Pattern(_, Start::Digits))
    }

    /// Whether its boundary allows a match there.
    pub fn is_whole(&self, text: &[u8], start: usize, end: usize) -> bool {
        self.boundary == Boundary::None || (is_edge(text, start) && is_edge(text, end))
    }
}
// === impl Specimen ===

impl Specimen {
    pub fn new(written: &str) -> Self {
        let (open_start, open_end) = (written.starts_with('*'), written.ends_with('*'));
        Self { core: bare(written), open_start, open_end }
    }

    /// Whether the value, without separators and in lower case, is this specimen.
    pub fn is(&self, bare: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => bare == self.core,
            (false, true) => bare.starts_with(&self.core),
            (true, false) => bare.ends_with(&self.core),
            (true, true) => bare.contains(&self.core),
        }
    }
}

/// A value without separators, in lower case.
pub fn bare(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
