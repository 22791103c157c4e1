//! Puts the values back into an answer to a request that went out with placeholders.
//!
//! The values live as long as the request does: an adapter reads them off the body that it redacts, and no plan, record or
//! log has a field for them.

mod body;
mod restore;

use std::collections::BTreeMap;

use policy::{document::unescape, plan::Edit};

pub use self::{body::restored, restore::Restorer};

/// The placeholders of one request, and what they stand for.
#[derive(Clone, Default)]
pub struct Placeholders {
    /// The values, by what stands between the brackets: `EMAIL_1`.
    values: BTreeMap<String, String>,
}

// === impl Placeholders ===

impl Placeholders {
    /// Those that a plan puts into this decoded body, with what stands there now. `None` if the plan is for another body.
    pub fn of(body: &[u8], redaction: &[Edit]) -> Option<Self> {
        let mut placeholders = Self::default();
        for Edit { from, to, with } in redaction {
            let mut room = String::new();
            let value = unescape(body.get(*from..*to)?, &mut room);
            placeholders.insert(with.strip_prefix('<')?.strip_suffix('>')?, value);
        }
        Some(placeholders)
    }

    /// Adds one: what stands between the brackets, and the value.
    pub fn insert(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Whether nothing was replaced, so that nothing has to be put back.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value that a name stands for.
    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
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
    fn values_are_read_off_the_body_and_shown_to_nobody() {
        let body = br#"{"a":"x\u0040y.z"}"#;
        let edit = |from, to| Edit { from, to, with: "<EMAIL_1>".into() };
        let placeholders = Placeholders::of(body, &[edit(6, 16)]).unwrap();
        assert_eq!(placeholders.value("EMAIL_1"), Some("x@y.z"));
        assert!(!format!("{placeholders:?}").contains("x@y"));
        assert!(Placeholders::of(body, &[edit(6, 99)]).is_none());
    }
}
