//! What is wrong with a document that a person wrote: where, what stands there, and what would be right.

use std::fmt;

/// One thing wrong in a written document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the document can be used all the same.
    pub severity: Severity,
    /// Where, as a path in the user's document: `spec.rules[2].match.models[0]`.
    pub path: String,
    /// What is wrong, with the offending value in backticks: lower case, no full stop.
    pub message: String,
    /// What would be right, where that can be said.
    pub help: Option<String>,
}

/// Whether a problem keeps a document from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It can be used, but is probably not what its author meant.
    Warning,
    /// It cannot be used.
    Error,
}

// === impl Problem ===

impl Problem {
    /// A problem that keeps the document from being used.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), message: message.into(), help: None }
    }

    /// A problem that leaves the document usable.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    /// Adds what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity: _, path, message, help } = self;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(message)?;
        help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

/// The known name nearest to a mistyped one, if any is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = name.chars().count() / 3 + 1;
    let near = known.into_iter().map(|candidate| (distance(name, candidate), candidate));
    near.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// The Levenshtein distance, in characters, without regard to ASCII case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let substituted = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            diagonal = *cell;
            left = substituted.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_where_what_and_what_would_be_right() {
        let problem = Problem::error("spec.rules[0].name", "`` is no name").help("give the rule a name");
        assert_eq!(problem.to_string(), "spec.rules[0].name: `` is no name (give the rule a name)");
    }

    #[test]
    fn the_nearest_name_is_offered_only_if_near() {
        assert_eq!(nearest("ollma", ["openai", "ollama"]), Some("ollama"));
        assert_eq!(nearest("models", ["model", "rules"]), Some("model"));
        assert_eq!(nearest("zebra", ["openai", "ollama"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
