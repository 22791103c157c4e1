//! What is certain about a policy: decided over all requests that there can be, not over a sample of them.
//!
//! The facts that a policy can tell apart are few: levels, interfaces, names, the stretches between the numbers of tokens
//! that it gives. They become variables with few values each, what rules ask becomes sets of those values, and a search
//! looks for a request that has some property. What it finds is handed to [`Policy::decide`] before it is shown; what it
//! does not find does not exist.
//!
//! A request counts as possible if its labels, detectors and level agree as the policy's detectors say, and the tests of
//! one header or property with each other; everything else may come together in any way. So what is said to hold, holds;
//! an example may be a request that no client would send.
//!
//! Where a rule replaces what was found, a provider sees what stays: that has a level, labels and detectors of its own,
//! which follow from what was found and from what of it can be replaced.

mod compare;
mod findings;
mod invariant;
mod kind;
mod named;
mod reach;
mod rest;
mod solve;
mod source;
mod space;
mod view;
mod ways;

use std::collections::BTreeMap;

use serde::Serialize;

pub(crate) use self::compare::goes_elsewhere;
pub use self::{
    compare::{Comparison, Difference, Held, Incomparable, Relation, compare, differ},
    kind::Who,
};
use self::{
    invariant::Standing,
    solve::{Answer, Budget, Query},
    space::Space,
    view::View,
    ways::Way,
};
use crate::{
    decision::Candidate,
    facts::{Facts, Name},
    policy::Policy,
    problem::Problem,
};

/// What is certain about a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Each invariant, in the order of the document.
    pub invariants: Vec<InvariantProof>,
    /// The rules that are of no use, in their order.
    pub rules: Vec<RuleProof>,
    /// A request that no rule decides, if there is one: it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<Example>,
    /// What was taken to be possible without being looked into.
    pub assumed: Vec<String>,
}

/// What is certain about an invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvariantProof {
    /// The invariant.
    pub name: Name,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Where a rule would send such a request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<Breach>,
}

/// Whether an invariant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// By the rules and clearances alone.
    Holds,
    /// Only because it strikes candidates itself when a request comes.
    Strikes,
    /// It does not: this invariant is only asked about, and no part of the policy.
    Broken,
    /// It would have taken too long to tell.
    Undecided,
}

/// A rule that would send a request where an invariant says that it never goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Breach {
    /// The rule.
    pub rule: Name,
    /// Where the request would go.
    pub candidate: Candidate,
    /// The request.
    pub example: Example,
}

/// A request that shows something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// All that is known of it.
    pub facts: Facts,
    /// What the headers and properties hold that the policy asks about; nothing for one that is not there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Option<String>>,
}

/// A rule that is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleProof {
    /// The rule.
    pub rule: Name,
    /// Its place among the rules.
    #[serde(skip)]
    pub index: usize,
    /// Why it is of no use.
    pub never: Never,
    /// The rules before it because of which it never matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Name>,
}

/// What a rule never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Never {
    /// It never matches a request that is left to it.
    Matches,
    /// It matches, but each of its candidates is struck each time.
    Routes,
    /// It would have taken too long to tell whether it matches.
    Undecided,
}

/// What an example takes to be possible: it may be a request that no client would send.
pub const ASSUMED: &str =
    "an interface, a model, needs, opaque content, lengths, client and team may come together in any way";

/// How many clauses all searches of one proof look at, at most: some seconds of work.
const MOST: u64 = 600_000_000;

/// A policy, ready to be asked.
struct Prover<'p> {
    space: Space,
    view: View<'p>,
    /// Where each rule may send requests.
    ways: Vec<Vec<Way>>,
}

// === proving ===

impl Policy {
    /// What is certain about this policy: its invariants, and its rules that are of no use.
    pub fn prove(&self) -> Proof {
        let prover = Prover::new(self);
        let budget = &mut Budget { left: MOST };
        let rules = prover.useless_rules(budget);
        let own = 0..self.invariants.len();
        let invariants = own.map(|index| prover.invariant(index, Standing::Own, budget)).collect();
        let undecided = prover.view.decides(None, &prover.space, budget);
        let undecided = prover.example(undecided, budget).unwrap_or_default();
        Proof { invariants, rules, undecided, assumed: prover.space.assumed() }
    }

    /// Whether what these say never happens, although they are no part of this policy: a question, not a lock.
    ///
    /// `question` is this policy with further invariants after its own.
    fn answer(&self, question: &Self) -> Vec<InvariantProof> {
        let prover = Prover::new(question);
        let budget = &mut Budget { left: MOST };
        let own = self.invariants.len();
        let asked = own..question.invariants.len();
        asked.map(|index| prover.invariant(index, Standing::Question(own), budget)).collect()
    }
}

/// Asks a policy, both as documents, whether what `never` says never happens: an invariant's `never`, in YAML or JSON.
pub fn question(policy: &[u8], never: &[u8]) -> Result<InvariantProof, Vec<Problem>> {
    let (own, _) = Policy::parse(policy)?;
    let (asked, _) = crate::compile::with_invariant(policy, never)?;
    let mut answers = own.answer(&asked);
    answers.pop().ok_or_else(|| vec![Problem::error("never", "it asks nothing")])
}

// === impl Proof ===

impl Proof {
    /// What its author should know: each problem a warning, with its place in the document.
    pub fn problems(&self) -> Vec<Problem> {
        let rules = self.rules.iter().map(RuleProof::problem);
        let invariants = self.invariants.iter().enumerate().filter_map(|(index, proof)| proof.problem(index));
        rules.chain(invariants).collect()
    }
}

// === impl Prover ===

impl<'p> Prover<'p> {
    fn new(policy: &'p Policy) -> Self {
        let mut space = Space::new(&[policy]);
        let mut view = View::new(policy, Who::default(), &mut space);
        let ways = policy.rules().iter().map(|rule| view.ways(rule, &mut space)).collect();
        Self { space, view, ways }
    }

    /// A request of which all this is so.
    fn example(&self, query: Query<'_>, budget: &mut Budget) -> Result<Option<Example>, TooLong> {
        match query.solve(&self.space.tables, budget) {
            Answer::Found(values) => Ok(Some(Example {
                facts: self.space.example(self.view.policy, &self.view.who, &values),
                headers: self.space.headers(&values),
            })),
            Answer::Never(_) => Ok(None),
            Answer::Undecided => Err(TooLong),
        }
    }
}

/// It would have taken too long to tell.
struct TooLong;

#[cfg(test)]
mod tests;
