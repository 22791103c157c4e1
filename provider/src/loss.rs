//! What a translation cannot carry over: named, and refused or dropped, but never silent.

use std::fmt;

use policy::config::Strictness;

use crate::json::Place;

/// Losses of one request that are named one by one; beyond, they are only counted as more.
const MOST_LOSSES: usize = 32;

/// The longest name of an unknown field that is told back to the client, in characters.
const LONGEST_NAME: usize = 64;

/// Something of a request that the provider will not see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    place: String,
    what: &'static str,
    unknown: Option<String>,
    /// How much it matters.
    pub weight: Weight,
}

/// How much a loss matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The answer may be another one: a strict translation is refused.
    Meaning,
    /// The answer means the same: it may come slower (a cache's mark), or the provider learns less (a user's id).
    Hint,
}

/// Why a body cannot be translated: its path and what is wrong there. Holds no text of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {problem}")]
pub struct Invalid {
    place: String,
    problem: &'static str,
}

/// Why a request does not reach a provider of another format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not what the client's own API takes.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The provider's format cannot express it.
    #[error("the model that was chosen cannot be given {}", Named(.0))]
    Lost(Vec<Loss>),
    /// The provider offers nothing like this API.
    #[error("the model that was chosen does not serve this API")]
    NotServed,
}

/// Losses as a header may name them: `seed, messages[3] (audio)`. Holds no text of the request.
pub fn listed(losses: &[Loss]) -> String {
    losses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Collects the losses of one translation.
#[derive(Debug, Default)]
pub(crate) struct Losses(Vec<Loss>);

/// Losses by their names, as a client may read them.
struct Named<'a>(&'a [Loss]);

// === impl Loss ===

impl Loss {
    /// As the client who wrote the field may read it: with the name of an unknown field.
    pub fn to_client(&self) -> String {
        match &self.unknown {
            None => self.to_string(),
            Some(name) if self.place.is_empty() => name.clone(),
            Some(name) => format!("{}.{name}", self.place),
        }
    }
}

/// As a record or a header may hold it: without any text of the request.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.unknown, self.place.is_empty(), self.what) {
            (Some(_), true, _) => f.write_str("an unknown field"),
            (Some(_), false, _) => write!(f, "{} (an unknown field)", self.place),
            (None, _, "") => f.write_str(&self.place),
            (None, _, what) => write!(f, "{} ({what})", self.place),
        }
    }
}

// === impl Invalid ===

impl Invalid {
    pub(crate) fn new(place: Place<'_>, problem: &'static str) -> Self {
        let place = place.to_string();
        Self { place: if place.is_empty() { "the body".into() } else { place }, problem }
    }
}

// === impl Refusal ===

impl Refusal {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_request",
            Self::Lost(_) => "unsupported_parameter",
            Self::NotServed => "unsupported_api",
        }
    }
}

// === impl Losses ===

impl Losses {
    /// Something that may change the answer.
    pub(crate) fn meaning(&mut self, place: impl fmt::Display) {
        self.add(place, "", Weight::Meaning);
    }

    /// Part of something may change the answer: `what` says which.
    pub(crate) fn part(&mut self, place: impl fmt::Display, what: &'static str) {
        self.add(place, what, Weight::Meaning);
    }

    /// Something whose loss leaves the answer's meaning as it is.
    pub(crate) fn hint(&mut self, place: impl fmt::Display) {
        self.add(place, "", Weight::Hint);
    }

    /// Part of something whose loss leaves the answer's meaning as it is.
    pub(crate) fn part_hint(&mut self, place: impl fmt::Display, what: &'static str) {
        self.add(place, what, Weight::Hint);
    }

    /// A field that no version of the format that is known here has.
    pub(crate) fn unknown(&mut self, place: Place<'_>, name: &str) {
        let unknown = Some(name.chars().take(LONGEST_NAME).collect());
        self.push(Loss { place: place.to_string(), what: "", unknown, weight: Weight::Meaning });
    }

    fn add(&mut self, place: impl fmt::Display, what: &'static str, weight: Weight) {
        self.push(Loss { place: place.to_string(), what, unknown: None, weight });
    }

    fn push(&mut self, loss: Loss) {
        let matters = loss.weight == Weight::Meaning;
        if self.0.contains(&loss) {
            return;
        }
        if self.0.len() < MOST_LOSSES {
            self.0.push(loss);
        } else if let Some(last) = self.0.last_mut() {
            let weight = if matters { Weight::Meaning } else { last.weight };
            *last = Loss { place: "more".into(), what: "", unknown: None, weight };
        }
    }

    /// What was lost, unless that must not be.
    pub(crate) fn settle(self, strictness: Strictness) -> Result<Vec<Loss>, Refusal> {
        let matters = |loss: &Loss| loss.weight == Weight::Meaning;
        match strictness {
            Strictness::Strict if self.0.iter().any(matters) => {
                Err(Refusal::Lost(self.0.into_iter().filter(matters).collect()))
            }
            _ => Ok(self.0),
        }
    }

    #[cfg(test)]
    pub(crate) fn list(&self) -> &[Loss] {
        &self.0
    }
}

// === impl Named ===

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, loss) in self.0.iter().enumerate() {
            write!(f, "{}`{}`", if index == 0 { "" } else { ", " }, loss.to_client())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_translation_is_refused_for_what_matters_alone() {
        let mut losses = Losses::default();
        losses.hint("prompt_cache_key");
        assert_eq!(Losses(losses.0.clone()).settle(Strictness::Strict).unwrap().len(), 1);
        losses.meaning("seed");
        losses.unknown(Place::ROOT, "my_field");
        let refused = Losses(losses.0.clone()).settle(Strictness::Strict).unwrap_err();
        assert_eq!(refused.to_string(), "the model that was chosen cannot be given `seed`, `my_field`");
        assert_eq!(losses.settle(Strictness::Lenient).unwrap().len(), 3);
    }

    #[test]
    fn losses_are_bounded_and_what_matters_stays_known() {
        let mut losses = Losses::default();
        for index in 0..1000 {
            losses.hint(Place::ROOT.index(index));
        }
        losses.meaning("seed");
        assert_eq!(losses.list().len(), MOST_LOSSES);
        assert!(losses.settle(Strictness::Strict).is_err());
    }
}
