//! Forms: matchers in code, for what no pattern can say well.
//!
//! | form | finds |
//! |---|---|
//! | `email` | an e-mail address whose domain can be one: not `icon@2x.png`, not `git@host:` |

mod email;

use super::Confidence;

/// A matcher in code.
#[derive(Debug)]
pub struct Form {
    /// Its name in `form:`.
    pub name: &'static str,
    /// The literals, in lower case, of which one stands in or before each match.
    pub triggers: &'static [&'static str],
    /// Looks around the place where a trigger stands; takes steps for what it looks at.
    pub find: fn(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit>,
}

/// What a form found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub start: usize,
    pub end: usize,
    pub confidence: Confidence,
    pub test: bool,
}

static FORMS: &[Form] = &[email::FORM];

/// The form of this name.
pub fn find(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}

/// The names of all forms.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.name)
}
