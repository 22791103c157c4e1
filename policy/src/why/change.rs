//! Changes of a request, and the fewest that give another outcome.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::{Alternative, MOST_PAIRED, distinct};
use crate::{
    decision::{Decision, Outcome},
    detect::Confidence,
    facts::{Asked, Capability, Facts, Identity, Name, Opaque, Tally},
    level::Level,
    policy::Policy,
    rule::Predicate,
};

/// A change of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Its body could be read, at the level of what was found.
    Readable,
    /// Nothing above this level is in it.
    Level(Name),
    /// Nothing with this label is in it.
    Without(Name),
    /// This detector finds nothing in it.
    Unfound(Name),
    /// It asks for this model or alias.
    Asks(Name),
    /// It comes from this client.
    Client(Name),
    /// It comes from this team.
    Team(Name),
    /// Its prompt has so many tokens.
    Tokens(u64),
    /// Its answer is, or is not, streamed.
    Stream(bool),
    /// It does not need this.
    NotNeeded(Capability),
    /// It holds no opaque content of this kind.
    NotOpaque(Opaque),
    /// What is asked of a header or property is, or is not, so.
    Signal(Name, bool),
}

/// The fewest changes that give another outcome, and the fewest that let a refused request through.
pub(super) fn nearest(policy: &Policy, facts: &Facts, decision: &Decision) -> Vec<Alternative<Change>> {
    let changes = changes(policy, facts);
    let decide = |changes: Vec<Change>| {
        let mut facts = facts.clone();
        changes.iter().for_each(|change| change.apply(policy, &mut facts));
        Alternative::of(decision, changes, policy.decide(&facts))
    };
    let single: Vec<_> = distinct(changes.iter().filter_map(|change| decide(vec![change.clone()])));
    let refused = matches!(decision.outcome, Outcome::Deny(_));
    let lets_through = single.iter().any(|one| matches!(one.outcome, Outcome::Route(_)));
    if !single.is_empty() && (!refused || lets_through) {
        return single;
    }
    let few: Vec<_> = changes.iter().take(MOST_PAIRED).collect();
    let pairs =
        few.iter().enumerate().flat_map(|(index, one)| few.iter().skip(index + 1).map(move |other| [*one, *other]));
    let pairs = pairs.filter_map(|pair| decide(pair.map(Clone::clone).to_vec()));
    distinct(single.into_iter().chain(pairs.filter(|pair| !refused || matches!(pair.outcome, Outcome::Route(_)))))
}

/// Every change that the policy could notice, the most likely first.
fn changes(policy: &Policy, facts: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(facts.unreadable.map(|_| Change::Readable));
    changes.extend(facts.labels.iter().cloned().map(Change::Without));
    changes.extend(facts.detectors.keys().cloned().map(Change::Unfound));
    let level = policy.levels().find(&facts.level).map_or(0, |level| level.0);
    changes.extend((0..level).rev().map(|lower| Change::Level(policy.level_name(Level(lower)).clone())));
    let models = policy.catalogue().models().iter().map(|model| &model.name);
    let asked = models.chain(policy.aliases()).filter(|name| facts.asked.name() != Some(*name));
    if facts.api.takes_model() {
        changes.extend(asked.cloned().map(Change::Asks));
    }
    changes.extend(facts.needs.iter().copied().map(Change::NotNeeded));
    changes.extend(facts.opaque.iter().copied().map(Change::NotOpaque));
    let predicates = || policy.rules().iter().flat_map(|rule| &rule.predicates);
    changes.extend(lengths(policy, facts).into_iter().map(Change::Tokens));
    for predicate in predicates() {
        let more: Vec<Change> = match predicate {
            Predicate::Client(names) => names.iter().cloned().map(Change::Client).collect(),
            Predicate::Team(names) => names.iter().cloned().map(Change::Team).collect(),
            Predicate::Stream(_) => vec![Change::Stream(!facts.stream)],
            Predicate::Signal(name) => vec![Change::Signal(name.clone(), facts.predicates.get(name) != Some(&true))],
            _ => Vec::new(),
        };
        for change in more {
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
    }
    changes
}

/// The lengths of prompts just within the bounds that the policy names, the nearest first.
fn lengths(policy: &Policy, facts: &Facts) -> Vec<u64> {
    let answer = facts.output_tokens.unwrap_or(0);
    let fitting = policy.catalogue().models().iter().filter_map(|model| model.context?.checked_sub(answer));
    let mut lengths: BTreeSet<u64> = fitting.filter(|length| *length < facts.prompt_tokens).collect();
    for predicate in policy.rules().iter().flat_map(|rule| &rule.predicates) {
        if let Predicate::Tokens(from, below) = predicate {
            let bounds = [Some(*from), from.checked_sub(1), *below, below.and_then(|below| below.checked_sub(1))];
            lengths.extend(bounds.into_iter().flatten());
        }
    }
    lengths.remove(&facts.prompt_tokens);
    let mut lengths: Vec<u64> = lengths.into_iter().collect();
    lengths.sort_by_key(|length| length.abs_diff(facts.prompt_tokens));
    lengths
}

// === impl Change ===

impl Change {
    fn apply(&self, policy: &Policy, facts: &mut Facts) {
        match self {
            Self::Readable => facts.unreadable = None,
            Self::Level(level) => {
                let level = policy.levels().find(level).unwrap_or_default();
                keep(policy, facts, |name, tally| raised(policy, name, tally) <= level);
                facts.level = policy.level_name(level).clone();
            }
            Self::Without(label) => keep(policy, facts, |name, _| label_of(policy, name) != Some(label)),
            Self::Unfound(detector) => keep(policy, facts, |name, _| name != detector),
            Self::Asks(name) => {
                let alias = policy.aliases().any(|alias| alias == name);
                facts.asked = if alias { Asked::Alias(name.clone()) } else { Asked::Known(name.clone()) };
            }
            Self::Client(name) => facts.client = Some(Identity::Named(name.clone())),
            Self::Team(name) => facts.team = Some(Identity::Named(name.clone())),
            Self::Tokens(tokens) => facts.prompt_tokens = *tokens,
            Self::Stream(stream) => facts.stream = *stream,
            Self::NotNeeded(need) => drop(facts.needs.remove(need)),
            Self::NotOpaque(kind) => drop(facts.opaque.remove(kind)),
            Self::Signal(name, held) => drop(facts.predicates.insert(name.clone(), *held)),
        }
    }
}

/// Keeps only what these detectors found; the labels and the level follow.
fn keep(policy: &Policy, facts: &mut Facts, kept: impl Fn(&Name, &Tally) -> bool) {
    facts.detectors.retain(|name, tally| kept(name, tally));
    let sure = || facts.detectors.iter().filter(|(_, tally)| tally.confidence > Confidence::Weak);
    facts.labels = sure().filter_map(|(name, _)| label_of(policy, name)).cloned().collect();
    let left = sure().map(|(name, tally)| raised(policy, name, tally)).max().unwrap_or_default();
    let before = policy.levels().find(&facts.level).unwrap_or(policy.levels().highest());
    facts.level = policy.level_name(left.min(before)).clone();
}

fn label_of<'p>(policy: &'p Policy, detector: &str) -> Option<&'p Name> {
    policy.detector_name(policy.detectors().find(detector)?).map(|(_, label)| label)
}

/// The level that a detector's findings raise a request to; how many of them are distinct is not recorded, so they all
/// count as such.
fn raised(policy: &Policy, detector: &str, tally: &Tally) -> Level {
    let detector = policy.detectors().find(detector).and_then(|index| policy.detectors().get(index));
    detector.filter(|_| tally.confidence > Confidence::Weak).map_or_else(Level::default, |detector| {
        match detector.bulk {
            Some(bulk) if tally.count >= bulk.distinct => detector.level.max(bulk.level),
            _ => detector.level,
        }
    })
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readable => f.write_str("the body could be read"),
            Self::Level(level) => write!(f, "nothing above {level} were in it"),
            Self::Without(label) => write!(f, "nothing labelled {label} were in it"),
            Self::Unfound(detector) => write!(f, "{detector} found nothing in it"),
            Self::Asks(model) => write!(f, "it asked for {model}"),
            Self::Client(client) => write!(f, "client {client} sent it"),
            Self::Team(team) => write!(f, "team {team} sent it"),
            Self::Tokens(tokens) => write!(f, "its prompt had {tokens} tokens"),
            Self::Stream(true) => f.write_str("its answer were streamed"),
            Self::Stream(false) => f.write_str("its answer were not streamed"),
            Self::NotNeeded(need) => write!(f, "it did not need {}", need.name()),
            Self::NotOpaque(kind) => write!(f, "it held no opaque content ({})", kind.name()),
            Self::Signal(name, true) => write!(f, "this were so: {name}"),
            Self::Signal(name, false) => write!(f, "this were not so: {name}"),
        }
    }
}
