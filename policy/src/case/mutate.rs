//! Whether a policy's cases would notice if it were changed: small faults are put in, one at a time.

use super::{Case, Ran, run::decided};
use crate::{
    config::Mode,
    decision::Denial,
    facts::Name,
    level::Level,
    policy::{FORBIDDEN, Policy},
    prove::{Difference, Held, Relation, Who, compare},
    rule::{Action, LevelSet, Predicate, Selection},
};

/// A policy with a fault.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What was changed.
    pub change: String,
    /// The policy so changed.
    pub policy: Policy,
}

/// Small changes to a policy, each by itself: rules left out or swapped, predicates left out or widened or narrowed,
/// actions turned round, clearances raised and lowered, invariants left out.
pub fn mutants(policy: &Policy) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let mut add = |change: String, mutate: &dyn Fn(&mut Policy)| {
        let mut mutant = policy.clone();
        mutate(&mut mutant);
        mutants.push(Mutant { change, policy: mutant });
    };
    for (index, rule) in policy.rules.iter().enumerate().filter(|(_, rule)| rule.mode == Mode::Enforce) {
        let name = &rule.name;
        add(format!("rule `{name}` left out"), &|policy| drop(policy.rules.remove(index)));
        let turned = match rule.action {
            Action::Route(_) => "refuses",
            Action::Redact(_) => "redacts nothing",
            Action::Deny(_) => "routes to every model",
        };
        add(format!("rule `{name}` {turned}"), &|policy| {
            if let Some(rule) = policy.rules.get_mut(index) {
                rule.action = turn(&rule.action);
            }
        });
        if let Some(next) = policy.rules.get(index + 1) {
            add(format!("rule `{name}` after `{}`", next.name), &|policy| policy.rules.swap(index, index + 1));
        }
        for (place, predicate) in rule.predicates.iter().enumerate() {
            add(format!("rule `{name}` without `{predicate}`"), &|policy| {
                policy.rules.get_mut(index).into_iter().for_each(|rule| drop(rule.predicates.remove(place)));
            });
            for other in shifted(predicate, policy.levels.highest()) {
                add(format!("rule `{name}` with the bound of `{predicate}` moved by one"), &|policy| {
                    let predicate = policy.rules.get_mut(index).and_then(|rule| rule.predicates.get_mut(place));
                    predicate.into_iter().for_each(|predicate| *predicate = other.clone());
                });
            }
        }
    }
    for (index, provider) in policy.catalogue.providers.iter().enumerate() {
        let highest = policy.levels.highest().0;
        let near = [provider.cleared.0.checked_sub(1), provider.cleared.0.checked_add(1).filter(|up| *up <= highest)];
        for level in near.into_iter().flatten().map(Level) {
            let change = format!("provider `{}` cleared for {}", provider.name, policy.level_name(level));
            add(change, &|policy| {
                policy.catalogue.providers.get_mut(index).into_iter().for_each(|provider| provider.cleared = level);
            });
        }
    }
    for (index, invariant) in policy.invariants.iter().enumerate() {
        add(format!("invariant `{}` left out", invariant.name), &|policy| drop(policy.invariants.remove(index)));
    }
    mutants
}

/// The changes that no case notices, of those that do change a decision; each with a request that it is changed for.
///
/// Where that would take too long to tell, the change counts, without a request.
pub fn survivors(policy: &Policy, cases: &[(Case, Ran)]) -> Vec<(String, Option<Difference>)> {
    let unnoticed =
        mutants(policy).into_iter().filter(|mutant| !cases.iter().any(|(case, ran)| mutant.is_noticed(case, ran)));
    unnoticed
        .filter_map(|mutant| {
            let compared = compare((policy, Who::default()), (&mutant.policy, Who::default()), Relation::Same).ok()?;
            let difference = compared.differences.into_iter().next();
            (compared.holds != Held::Yes).then_some((mutant.change, difference))
        })
        .collect()
}

fn turn(action: &Action) -> Action {
    match action {
        Action::Route(_) => Action::Deny(Denial { status: FORBIDDEN, message: Name::default() }),
        Action::Redact(redaction) => Action::Route(redaction.selection.clone()),
        Action::Deny(_) => Action::Route(Selection::default()),
    }
}

/// A predicate with a bound moved by one, each way.
fn shifted(predicate: &Predicate, highest: Level) -> Vec<Predicate> {
    let mut others: Vec<Predicate> = match predicate {
        Predicate::Level(LevelSet { bits, written }) => {
            let all = u16::MAX >> (15 - highest.0.min(15));
            let near = [bits | bits >> 1, bits | bits << 1, bits & bits << 1, bits & bits >> 1];
            let near = near.into_iter().map(|bits| bits & all).filter(|bits| *bits != 0);
            near.map(|bits| Predicate::Level(LevelSet { bits, written: written.clone() })).collect()
        }
        Predicate::Tokens(from, below) => {
            let near = |bound: u64| [bound.saturating_sub(1), bound.saturating_add(1)];
            let lower = near(*from).map(|from| Predicate::Tokens(from, *below));
            let upper = below.map(|below| near(below).map(|below| Predicate::Tokens(*from, Some(below))));
            lower.into_iter().chain(upper.into_iter().flatten()).collect()
        }
        _ => Vec::new(),
    };
    others.retain(|other| other != predicate);
    others
}

// === impl Mutant ===

impl Mutant {
    /// Whether a case that ran as expected would not, with this policy.
    fn is_noticed(&self, case: &Case, ran: &Ran) -> bool {
        let Some(facts) = ran.record.facts.as_ref().filter(|_| ran.record.decision.is_some()) else { return false };
        !decided(&ran.record, Some(&self.policy.decide(facts)), &case.expect).is_empty()
    }
}
