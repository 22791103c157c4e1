//! Running a case: through the same exchange as in the filter, up to the decision.

use std::rc::Rc;

use super::{Case, Expect, Sent};
use crate::{
    audit::{Action, Record},
    decision::{Candidate, Decision, Outcome},
    exchange::{Arrival, Engine, Exchange, Step},
    facts::Name,
};

/// What became of a case's request.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its audit record.
    pub record: Record,
    /// The status with which it was refused, if it was.
    pub status: Option<u16>,
}

/// Has a policy decide a case's request, which comes at `time` nanoseconds since 1970; the error says why it cannot.
///
/// Nothing is sent on, so what a provider would receive and answer is not known.
pub fn run(engine: &Rc<Engine>, case: &Case, time: u64) -> Result<Ran, String> {
    let sent = Sent::try_from(case).map_err(|error| error.to_string())?;
    let mut exchange = Exchange::new(Rc::clone(engine), Arrival { time, sequence: 1 });
    let step = sent.lead(&mut exchange).ok_or("the exchange holds the request for ever")?;
    let status = match &step {
        Step::Refuse(refusal) => Some(refusal.status),
        _ => None,
    };
    Ok(Ran { record: exchange.record(), status })
}

// === impl Ran ===

impl Ran {
    /// Everything that is not as expected; what only a provider or a client could tell is not looked at.
    pub fn differences(&self, expect: &Expect) -> Vec<String> {
        let Self { record, status } = self;
        let mut wrong = decided(record, record.decision.as_ref(), expect);
        note(&mut wrong, "status", expect.status.filter(|_| status.is_some()).as_ref(), &status.unwrap_or_default());
        let Some(facts) = &record.facts else { return wrong };
        note(&mut wrong, "api", expect.api.as_deref(), facts.api.name());
        let unreadable = facts.unreadable.map_or("", |why| why.name());
        note(&mut wrong, "unreadable", expect.unreadable.as_deref(), unreadable);
        let opaque = facts.opaque.iter().map(|kind| kind.name().to_owned()).collect();
        note(&mut wrong, "opaque", sorted(expect.opaque.as_ref()).as_ref(), &opaque);
        let labels = names(&facts.labels);
        note(&mut wrong, "labels", sorted(expect.labels.as_ref()).as_ref(), &labels);
        let found = names(facts.detectors.keys());
        let missing = expect.detectors.iter().flatten().filter(|detector| !found.contains(detector));
        wrong.extend(missing.map(|name| format!("detectors: `{name}` is not among {found:?}")));
        let false_alarms = expect.no_detectors.iter().flatten().filter(|detector| found.contains(detector));
        wrong.extend(false_alarms.map(|name| format!("no_detectors: `{name}` is among {found:?}")));
        wrong
    }
}

/// What is not as expected of a decision on a request, be it the recorded one or another.
pub(super) fn decided(record: &Record, decision: Option<&Decision>, expect: &Expect) -> Vec<String> {
    let mut wrong = Vec::new();
    let action = match (record.action, decision.map(|decision| &decision.outcome)) {
        (Action::Refuse(_), _) | (_, None) => record.action.name(),
        (_, Some(outcome @ Outcome::Deny(_))) | (Action::Deny, Some(outcome)) => outcome.name(),
        (action, Some(Outcome::Route(_))) => action.name(),
    };
    note(&mut wrong, "action", expect.action.as_deref(), action);
    let rule = decision.and_then(Decision::rule).map_or("", Name::as_str);
    note(&mut wrong, "rule", expect.rule.as_deref(), rule);
    let reason = match record.action {
        Action::Refuse(refused) => refused.name(),
        _ => decision.map_or("", |decision| decision.reason.name()),
    };
    note(&mut wrong, "reason", expect.reason.as_deref(), reason);
    let level = decision.map_or("", |decision| decision.counted().as_str());
    note(&mut wrong, "level", expect.level.as_deref(), level);
    let redacted = decision.and_then(|decision| decision.redacted.as_ref());
    let redacted = names(redacted.into_iter().flat_map(|redacted| redacted.replaced.keys()));
    note(&mut wrong, "redacted", sorted(expect.redacted.as_ref()).as_ref(), &redacted);
    let candidates = decision.map(Decision::candidates).unwrap_or_default();
    let named =
        |candidate: &Candidate| candidate.model.as_ref().map_or(&candidate.provider, |model| &model.name).to_string();
    note(&mut wrong, "candidates", expect.candidates.as_ref(), &candidates.iter().map(named).collect());
    wrong
}

fn note<T: PartialEq + std::fmt::Debug + ?Sized>(wrong: &mut Vec<String>, what: &str, expected: Option<&T>, found: &T) {
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        wrong.push(format!("{what}: expected {expected:?}, but it is {found:?}"));
    }
}

fn names<'n>(names: impl IntoIterator<Item = &'n Name>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}

fn sorted(names: Option<&Vec<String>>) -> Option<Vec<String>> {
    let mut names = names.cloned()?;
    names.sort();
    Some(names)
}
