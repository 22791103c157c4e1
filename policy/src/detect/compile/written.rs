//! From one written detector to a rule, or to all that is wrong with it.

use super::super::config::{Alone, Boundary, BulkConfig, Case, DetectorConfig};
use super::super::form;
use super::super::near::Near;
use super::super::numbers;
use super::super::pattern::{Pattern, Trigger};
use super::super::programs;
use super::super::validate::{self, Check};
use super::super::{Bulk, Detector};
use super::{Matcher, Rule, Specimen, Start};
use crate::level::{Level, Levels};
use crate::problem::{Problem, nearest};

/// The most names that a message lists.
const MAX_NAMED: usize = 16;

/// What is wrong so far, and in which detector we are.
#[derive(Default)]
pub struct Problems {
    pub path: String,
    pub errors: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// The detector that is written, and how it finds.
pub fn detector(config: &DetectorConfig, levels: &Levels, problems: &mut Problems) -> Option<(Detector, Rule)> {
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
    let literals = config.literals.as_deref();
    let ready = programs::find(written, ignore_case, boundary, literals);
    let compiled = ready.map_or_else(|| Pattern::compile(written, ignore_case, boundary, literals), Ok);
    let (pattern, derived) = match compiled {
        Ok(compiled) => compiled,
        Err(error) => {
            let problem = problems.at("pattern", error.to_string());
            problems.errors.push(problem.help(error.help()));
            return None;
        }
    };
    let (least, most) = pattern.digits();
    let is_number = least >= numbers::FEWEST && boundary == Boundary::Word;
    let only_near = alone == Alone::Drop && !near.is_empty();
    let start = match derived {
        Some(Trigger(anchors)) => Start::Literals(anchors),
        None if only_near && !is_number => Start::Near,
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
        if !(2..=super::super::text::MAX_TERM).contains(&long) {
            let message = format!("`{term}` is {long} bytes long; a term has 2 to {}", super::super::text::MAX_TERM);
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

    /// Takes note of an error in a field.
    pub fn error<T>(&mut self, field: &str, message: String) -> Option<T> {
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
