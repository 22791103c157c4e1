//! A policy over recorded decisions: what it would have decided, of the same facts.
//!
//! Records come as lines of JSON: those of Envoy's access log, with the record under `audit`, or records by themselves.
//! Facts that many requests share are decided once.
//!
//! What the policy asks for and was not recorded, it cannot know: then the decision is *indeterminate*, and counted as
//! such. Which facts these are follows from the policy that was in force, where that is given.

mod line;
mod summary;
mod unknown;

use std::{collections::HashMap, rc::Rc};

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

pub use self::summary::{Counts, Kept, Moved, Summary};
use self::{line::Recorded, unknown::Unknown};
use crate::{
    decision::{Decision, Outcome, Reason, Strike},
    facts::{Facts, Name},
    policy::Policy,
};

/// A policy that recorded requests are decided by once more.
#[derive(Debug)]
pub struct Replay<'p> {
    policy: &'p Policy,
    /// Policies that were in force, by digest, with what they did not record.
    known: HashMap<String, Unknown>,
    /// The times from which on prices are others.
    prices: Vec<u64>,
    decided: HashMap<u128, Rc<Decided>>,
    summary: Summary,
}

/// What the policy decides about some facts.
#[derive(Debug)]
struct Decided {
    facts: Facts,
    decision: Decision,
    /// Whether it hangs on a fact that was not recorded.
    indeterminate: bool,
    /// The invariants of the policy that speak of these facts.
    spoken: Vec<usize>,
}

/// The most distinct facts that are kept, so that a log of requests that are all different takes no more than some room.
const MOST_KEPT: usize = 200_000;

// === impl Replay ===

impl<'p> Replay<'p> {
    /// Nothing was decided yet. `recorded` are policies that were in force, as far as they are known.
    pub fn new(policy: &'p Policy, recorded: &[Policy]) -> Self {
        let known = recorded.iter().map(|old| (old.digest().to_string(), Unknown::of(policy, old))).collect();
        let models = policy.catalogue().models().iter();
        let mut prices: Vec<u64> = models.flat_map(|model| &model.prices.0).map(|(from, _)| *from).collect();
        prices.sort_unstable();
        prices.dedup();
        Self { policy, known, prices, decided: HashMap::new(), summary: Summary::new(policy) }
    }

    /// Decides one recorded request: a line of JSON. What is no record is counted, and no error.
    pub fn add(&mut self, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.summary.lines += 1;
        let Some(recorded) = Recorded::parse(line) else {
            self.summary.malformed += 1;
            return;
        };
        let Some(raw) = recorded.facts.filter(|_| recorded.decided) else {
            self.summary.undecided += 1;
            return;
        };
        let Some(decided) = self.decide(raw, &recorded) else {
            self.summary.malformed += 1;
            return;
        };
        self.summary.add(
            self.policy,
            &recorded,
            &decided.facts,
            &decided.decision,
            decided.indeterminate,
            &decided.spoken,
        );
    }

    /// What has come out.
    pub fn finish(self) -> Summary {
        self.summary
    }

    fn decide(&mut self, raw: &str, recorded: &Recorded<'_>) -> Option<Rc<Decided>> {
        let key = self.key(raw, recorded);
        if let Some(known) = self.decided.get(&key) {
            return Some(Rc::clone(known));
        }
        let facts: Facts = serde_json::from_str(raw).ok()?;
        let decision = self.policy.decide(&facts);
        let unknown = self.known.get(&*recorded.digest);
        if unknown.is_none() {
            self.summary.unknown_policies.insert(recorded.digest.to_string());
        }
        let hangs = unknown.is_some_and(|unknown| unknown.matters(self.policy, &facts, &decision));
        let decided = Rc::new(Decided {
            indeterminate: hangs || matches!(decision.reason, Reason::Indeterminate(_)),
            spoken: spoken(self.policy, &facts),
            facts,
            decision,
        });
        if self.decided.len() < MOST_KEPT {
            self.decided.insert(key, Rc::clone(&decided));
        }
        Some(decided)
    }

    /// Facts that are decided alike have the same: the time counts only as far as prices change with it.
    fn key(&self, raw: &str, recorded: &Recorded<'_>) -> u128 {
        let mut hasher = SipHasher13::new();
        let (before, time, after) = line::without_time(raw);
        hasher.write(before.as_bytes());
        hasher.write_usize(self.prices.partition_point(|from| *from <= time));
        hasher.write(after.as_bytes());
        hasher.write(recorded.digest.as_bytes());
        hasher.finish128().as_u128()
    }
}

/// The invariants that speak of a request with these facts.
fn spoken(policy: &Policy, facts: &Facts) -> Vec<usize> {
    let situation = policy.situation(facts);
    let speaks = |(_, invariant): &(usize, &crate::rule::Invariant)| {
        invariant.predicates.iter().all(|predicate| predicate.test(&situation) != crate::rule::Truth::Failed)
    };
    policy.invariants.iter().enumerate().filter(speaks).map(|(index, _)| index).collect()
}

/// The names of the invariants that struck a candidate.
fn striking(decision: &Decision) -> impl Iterator<Item = &Name> {
    let mut names: Vec<&Name> = decision
        .struck
        .iter()
        .filter_map(|struck| match &struck.why {
            Strike::Invariant(name) => Some(name),
            _ => None,
        })
        .collect();
    names.dedup();
    names.into_iter()
}

/// Where a decision sends a request first: the provider; nothing if it refuses it.
fn provider(decision: &Decision) -> Option<&Name> {
    match &decision.outcome {
        Outcome::Route(candidates) => candidates.first().map(|candidate| &candidate.provider),
        Outcome::Deny(_) => None,
    }
}

#[cfg(test)]
mod tests;
