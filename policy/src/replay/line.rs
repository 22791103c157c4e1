//! A line of a log, as far as a replay looks at it. The rest is skipped, not read.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{
    catalogue::NanoUsd,
    usage::{Cost, Tokens, Usage},
};

/// What is looked at of a record.
#[derive(Debug)]
pub(super) struct Recorded<'l> {
    /// The facts, not yet read.
    pub(super) facts: Option<&'l str>,
    /// Whether a decision fell.
    pub(super) decided: bool,
    /// Its id.
    pub(super) id: Cow<'l, str>,
    /// The digest of the policy that was in force.
    pub(super) digest: Cow<'l, str>,
    /// The rule that decided.
    pub(super) rule: Option<Cow<'l, str>>,
    /// Where it was sent first.
    pub(super) chosen: Option<Chosen<'l>>,
    /// What the answer used and cost, if there was one and its provider said.
    pub(super) used: Option<(Tokens, NanoUsd)>,
}

/// Where a request was sent.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen<'l> {
    #[serde(borrow)]
    pub(super) provider: Cow<'l, str>,
    #[serde(borrow, default)]
    pub(super) model: Option<ChosenModel<'l>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChosenModel<'l> {
    #[serde(borrow)]
    pub(super) name: Cow<'l, str>,
    /// What it was taken to cost, in billionths of a dollar.
    #[serde(default)]
    pub(super) cost: Option<u64>,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    audit: Option<Audit<'l>>,
}

#[derive(Deserialize)]
struct Audit<'l> {
    #[serde(borrow)]
    decision_id: Cow<'l, str>,
    #[serde(borrow)]
    policy: Reference<'l>,
    #[serde(borrow, default)]
    facts: Option<&'l RawValue>,
    #[serde(default)]
    decision: Option<IgnoredAny>,
    #[serde(borrow, default)]
    rule: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    chosen: Option<Chosen<'l>>,
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    cost: Option<Cost>,
}

#[derive(Deserialize)]
struct Reference<'l> {
    #[serde(borrow)]
    digest: Cow<'l, str>,
}

// === impl Recorded ===

impl<'l> Recorded<'l> {
    /// Reads a line of an access log, or a record by itself; `None` if it is neither.
    pub(super) fn parse(line: &'l [u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?;
        let within = serde_json::from_str::<Line<'_>>(line).ok()?.audit;
        let Audit { decision_id, policy, facts, decision, rule, chosen, usage, cost } = match within {
            Some(audit) => audit,
            None => serde_json::from_str(line).ok()?,
        };
        Some(Self {
            facts: facts.map(RawValue::get),
            decided: decision.is_some(),
            id: decision_id,
            digest: policy.digest,
            rule,
            chosen,
            used: match (usage, cost) {
                (Usage::Complete(tokens), Some(Cost::Known(cost))) => Some((tokens, cost)),
                _ => None,
            },
        })
    }
}

const TIME: &str = "\"time\":";

/// Facts in JSON around their time, and that time; 0 if they have none.
///
/// The key cannot stand inside a string, where its quotes would be escaped.
pub(super) fn without_time(facts: &str) -> (&str, u64, &str) {
    let Some((before, rest)) = facts.split_once(TIME) else { return (facts, 0, "") };
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    match rest.split_at_checked(digits).map(|(digits, after)| (digits.parse(), after)) {
        Some((Ok(time), after)) => (before, time, after),
        _ => (facts, 0, ""),
    }
}
