//! Forms: matchers in code, for what no pattern can say well.
//!
//! | form | finds |
//! |---|---|
//! | `email` | an e-mail address whose domain can be one: not `icon@2x.png`, not `git@host:` |
//! | `assigned-secret` | a secret-looking value after a name like `password` or `api_key` and an operator; `Authorization: Bearer ...` |
//! | `jwt` | a JSON web token whose header decodes |
//! | `private-key` | a PEM, OpenSSH, PGP or PuTTY private key |
//! | `url-credentials` | `scheme://user:password@host` |
//! | `seed-phrase` | the words of a wallet, after a word that says so |
//! | `source-code` | some lines of a program |

mod assigned;
mod email;
mod jwt;
mod private_key;
mod seed_phrase;
mod source_code;
mod url_credentials;

use super::Confidence;
use super::literals::Stands;

/// A matcher in code.
#[derive(Debug)]
pub struct Form {
    /// Its name in `form:`.
    pub name: &'static str,
    /// The literals, in lower case, of which one stands in or before each match.
    pub triggers: &'static [&'static str],
    /// Where they stand.
    pub stands: Stands,
    /// Of a form that looks at much text: how far apart the places are that it looks from; once it has found something it
    /// looks no more.
    pub far: usize,
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

impl Form {
    /// Whether it finds secrets of any kind, about which a special detector knows more.
    pub fn is_generic(&self) -> bool {
        [assigned::FORM.name, url_credentials::FORM.name].contains(&self.name)
    }
}

static FORMS: &[Form] = &[
    email::FORM,
    assigned::FORM,
    jwt::FORM,
    private_key::FORM,
    url_credentials::FORM,
    seed_phrase::FORM,
    source_code::FORM,
];

/// The form of this name.
pub fn find(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}

/// The names of all forms.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.name)
}

/// The bytes from `at` on that are as they should be, at most `max`.
fn run(text: &[u8], at: usize, max: usize, is: impl Fn(u8) -> bool) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let rest = rest.get(..rest.len().min(max)).unwrap_or_default();
    let end = rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

use super::text::word_starts_after_escape as after_escape;

#[cfg(test)]
mod tests;
