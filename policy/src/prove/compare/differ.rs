//! Whether two decisions on one request show that a relation does not hold.

use std::collections::BTreeSet;

use super::Relation;
use crate::{
    decision::{Candidate, Decision, Outcome},
    facts::Name,
    policy::Policy,
    prove::ways::{is_same_target, without_cost},
};

/// Whether two decisions on one request show that a relation does not hold.
pub fn differ(first: &Decision, second: &Decision, relation: Relation) -> bool {
    match relation {
        Relation::Same => goes_elsewhere(first, second) || replaced(first) != replaced(second),
        Relation::Within => {
            let no_more = |mine: &Candidate, other: &Candidate| {
                let less = || replaced(second).is_subset(&replaced(first));
                is_same_target(mine, other) && (!other.redacted || mine.redacted && less())
            };
            !first.candidates().iter().all(|mine| second.candidates().iter().any(|other| no_more(mine, other)))
        }
    }
}

/// Whether a request goes to other candidates, or in another order, or is refused with another status.
pub(crate) fn goes_elsewhere(first: &Decision, second: &Decision) -> bool {
    match (&first.outcome, &second.outcome) {
        (Outcome::Deny(first), Outcome::Deny(second)) => first.status != second.status,
        _ => {
            let [mine, others] =
                [first, second].map(|decision| decision.candidates().iter().cloned().map(without_cost));
            !mine.eq(others)
        }
    }
}

/// The detectors whose findings are replaced.
fn replaced(decision: &Decision) -> BTreeSet<&Name> {
    decision.redacted.iter().flat_map(|redacted| redacted.replaced.keys()).collect()
}

/// What is said of two policies that do not replace the same.
pub(super) fn assumed(policies: [&Policy; 2]) -> Option<String> {
    let redactions = |policy: &Policy| -> BTreeSet<_> {
        let redactions = policy.rules().iter().filter_map(|rule| rule.action.redaction());
        redactions.map(|redaction| redaction.detectors.clone()).collect()
    };
    let [mine, others] = policies.map(redactions);
    let both = !mine.is_empty() && !others.is_empty();
    (both && mine != others).then(|| "where one policy can replace what a detector found, the other can, too".into())
}
