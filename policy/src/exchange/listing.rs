//! Requests that are answered from the catalogue: which models there are for this client.

use super::{Exchange, Head, Step};
use crate::audit::Action;
use crate::facts::{Asked, Digest};
use crate::policy::Listed;
use crate::request::{Api, Family, model_in_path};

/// An answer from the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whose conventions it follows.
    pub family: Family,
    /// What it tells.
    pub shown: Shown,
    /// When the policy that it is from came into force, in seconds since 1970.
    pub since: u64,
}

/// What an answer from the catalogue tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Everything that the client may ask for.
    All(Vec<Listed>),
    /// The one that it asks about.
    One(Listed),
}

impl Exchange {
    /// Answers a request about models, of which `named` stands in its body.
    pub(super) fn answer(&mut self, head: &Head, named: Option<&str>) -> Step {
        self.action = Action::Answer;
        let policy = self.engine.policy();
        let listed = self.facts.as_ref().map(|facts| policy.offered(facts, head.family)).unwrap_or_default();
        let about = match head.api {
            Api::Models => model_in_path(&head.path),
            Api::OllamaShow => Some(named.unwrap_or_default().to_owned()),
            _ => None,
        };
        let shown = match about {
            None => Shown::All(listed),
            Some(name) => {
                let asked = policy.asked(&name, |_| Digest::default());
                match listed.into_iter().find(|listed| is(&asked, listed)) {
                    Some(listed) => Shown::One(listed),
                    None => return Step::Refuse(Box::new(self.refusal(404, "model_not_found", UNKNOWN))),
                }
            }
        };
        Step::Answer(Box::new(Listing { family: head.family, shown, since: self.engine.in_force_since() }))
    }
}

/// What a client is told of a model that is not there, and of one that is not there for it.
const UNKNOWN: &str = "there is no such model for this client";

fn is(asked: &Asked, listed: &Listed) -> bool {
    asked.name() == Some(&listed.name)
}
