//! How a decision came about: rule by rule, and in each predicate by predicate.

use std::fmt;

use serde::Serialize;

use crate::{
    config::Mode,
    decision::{Candidate, Decision, Outcome, Struck},
    facts::Name,
    rule::{Predicate, Rule, Situation, Truth},
};

/// All that led to a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The policy's name.
    pub policy: Name,
    /// The rules that were asked, in their order.
    pub rules: Vec<RuleTrace>,
    /// The rules that were not, because one before them decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<Name>,
    /// The decision.
    pub decision: Decision,
}

/// What a rule said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTrace {
    /// The rule.
    pub name: Name,
    /// Whether it decides, or only records.
    pub shadow: bool,
    /// Whether it matched.
    pub matched: Truth,
    /// What it asked, and what the answers were.
    pub predicates: Vec<PredicateTrace>,
    /// What it does, if it matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The candidates that were struck from its list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub struck: Vec<Struck>,
}

/// What was asked of a request, and what the answer was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PredicateTrace {
    /// What was asked.
    pub predicate: String,
    /// Whether it is so.
    pub truth: Truth,
    /// What the request has.
    pub found: String,
}

/// Whoever watches a decision being made.
pub(crate) trait Observe {
    /// Whether every predicate is to be tested, also where one before it failed.
    fn wants_all(&self) -> bool {
        false
    }
    /// A predicate of the rule at hand was tested.
    fn tested(&mut self, _: &Predicate, _: Truth, _: &Situation<'_>) {}
    /// The rule at hand does not match.
    fn passed_over(&mut self, _: &Rule) {}
    /// The rule at hand matches.
    fn matched(&mut self, _: &Rule, _: Truth, _: &Outcome, _: &[Struck]) {}
}

/// Nobody watches.
impl Observe for () {}

/// Writes everything down.
#[derive(Default)]
pub(crate) struct Notes {
    predicates: Vec<PredicateTrace>,
    pub(crate) rules: Vec<RuleTrace>,
}

// === impl Notes ===

impl Notes {
    fn close(&mut self, rule: &Rule, matched: Truth, outcome: Option<Outcome>, struck: &[Struck]) {
        self.rules.push(RuleTrace {
            name: rule.name.clone(),
            shadow: rule.mode == Mode::Shadow,
            matched,
            predicates: std::mem::take(&mut self.predicates),
            outcome,
            struck: struck.to_vec(),
        });
    }
}

impl Observe for Notes {
    fn wants_all(&self) -> bool {
        true
    }

    fn tested(&mut self, predicate: &Predicate, truth: Truth, situation: &Situation<'_>) {
        let (predicate, found) = (predicate.to_string(), predicate.found(situation));
        self.predicates.push(PredicateTrace { predicate, truth, found });
    }

    fn passed_over(&mut self, rule: &Rule) {
        self.close(rule, Truth::Failed, None, &[]);
    }

    fn matched(&mut self, rule: &Rule, truth: Truth, outcome: &Outcome, struck: &[Struck]) {
        self.close(rule, truth, Some(outcome.clone()), struck);
    }
}

// === for people ===

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, rules, unasked, decision } = self;
        writeln!(f, "policy {policy}, level {}", decision.level)?;
        rules.iter().try_for_each(|rule| rule.fmt(f))?;
        unasked.iter().try_for_each(|rule| writeln!(f, "\nrule `{rule}`: not asked"))?;
        write!(f, "\ndecision: {}, because {decision}", decision.outcome.name())?;
        let Some(redacted) = &decision.redacted else { return Ok(()) };
        let replaced: Vec<_> = redacted.replaced.iter().map(|(name, count)| format!("{name} x{count}")).collect();
        write!(f, "\nredacted: {}; what stays is {}", replaced.join(", "), redacted.level)
    }
}

impl fmt::Display for RuleTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, shadow, matched, predicates, outcome, struck } = self;
        let shadow = if *shadow { " (shadow)" } else { "" };
        let matched = match matched {
            Truth::Held => "matches",
            Truth::Failed => "does not match",
            Truth::Unknown => "cannot be told",
        };
        writeln!(f, "\nrule `{name}`{shadow}: {matched}")?;
        if predicates.is_empty() {
            writeln!(f, "  yes  every request")?;
        }
        for PredicateTrace { predicate, truth, found } in predicates {
            let truth = match truth {
                Truth::Held => "yes",
                Truth::Failed => "no ",
                Truth::Unknown => "?  ",
            };
            writeln!(f, "  {truth}  {predicate}: {found}")?;
        }
        match outcome {
            Some(Outcome::Deny(denial)) => writeln!(f, "  => deny with {}: {}", denial.status, denial.message)?,
            Some(Outcome::Route(candidates)) => {
                for (place, candidate) in candidates.iter().enumerate() {
                    writeln!(f, "  => {}. {candidate}", place + 1)?;
                }
            }
            None => {}
        }
        struck.iter().try_for_each(|struck| writeln!(f, "  x  {struck}"))
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, zone, model, redacted, .. } = self;
        match model {
            Some(model) => write!(f, "{} at {provider} ({zone})", model.name)?,
            None => write!(f, "{provider} ({zone})")?,
        }
        if let Some(cost) = model.as_ref().and_then(|model| model.cost) {
            write!(f, ", about {cost}")?;
        }
        if *redacted { f.write_str(", with placeholders") } else { Ok(()) }
    }
}
