//! Placeholders: what takes the place of a value that a provider must not see, `<EMAIL_1>`.
//!
//! A value has one placeholder throughout a request, so that a model can still tell that two mentions are of one thing.

use std::collections::BTreeMap;

/// The longest label that a placeholder shows; a longer one is cut, so that a placeholder's length has a bound.
const LONGEST_LABEL: usize = 24;

/// The longest that stands between the brackets: a label, `_`, and a number.
pub const LONGEST_NAME: usize = LONGEST_LABEL + 1 + 20;

/// Names for the values of one request.
#[derive(Clone, Default)]
pub struct Names {
    /// What stands between the brackets, by label and value.
    names: BTreeMap<(String, String), String>,
    /// The highest number of each label, those in the client's own texts included.
    taken: BTreeMap<String, usize>,
}

// === impl Names ===

impl Names {
    /// Numbers above this in a client's own text are not kept clear of: no request has so many values.
    const HIGHEST: usize = 1_000_000;

    /// Keeps clear of what looks like a placeholder in a client's own text. To be called with every text of a request
    /// before the first name is asked for.
    pub fn keep_clear(&mut self, text: &str) {
        for (_, rest) in text.match_indices('<').filter_map(|(at, _)| text.split_at_checked(at + 1)) {
            let name = rest.find(|c| !in_name(c)).and_then(|end| rest.split_at_checked(end));
            let name = name.filter(|(name, after)| name.len() <= LONGEST_NAME && after.starts_with('>'));
            if let Some((label, number)) = name.and_then(|(name, _)| name.rsplit_once('_'))
                && let Ok(number) = number.parse::<usize>()
                && number <= Self::HIGHEST
            {
                let taken = self.taken.entry(label.to_owned()).or_default();
                *taken = number.max(*taken);
            }
        }
    }

    /// What stands between the brackets for a value: of a detector's name in capitals, and a number.
    pub fn name(&mut self, label: &str, value: &str) -> &str {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let label: String = label.chars().take(LONGEST_LABEL).map(upper).collect();
        let taken = &mut self.taken;
        self.names.entry((label, value.to_owned())).or_insert_with_key(|(label, _)| {
            let number = taken.entry(label.clone()).or_default();
            *number = number.saturating_add(1);
            format!("{label}_{number}")
        })
    }
}

/// Whether a character may stand between the brackets.
pub fn in_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

/// Values are no one's to see.
impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names.values()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_name() {
        let mut names = Names::default();
        let given = [("email", "a@b.c"), ("email", "d@e.f"), ("email", "a@b.c"), ("us-ssn", "5")];
        let given = given.map(|(label, value)| names.name(label, value).to_owned());
        assert_eq!(given, ["EMAIL_1", "EMAIL_2", "EMAIL_1", "US_SSN_1"]);
        assert!(!format!("{names:?}").contains("a@b.c"));
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_taken_for_a_placeholder() {
        let mut names = Names::default();
        names.keep_clear("see <EMAIL_3> and <x_y> <EMAIL_4111111111111111> < <");
        assert_eq!(names.name("email", "v"), "EMAIL_4");
    }
}
