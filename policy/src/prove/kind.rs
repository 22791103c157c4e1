//! What the variables of a request are, and what facts each of their values stands for.

use super::{findings::Finder, source};
use crate::{
    facts::{Asked, Capability, Digest, Facts, Identity, Name, Opaque, Unreadable},
    policy::Policy,
    request::Api,
    rule::{Predicate, Source},
};

/// What a variable's values are. The first is the plainest: examples show it wherever no other is needed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// The levels of what can be read, and then: what cannot be read.
    Level(Vec<Name>),
    Api,
    Stream,
    /// Nobody whom a policy names, and then those whom it does.
    Client(Vec<Name>),
    Team(Vec<Name>),
    /// Nothing that a policy knows, and then what a client may call what it does.
    Asked(Vec<Name>),
    /// A bit for each capability.
    Needs,
    /// A bit for each kind.
    Opaque,
    /// The stretches of numbers between those that a policy names, each by its first.
    Tokens(Vec<u64>),
    /// The tokens of prompt and answer together, in the same stretches.
    Needed(Vec<u64>),
    /// Whether something with this label was found.
    Label(Name),
    /// What a detector found, or one of several that differ in nothing that matters.
    Finder(Finder),
    /// What else was found: nothing, or what raises a request to a level, by such a value of a detector.
    Free(Vec<(Finder, usize)>),
    /// What a header or property holds.
    Source(Source, Vec<source::Value>),
    /// Whether this is so of a header or property, where nothing more can be said.
    Signal(Name),
    /// Something that stands for several others.
    Derived,
}

/// What of a request decides whether a candidate is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    Level,
    Api,
    Asked,
    Needs,
    Opaque,
    Needed,
}

/// Who sends a request, where that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The client.
    pub client: Option<Name>,
    /// The client's team.
    pub team: Option<Name>,
}

// === impl Kind ===

impl Kind {
    /// How many values there are.
    pub(super) fn values(&self) -> usize {
        match self {
            Self::Level(names) | Self::Client(names) | Self::Team(names) | Self::Asked(names) => names.len() + 1,
            Self::Api => Api::DECIDED.len(),
            Self::Stream | Self::Label(_) | Self::Signal(_) | Self::Derived => 2,
            Self::Needs => 1 << Capability::ALL.len(),
            Self::Opaque => 1 << Opaque::ALL.len(),
            Self::Tokens(cuts) | Self::Needed(cuts) => cuts.len(),
            Self::Finder(finder) => finder.values(),
            Self::Free(finders) => finders.len() + 1,
            Self::Source(_, values) => values.len(),
        }
    }

    /// What it decides of candidates, if anything.
    pub(super) fn aspect(&self) -> Option<Aspect> {
        Some(match self {
            Self::Level(_) => Aspect::Level,
            Self::Api => Aspect::Api,
            Self::Asked(_) => Aspect::Asked,
            Self::Needs => Aspect::Needs,
            Self::Opaque => Aspect::Opaque,
            Self::Needed(_) => Aspect::Needed,
            _ => return None,
        })
    }

    /// Whether it alone says whether this predicate of a policy holds.
    pub(super) fn tells(&self, predicate: &Predicate, policy: &Policy) -> bool {
        match (self, predicate) {
            (Self::Level(_), Predicate::Level(_) | Predicate::Unreadable(_))
            | (Self::Api, Predicate::Api(_))
            | (Self::Stream, Predicate::Stream(_))
            | (Self::Client(_), Predicate::Client(_))
            | (Self::Team(_), Predicate::Team(_))
            | (Self::Asked(_), Predicate::Model(_))
            | (Self::Needs, Predicate::Needs(_))
            | (Self::Opaque, Predicate::Opaque(_))
            | (Self::Tokens(_), Predicate::Tokens(..)) => true,
            (Self::Signal(known), Predicate::Signal(name)) => known == name,
            (Self::Source(source, _), Predicate::Signal(name)) => {
                policy.signals().iter().any(|signal| signal.name == *name && signal.source == *source)
            }
            _ => false,
        }
    }

    /// Writes a value into a policy's facts. The tokens of the prompt come before those of prompt and answer.
    pub(super) fn put(&self, value: usize, policy: &Policy, facts: &mut Facts) {
        let named = |names: &[Name]| names.get(value.checked_sub(1)?).cloned();
        match self {
            Self::Level(names) => match names.get(value) {
                Some(name) => facts.level = name.clone(),
                None => facts.unreadable = Some(Unreadable::MalformedJson),
            },
            Self::Api => facts.api = Api::DECIDED.get(value).copied().unwrap_or(Api::Other),
            Self::Stream => facts.stream = value == 1,
            Self::Client(names) => facts.client = named(names).map(Identity::Named),
            Self::Team(names) => facts.team = named(names).map(Identity::Named),
            Self::Asked(names) => {
                let digest = |_: &[u8]| Digest([0; 16]);
                facts.asked = named(names).map_or(Asked::None, |name| policy.asked(&name, digest));
            }
            Self::Needs => facts.needs = of_bits(&Capability::ALL, value).collect(),
            Self::Opaque => facts.opaque = of_bits(&Opaque::ALL, value).collect(),
            Self::Tokens(cuts) => facts.prompt_tokens = cuts.get(value).copied().unwrap_or(0),
            Self::Needed(cuts) => {
                let answer = cuts.get(value).and_then(|needed| needed.checked_sub(facts.prompt_tokens));
                facts.output_tokens = answer.filter(|answer| *answer > 0);
            }
            Self::Label(name) => {
                if value == 1 {
                    facts.labels.insert(name.clone());
                }
            }
            Self::Finder(finder) => finder.put(value, policy, facts),
            Self::Free(finders) => {
                let found = value.checked_sub(1).and_then(|place| finders.get(place));
                found.into_iter().for_each(|(finder, value)| finder.put(*value, policy, facts));
            }
            Self::Source(source, values) => {
                let held = values.get(value).and_then(Option::as_deref);
                let own = policy.signals().iter().filter(|signal| signal.source == *source);
                facts.predicates.extend(own.map(|signal| (signal.name.clone(), signal.test(held))));
            }
            Self::Signal(name) => drop(facts.predicates.insert(name.clone(), value == 1)),
            Self::Derived => {}
        }
    }
}

fn of_bits<T: Copy>(all: &[T], bits: usize) -> impl Iterator<Item = T> {
    all.iter().enumerate().filter(move |(place, _)| bits >> place & 1 == 1).map(|(_, one)| *one)
}

// === impl Who ===

impl Who {
    /// Someone of this team.
    pub fn team(name: &str) -> Self {
        Self { team: Some(Name::written(name)), client: None }
    }

    /// This client.
    pub fn client(name: &str) -> Self {
        Self { client: Some(Name::written(name)), team: None }
    }

    /// Those given here whom a policy does not name.
    pub(super) fn unnamed<'w>(&'w self, policy: &'w Policy) -> impl Iterator<Item = &'w Name> {
        let Self { client, team } = self;
        client.iter().chain(team).filter(|name| !policy.identities.contains(*name))
    }

    /// Writes it into facts.
    pub(super) fn put(&self, facts: &mut Facts) {
        let Self { client, team } = self;
        if let Some(client) = client {
            facts.client = Some(Identity::Named(client.clone()));
        }
        if let Some(team) = team {
            facts.team = Some(Identity::Named(team.clone()));
        }
    }
}
