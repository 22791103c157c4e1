//! What is wrong with one part of a document, and how a person is told.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::node::{Step, written};
use crate::problem::{Problem, nearest};

/// The most characters of a value that an error repeats.
const MAX_SHOWN: usize = 60;

/// Something wrong, and where.
#[derive(Debug)]
pub struct Fault {
    /// The steps down to it, last first.
    steps: Vec<Step>,
    /// What is wrong.
    pub kind: Kind,
}

/// What is wrong.
#[derive(Debug)]
pub enum Kind {
    /// A field that is not known; the path leads to its map.
    UnknownField { name: String, known: &'static [&'static str] },
    /// A field that is not there; the path leads to the map.
    Missing { name: &'static str },
    /// A word that is not one of those known.
    UnknownWord { word: String, known: &'static [&'static str] },
    /// A value of another kind.
    Unfit { found: String, wanted: String },
    /// Anything else, in words.
    Other(String),
}

// === impl Fault ===

impl Fault {
    fn new(kind: Kind) -> Self {
        Self { steps: Vec::new(), kind }
    }

    /// A value that is not what is wanted.
    pub fn unfit(found: String, wanted: String) -> Self {
        Self::new(Kind::Unfit { found, wanted })
    }

    /// The same fault, seen from one step further up.
    pub fn below(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The path to the part that is at fault.
    pub fn path(&self) -> Vec<Step> {
        self.steps.iter().rev().cloned().collect()
    }

    /// The places in the document that do not say what was meant: of an unknown field also the one that was probably meant.
    pub fn breaks(&self) -> Vec<String> {
        let path = self.path();
        let field = |name: &str| written(&[path.as_slice(), &[Step::Key(name.to_owned())]].concat());
        match &self.kind {
            Kind::Missing { name } => vec![field(name)],
            Kind::UnknownField { name, known } => {
                [Some(name.as_str()), nearest(name, known.iter().copied())].into_iter().flatten().map(field).collect()
            }
            _ => vec![written(&path)],
        }
    }

    /// What a person is told.
    pub fn problem(&self) -> Problem {
        let mut path = self.path();
        match &self.kind {
            Kind::UnknownField { name, known } => {
                path.push(Step::Key(name.clone()));
                let problem = Problem::error(written(&path), format!("unknown field `{}`", shown(name)));
                suggest(problem, name, known, "no field goes here")
            }
            Kind::UnknownWord { word, known } => {
                let problem = Problem::error(written(&path), format!("`{}` is not known here", shown(word)));
                suggest(problem, word, known, "nothing goes here")
            }
            Kind::Missing { name } => Problem::error(written(&path), format!("the field `{name}` is missing")),
            Kind::Unfit { found, wanted } => {
                let problem = Problem::error(written(&path), format!("{found} stands where {wanted} is wanted"));
                let quote = wanted == TEXT && !found.starts_with(['a', 'n']);
                if quote { problem.help("put it in quotes") } else { problem }
            }
            Kind::Other(message) => Problem::error(written(&path), message.clone()),
        }
    }
}

/// Says which name was probably meant, or which there are.
pub fn suggest(problem: Problem, name: &str, known: &[&str], none: &str) -> Problem {
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem.help(none),
        None => problem.help(format!("known here: {}", known.join(", "))),
    }
}

/// A value as an error shows it: not longer than a line.
pub fn shown(value: &str) -> String {
    let mut chars = value.chars();
    let start: String = chars.by_ref().take(MAX_SHOWN).collect();
    if chars.next().is_some() { start + "..." } else { start }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Other(message.to_string()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unfit(found(unexpected), wanted(&expected.to_string()))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownWord { word: variant.to_owned(), known: expected })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownField { name: field.to_owned(), known: expected })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::Missing { name: field })
    }
}

const TEXT: &str = "a text";

/// What was found, in words that are not Rust's.
pub fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Str(text) => format!("the text `{}`", shown(text)),
        Unexpected::Signed(number) => format!("the number `{number}`"),
        Unexpected::Unsigned(number) => format!("the number `{number}`"),
        Unexpected::Float(number) => format!("the number `{number}`"),
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::UnitVariant => "a single word".into(),
        _ => "a map".into(),
    }
}

/// What was wanted, likewise.
fn wanted(expected: &str) -> String {
    match expected {
        "a string" | "string" => TEXT.into(),
        "a sequence" => "a list".into(),
        "a boolean" => "`true` or `false`".into(),
        "f32" | "f64" => "a number".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number".into(),
        "tuple variant" | "newtype variant" | "struct variant" => "a map".into(),
        rust if rust.starts_with("struct ") => "a map".into(),
        plain => plain.into(),
    }
}
