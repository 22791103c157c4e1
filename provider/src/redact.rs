//! Puts placeholders in the place of what a provider must not see, and puts the values back into its answer.
//!
//! A value has one placeholder throughout a request, `<EMAIL_1>`, so that a model can still tell that two mentions are of
//! one thing. The values live as long as the request does, and no record has a field for them.

mod body;
mod restore;

use std::collections::BTreeMap;

pub use self::{body::rewrite_strings, restore::Restorer};

/// The longest label that a placeholder shows; a longer one is cut, so that a placeholder's length has a bound.
const LONGEST_LABEL: usize = 24;

/// The longest that stands between the brackets: a label, `_`, and a number.
const LONGEST_NAME: usize = LONGEST_LABEL + 1 + 20;

/// A stretch of a text, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'s> {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// What it is: the name of a detector, or a label.
    pub label: &'s str,
}

/// The placeholders of one request, and what they stand for.
#[derive(Clone, Default)]
pub struct Placeholders {
    /// The values, by what stands between the brackets: `EMAIL_1`.
    values: BTreeMap<String, String>,
    /// What stands between the brackets, by label and value.
    names: BTreeMap<(String, String), String>,
    /// The highest number of each label, those in the client's own texts included.
    taken: BTreeMap<String, usize>,
}

// === impl Placeholders ===

impl Placeholders {
    /// Whether nothing was replaced, so that nothing has to be put back.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Keeps clear of what looks like a placeholder in a client's own text. To be called with every text of a request
    /// before the first is redacted.
    pub fn keep_clear(&mut self, text: &str) {
        for (_, rest) in text.match_indices('<').filter_map(|(at, _)| text.split_at_checked(at + 1)) {
            let name = rest.find(|c| !in_name(c)).and_then(|end| rest.split_at_checked(end));
            let name = name.filter(|(name, after)| name.len() <= LONGEST_NAME && after.starts_with('>'));
            if let Some((label, number)) = name.and_then(|(name, _)| name.rsplit_once('_'))
                && let Ok(number) = number.parse::<usize>()
            {
                let taken = self.taken.entry(label.to_owned()).or_default();
                *taken = number.max(*taken);
            }
        }
    }

    /// The text with placeholders for its spans. Where spans overlap, the first holds for both.
    pub fn redact(&mut self, text: &str, spans: &[Span<'_>]) -> String {
        let mut spans: Vec<Span<'_>> = spans.to_vec();
        spans.sort_by_key(|span| (span.start, span.end));
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        let mut spans = spans.into_iter().peekable();
        while let Some(mut span) = spans.next() {
            while let Some(next) = spans.next_if(|next| next.start < span.end) {
                span.end = span.end.max(next.end);
            }
            let (Some(before), Some(value)) = (text.get(done..span.start), text.get(span.start..span.end)) else {
                continue;
            };
            out.push_str(before);
            out.push('<');
            out.push_str(self.name(span.label, value));
            out.push('>');
            done = span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// What stands between the brackets for a value.
    fn name(&mut self, label: &str, value: &str) -> &str {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let label: String = label.chars().take(LONGEST_LABEL).map(upper).collect();
        let (values, taken) = (&mut self.values, &mut self.taken);
        self.names.entry((label, value.to_owned())).or_insert_with_key(|(label, value)| {
            let number = taken.entry(label.clone()).or_default();
            *number = number.saturating_add(1);
            let name = format!("{label}_{number}");
            values.insert(name.clone(), value.clone());
            name
        })
    }

    /// The value that a name stands for.
    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

/// Whether a character may stand between the brackets.
fn in_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

/// Values are no one's to see.
impl std::fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_placeholder() {
        let mut placeholders = Placeholders::default();
        let span = |start, end, label| Span { start, end, label };
        let text = "a@b.c and d@e.f, then a@b.c";
        let spans = [span(22, 27, "email"), span(0, 5, "email"), span(10, 15, "email"), span(12, 15, "other")];
        assert_eq!(placeholders.redact(text, &spans), "<EMAIL_1> and <EMAIL_2>, then <EMAIL_1>");
        assert_eq!(placeholders.redact("x a@b.c", &[span(2, 7, "email")]), "x <EMAIL_1>");
        assert_eq!(placeholders.redact("55", &[span(0, 2, "us-ssn")]), "<US_SSN_1>");
        assert!(!format!("{placeholders:?}").contains("a@b.c"));
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_taken_for_a_placeholder() {
        let mut placeholders = Placeholders::default();
        placeholders.keep_clear("see <EMAIL_3> and <x_y> < <");
        assert_eq!(placeholders.redact("v", &[Span { start: 0, end: 1, label: "email" }]), "<EMAIL_4>");
    }

    #[test]
    fn a_span_that_cuts_a_character_is_passed_over() {
        let mut placeholders = Placeholders::default();
        assert_eq!(placeholders.redact("é", &[Span { start: 1, end: 2, label: "x" }]), "é");
        assert_eq!(placeholders.redact("é", &[Span { start: 0, end: 9, label: "x" }]), "é");
    }
}
