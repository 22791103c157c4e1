//! One thing that a rule asks of a request.

use std::{collections::BTreeSet, fmt};

use super::Truth;
use crate::{
    facts::{Capability, Facts, Identity, Name, Opaque},
    level::Level,
    request::Api,
};

/// One thing that a rule asks of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Its level is one of these.
    Level(LevelSet),
    /// The labels of what was found in it.
    Labels(SetTest),
    /// The detectors that found something in it.
    Detectors(SetTest),
    /// It is sent by one of these.
    Client(BTreeSet<Name>),
    /// It is sent by one of these teams.
    Team(BTreeSet<Name>),
    /// It speaks one of these interfaces.
    Api(BTreeSet<Api>),
    /// It asks for one of these models or aliases.
    Model(BTreeSet<Name>),
    /// It needs one of these capabilities.
    Needs(BTreeSet<Capability>),
    /// It holds opaque content of one of these kinds.
    Opaque(BTreeSet<Opaque>),
    /// Its prompt has so many tokens: from the first number on, to below the second.
    Tokens(u64, Option<u64>),
    /// Its answer is, or is not, to be streamed.
    Stream(bool),
    /// Its body could not, or could, be read whole.
    Unreadable(bool),
    /// A header or property is as this signal says.
    Signal(Name),
}

/// Some levels of a policy's scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSet {
    /// One bit for each level, the lowest level's lowest.
    pub bits: u16,
    /// How the policy says it: `at least confidential`.
    pub written: Name,
}

/// What a set of names must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetTest {
    /// At least one of these.
    Any(BTreeSet<Name>),
    /// Every one of these.
    All(BTreeSet<Name>),
    /// Not one of these.
    None(BTreeSet<Name>),
}

/// The facts of a request, as one policy sees them.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'f> {
    /// The facts.
    pub facts: &'f Facts,
    /// The level that counts; `None` if the facts name one that is not on the policy's scale.
    pub level: Option<Level>,
    /// Its name.
    pub level_name: &'f Name,
}

// === impl Predicate ===

impl Predicate {
    /// Whether a request is so.
    pub fn test(&self, situation: &Situation<'_>) -> Truth {
        let facts = situation.facts;
        match self {
            Self::Level(levels) => situation.level.map_or(Truth::Unknown, |level| levels.has(level).into()),
            Self::Labels(test) => test.test(|name| facts.labels.contains(name)).into(),
            Self::Detectors(test) => test.test(|name| facts.detectors.contains_key(name)).into(),
            Self::Client(names) => is_one_of(facts.client.as_ref(), names).into(),
            Self::Team(names) => is_one_of(facts.team.as_ref(), names).into(),
            Self::Api(apis) => apis.contains(&facts.api).into(),
            Self::Model(names) => facts.asked.name().is_some_and(|name| names.contains(name)).into(),
            Self::Needs(needs) => (!needs.is_disjoint(&facts.needs)).into(),
            Self::Opaque(kinds) => (!kinds.is_disjoint(&facts.opaque)).into(),
            Self::Tokens(from, below) => {
                (facts.prompt_tokens >= *from && below.is_none_or(|below| facts.prompt_tokens < below)).into()
            }
            Self::Stream(stream) => (facts.stream == *stream).into(),
            Self::Unreadable(unreadable) => (facts.unreadable.is_some() == *unreadable).into(),
            Self::Signal(name) => facts.predicates.get(name).map_or(Truth::Unknown, |held| (*held).into()),
        }
    }

    /// What the request has of the thing that is asked, for people.
    pub fn found(&self, situation: &Situation<'_>) -> String {
        let facts = situation.facts;
        match self {
            Self::Level(_) => match facts.unreadable {
                Some(why) => format!("{} (the body cannot be read: {})", situation.level_name, why.name()),
                None => situation.level_name.to_string(),
            },
            Self::Labels(_) => listed(&facts.labels),
            Self::Detectors(_) => {
                listed(facts.detectors.iter().map(|(name, tally)| format!("{name} x{}", tally.count)))
            }
            Self::Client(_) => identity(facts.client.as_ref()),
            Self::Team(_) => identity(facts.team.as_ref()),
            Self::Api(_) => facts.api.name().into(),
            Self::Model(_) => facts.asked.to_string(),
            Self::Needs(_) => listed(facts.needs.iter().map(|need| need.name())),
            Self::Opaque(_) => listed(facts.opaque.iter().map(|kind| kind.name())),
            Self::Tokens(..) => facts.prompt_tokens.to_string(),
            Self::Stream(_) => if facts.stream { "streamed" } else { "not streamed" }.into(),
            Self::Unreadable(_) => facts.unreadable.map_or("read whole".into(), |why| why.name().into()),
            Self::Signal(name) => match facts.predicates.get(name) {
                Some(true) => "it is".into(),
                Some(false) => "it is not".into(),
                None => "not recorded".into(),
            },
        }
    }
}

fn is_one_of(identity: Option<&Identity>, names: &BTreeSet<Name>) -> bool {
    match identity {
        Some(Identity::Named(name)) => names.contains(name),
        Some(Identity::Id(id)) => names.contains(id.as_str()),
        Some(Identity::Hidden(_)) | None => false,
    }
}

fn identity(identity: Option<&Identity>) -> String {
    match identity {
        Some(Identity::Named(name)) => name.to_string(),
        Some(Identity::Id(id)) => id.to_string(),
        Some(Identity::Hidden(digest)) => format!("unknown ({digest})"),
        None => "none".into(),
    }
}

fn listed<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

/// The predicate as the policy says it: `sensitivity at least confidential`.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(levels) => write!(f, "sensitivity {}", levels.written),
            Self::Labels(test) => write!(f, "labels {test}"),
            Self::Detectors(test) => write!(f, "detectors {test}"),
            Self::Client(names) => write!(f, "client is {}", listed(names)),
            Self::Team(names) => write!(f, "team is {}", listed(names)),
            Self::Api(apis) => write!(f, "api is {}", listed(apis.iter().map(|api| api.name()))),
            Self::Model(names) => write!(f, "model asked is {}", listed(names)),
            Self::Needs(needs) => write!(f, "needs {}", listed(needs.iter().map(|need| need.name()))),
            Self::Opaque(kinds) => write!(f, "opaque content is {}", listed(kinds.iter().map(|kind| kind.name()))),
            Self::Tokens(0, Some(below)) => write!(f, "tokens below {below}"),
            Self::Tokens(from, None) => write!(f, "tokens at least {from}"),
            Self::Tokens(from, Some(below)) => write!(f, "tokens at least {from} and below {below}"),
            Self::Stream(true) => f.write_str("the answer is streamed"),
            Self::Stream(false) => f.write_str("the answer is not streamed"),
            Self::Unreadable(true) => f.write_str("the body cannot be read"),
            Self::Unreadable(false) => f.write_str("the body can be read"),
            Self::Signal(name) => write!(f, "{name}"),
        }
    }
}

// === impl LevelSet ===

impl LevelSet {
    /// Whether this level is one of them.
    pub fn has(&self, level: Level) -> bool {
        1u16.checked_shl(u32::from(level.0)).is_some_and(|bit| self.bits & bit != 0)
    }
}

// === impl SetTest ===

impl SetTest {
    fn test(&self, has: impl Fn(&Name) -> bool) -> bool {
        match self {
            Self::Any(names) => names.iter().any(has),
            Self::All(names) => names.iter().all(has),
            Self::None(names) => !names.iter().any(has),
        }
    }
}

impl fmt::Display for SetTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(names) => write!(f, "have any of {}", listed(names)),
            Self::All(names) => write!(f, "have all of {}", listed(names)),
            Self::None(names) => write!(f, "have none of {}", listed(names)),
        }
    }
}
