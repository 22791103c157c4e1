//! From written detectors to a set that scans.

use super::config::{Alone, Boundary, BulkConfig, Case, DetectorConfig};
use super::form::{self, Form};
use super::gram::Grams;
use super::language::gram_rarity;
use super::near::Near;
use super::pattern::{Anchor, Pattern, Shapes, Trigger};
use super::text::{MAX_GAP, is_edge};
use super::validate::{self, Check};
use super::{Bulk, Detector, TestValues};
use crate::level::{Level, Levels};
use crate::problem::{Problem, nearest};
use std::collections::HashMap;

/// The most detectors of one set.
const MAX_DETECTORS: usize = 4096;

/// The most names that a message lists.
const MAX_NAMED: usize = 16;

/// A set of detectors, ready to scan.
#[derive(Debug)]
pub struct Compiled {
    pub detectors: Vec<Detector>,
    pub rules: Vec<Rule>,
    pub test_values: TestValues,
    /// The literals of all detectors, and for each of them who uses it.
    pub grams: Grams,
    pub uses: Vec<Vec<Use>>,
    /// Forms that are told from a single byte.
    pub bytes: Vec<(u8, u16)>,
    /// The patterns that begin at words with digits.
    pub shapes: Shapes,
    /// How many detectors are told from their context words.
    pub windows: usize,
}

/// What a literal is to a detector.
#[derive(Debug)]
pub struct Use {
    pub rule: u16,
    /// The fewest and most bytes of the match before it. Of a context word: how much longer its phrase may be.
    pub before: (u16, u16),
    /// Of a term: which one. Of a context word: which of the detectors told so.
    pub term: u32,
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
    let Literals { texts, uses, bytes, windows } = Literals::of(&rules);
    let digits = (0..).zip(&rules).filter_map(|(number, rule)| match &rule.matcher {
        Matcher::Pattern(pattern, Start::Digits) => Some((number, pattern)),
        _ => None,
    });
    let shapes = Shapes::new(digits);
    Ok((
        Compiled {
            detectors,
            rules,
            test_values,
            grams: Grams::new(texts),
            uses,
            bytes,
            shapes,
            windows: windows as usize,
        },
        problems.warnings,
    ))
}

/// The literals of a set of detectors.
#[derive(Default)]
struct Literals {
    texts: Vec<Vec<u8>>,
    uses: Vec<Vec<Use>>,
    bytes: Vec<(u8, u16)>,
    windows: u32,
}

impl Literals {
    fn of(rules: &[Rule]) -> Self {
        let mut literals = Self::default();
        let mut known = HashMap::new();
        for (number, rule) in (0..).zip(rules) {
            literals.add(number, rule, &mut known);
        }
        literals
    }

    fn add(&mut self, number: u16, rule: &Rule, known: &mut HashMap<Vec<u8>, usize>) {
        let short = |bytes: usize| u16::try_from(bytes).unwrap_or(u16::MAX);
        let mut used = |text: Vec<u8>, before: (u16, u16), term: u32| {
            if let [byte] = text.as_slice() {
                return self.bytes.push((*byte, number));
            }
            let place = *known.entry(text).or_insert_with_key(|text| {
                self.texts.push(text.clone());
                self.uses.push(vec![]);
                self.texts.len() - 1
            });
            if let Some(uses) = self.uses.get_mut(place) {
                uses.push(Use { rule: number, before, term });
            }
        };
        match &rule.matcher {
            Matcher::Pattern(_, Start::Digits) => {}
            Matcher::Pattern(_, Start::Literals(anchors)) => {
                for Anchor { literal, before } in anchors {
                    used(literal.clone(), (short(before.0), short(before.1)), 0);
                }
            }
            Matcher::Pattern(_, Start::Near) => {
                for word in rule.near.words() {
                    let (rarest, _) = rarest_word(word);
                    used(rarest.to_vec(), (0, short(word.len() + 2)), self.windows);
                }
                self.windows += 1;
            }
            Matcher::Terms(terms, _) => {
                for (term, place) in terms.iter().zip(0..) {
                    let (rarest, before) = rarest_word(term.as_bytes());
                    used(rarest.to_ascii_lowercase(), (short(before.0), short(before.1)), place);
                }
            }
            Matcher::Form(form) => {
                form.triggers.iter().for_each(|trigger| used(trigger.as_bytes().to_vec(), (0, 0), 0))
            }
        }
    }
}

/// The rarest word of a phrase, and the fewest and most bytes that may stand before it, whatever blanks join the words.
fn rarest_word(phrase: &[u8]) -> (&[u8], (usize, usize)) {
    let mut before = (0, 0);
    let words = phrase.split(|byte| *byte == b' ').map(|word| {
        let here = before;
        before = (here.0 + word.len() + 1, here.1 + word.len() + MAX_GAP);
        (word, here)
    });
    let worth = |word: &[u8]| if word.len() < 2 { 0 } else { gram_rarity(&word.to_ascii_lowercase()) };
    words.max_by_key(|(word, _)| worth(word)).filter(|(word, _)| worth(word) > 0).unwrap_or((phrase, (0, 0)))
}

// === impl Rule ===

impl Rule {
    /// Whether it finds anything of a kind, so that a finding of a special detector explains more.
    pub fn is_generic(&self) -> bool {
        matches!(&self.matcher, Matcher::Form(form) if form.is_generic())
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

/// What is wrong so far, and in which detector we are.
#[derive(Default)]
struct Problems {
    path: String,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

fn detector(config: &DetectorConfig, levels: &Levels, problems: &mut Problems) -> Option<(Detector, Rule)> {
    // A new field must break here.
    let DetectorConfig { id, name, label, level, validate, near, alone, min_entropy, test, bulk, boundary, .. } =
        config;
    if !is_id(id) {
        let problem = problems.at("id", format!("`{id}` is no id"));
        problems.errors.push(problem.help("write lower-case words, digits and hyphens: `employee-id`"));
    }
    let label = label.clone().unwrap_or_else(|| "custom".to_owned());
    let level = match level {
        Some(level) => problems.level("level", level, levels),
        None => problems.error("level", format!("detector `{id}` has no level")),
    };
    let boundary = boundary.unwrap_or_default();
    let near_words: &[String] = near.as_deref().unwrap_or_default();
    let alone = alone.unwrap_or_default();
    let matcher = matcher(config, boundary, near_words, alone, problems);
    let validate = validate.as_ref().and_then(|name| validator(name, problems));
    let bulk = bulk.as_ref().and_then(|bulk| bulk_of(bulk, levels, problems));
    let near = self::near(near_words, alone, problems);
    let rule = Rule {
        matcher: matcher?,
        boundary,
        validate,
        near,
        alone,
        min_entropy: min_entropy.unwrap_or(0.0),
        specimens: test.iter().flatten().map(|written| Specimen::new(written)).collect(),
    };
    let name = name.clone().unwrap_or_else(|| id.clone());
    Some((Detector { id: id.clone(), name, label, level: level?, bulk }, rule))
}

fn is_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && !id.is_empty() && id.len() <= 64 && !id.starts_with('-') && !id.ends_with('-')
}

fn matcher(
    config: &DetectorConfig,
    boundary: Boundary,
    near: &[String],
    alone: Alone,
    problems: &mut Problems,
) -> Option<Matcher> {
    match (&config.pattern, &config.terms, &config.form) {
        (Some(pattern), None, None) => self::pattern(config, pattern, boundary, near, alone, problems),
        (None, Some(terms), None) => self::terms(terms, config.case.unwrap_or(Case::Insensitive), problems),
        (None, None, Some(form)) => self::form(form, problems),
        _ => {
            let problem =
                problems.at("", format!("detector `{}` has not exactly one of `pattern`, `terms`, `form`", config.id));
            problems.errors.push(problem);
            None
        }
    }
}

fn pattern(
    config: &DetectorConfig,
    written: &str,
    boundary: Boundary,
    near: &[String],
    alone: Alone,
    problems: &mut Problems,
) -> Option<Matcher> {
    let ignore_case = config.case == Some(Case::Insensitive);
    let (pattern, derived) = match Pattern::compile(written, ignore_case, boundary, config.literals.as_deref()) {
        Ok(compiled) => compiled,
        Err(error) => {
            let problem = problems.at("pattern", error.to_string());
            problems.errors.push(problem.help(error.help()));
            return None;
        }
    };
    let only_near = alone == Alone::Drop && !near.is_empty();
    let (least, most) = pattern.digits();
    let start = match derived {
        Some(Trigger(anchors)) => Start::Literals(anchors),
        None if only_near && least < 6 => Start::Near,
        None if most >= 4 => Start::Digits,
        None => {
            let problem =
                problems.at("pattern", format!("`{written}` holds neither a literal of three bytes nor four digits"));
            let help = "give `literals` of which one is in every match, or `near` words with `alone: drop`";
            problems.errors.push(problem.help(help));
            return None;
        }
    };
    Some(Matcher::Pattern(pattern, start))
}

fn terms(terms: &[String], case: Case, problems: &mut Problems) -> Option<Matcher> {
    if terms.is_empty() {
        return problems.error("terms", "there are no terms".to_owned());
    }
    for (place, term) in terms.iter().enumerate() {
        let long = term.trim().len();
        if !(2..=super::text::MAX_TERM).contains(&long) {
            let message = format!("`{term}` is {long} bytes long; a term has 2 to {}", super::text::MAX_TERM);
            problems.error::<()>(&format!("terms[{place}]"), message);
        }
    }
    let terms = terms.iter().map(|term| term.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(Matcher::Terms(terms.collect(), case))
}

fn form(name: &str, problems: &mut Problems) -> Option<Matcher> {
    if let Some(form) = form::find(name) {
        return Some(Matcher::Form(form));
    }
    let problem = problems.at("form", format!("`{name}` is no form"));
    problems.errors.push(problem.help(one_of(name, form::names())));
    None
}

fn validator(name: &str, problems: &mut Problems) -> Option<fn(&str) -> Check> {
    let found = validate::find(name);
    if found.is_none() {
        let problem = problems.at("validate", format!("`{name}` is no validator"));
        problems.errors.push(problem.help(one_of(name, validate::names())));
    }
    found
}

fn bulk_of(bulk: &BulkConfig, levels: &Levels, problems: &mut Problems) -> Option<Bulk> {
    if bulk.distinct < 2 {
        problems.error::<()>("bulk.distinct", format!("`{}` is not many; write 2 or more", bulk.distinct));
    }
    Some(Bulk { distinct: bulk.distinct, level: problems.level("bulk.level", &bulk.level, levels)? })
}

fn near(words: &[String], alone: Alone, problems: &mut Problems) -> Near {
    if let Some(place) = words.iter().position(|word| word.trim().is_empty()) {
        problems.error::<()>(&format!("near[{place}]"), "`` is no word".to_owned());
    }
    if words.is_empty() && alone == Alone::Drop {
        let problem = problems.at("alone", "`drop` without words in `near` finds nothing".to_owned());
        problems.errors.push(problem.help("give `near` words"));
    }
    Near::new(words)
}

fn one_of<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(name, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.len() <= MAX_NAMED => format!("known are {}", known.join(", ")),
        None => format!("`{}` is one of {}", known.first().unwrap_or(&""), known.len()),
    }
}

// === impl Problems ===

impl Problems {
    fn at(&self, field: &str, message: String) -> Problem {
        let dot = if self.path.is_empty() || field.is_empty() { "" } else { "." };
        Problem::error(format!("{}{dot}{field}", self.path), message)
    }

    fn error<T>(&mut self, field: &str, message: String) -> Option<T> {
        let problem = self.at(field, message);
        self.errors.push(problem);
        None
    }

    fn level(&mut self, field: &str, name: &str, levels: &Levels) -> Option<Level> {
        let found = levels.find(name);
        if found.is_none() {
            let problem = self.at(field, format!("`{name}` is no level"));
            self.errors.push(problem.help(format!("levels are {levels}")));
        }
        found
    }
}

// === impl Specimen ===

impl Specimen {
    fn new(written: &str) -> Self {
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
