//! A policy ready to decide.

mod listing;
mod redaction;
mod select;

pub use self::listing::Listed;
pub(crate) use self::redaction::restores;
use self::redaction::{Redacting, Residual};
pub(crate) use self::select::{LOCAL, Place, candidate, unable, unserved};

use std::collections::BTreeSet;

use crate::{
    catalogue::Catalogue,
    config::{Mode, Reveal, Strictness},
    decision::{Decision, Denial, Outcome, Reason, Redacted, Shadow, Struck},
    detect::{DetectorIndex, Detectors},
    explain::{Notes, Observe, Trace},
    facts::{Asked, Digest, Facts, Identity, Name},
    level::{Level, Levels},
    problem::Problem,
    rule::{Action, Invariant, Predicate, Rule, Selection, Signal, Situation, Source, Truth},
};

/// A policy ready to decide. Built only from a document without errors.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) name: Name,
    pub(crate) version: Option<Name>,
    pub(crate) digest: Name,
    pub(crate) levels: Levels,
    pub(crate) level_names: Vec<Name>,
    pub(crate) detectors: Detectors,
    pub(crate) detector_names: Vec<(Name, Name)>,
    pub(crate) catalogue: Catalogue,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) client: Vec<Source>,
    pub(crate) team: Vec<Source>,
    pub(crate) identities: BTreeSet<Name>,
    pub(crate) signals: Vec<Signal>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) invariants: Vec<Invariant>,
    pub(crate) reveal: Reveal,
    pub(crate) translation: Strictness,
    pub(crate) first_byte: u64,
    pub(crate) max_body: u64,
}

/// What a client may ask for besides a model's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) name: Name,
    pub(crate) selection: Selection,
}

// === deciding ===

impl Policy {
    /// Reads and compiles a policy document, in YAML or JSON. With the policy come warnings; errors are told all at once.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        crate::compile::policy(bytes)
    }

    /// What happens to a request, and why.
    pub fn decide(&self, facts: &Facts) -> Decision {
        self.evaluate(facts, &mut ())
    }

    /// The same decision, with all that led to it.
    pub fn explain(&self, facts: &Facts) -> Trace {
        let mut notes = Notes::default();
        let decision = self.evaluate(facts, &mut notes);
        let unasked = self.rules.iter().skip(notes.rules.len()).map(|rule| rule.name.clone()).collect();
        Trace { policy: self.name.clone(), rules: notes.rules, unasked, decision }
    }

    /// The one evaluator: the first rule that matches and enforces decides.
    fn evaluate(&self, facts: &Facts, observer: &mut impl Observe) -> Decision {
        let situation = self.situation(facts);
        let mut shadow = Vec::new();
        for rule in &self.rules {
            let mut truth = holds(&rule.predicates, &situation, observer);
            if truth == Truth::Held && rule.action.redaction().is_some_and(|one| self.lacks_places(one, facts)) {
                truth = Truth::Unknown;
            }
            let Act { outcome, reason, struck, redacted } = match truth {
                Truth::Failed => {
                    observer.passed_over(rule);
                    continue;
                }
                Truth::Unknown => Act::new(refusal(INDETERMINATE), Reason::Indeterminate(rule.name.clone())),
                Truth::Held => self.act(rule, &situation),
            };
            observer.matched(rule, truth, &outcome, &struck);
            match rule.mode {
                Mode::Shadow => shadow.push(Shadow { rule: rule.name.clone(), outcome, reason }),
                Mode::Enforce => {
                    let level = situation.level_name.clone();
                    return Decision { outcome, reason, level, redacted, struck, shadow };
                }
            }
        }
        let (outcome, level) = (refusal(NO_RULE), situation.level_name.clone());
        Decision { outcome, reason: Reason::NoRule, level, redacted: None, struck: Vec::new(), shadow }
    }

    /// What a rule that matches does.
    fn act(&self, rule: &Rule, situation: &Situation<'_>) -> Act {
        let (selection, redaction) = match &rule.action {
            Action::Deny(denial) => {
                return Act::new(Outcome::Deny(denial.clone()), Reason::Rule(rule.name.clone()));
            }
            Action::Route(selection) => (selection, None),
            Action::Redact(redaction) => (&redaction.selection, Some(redaction)),
        };
        let residual = redaction.and_then(|redaction| Some((redaction, self.residual(redaction, situation.facts)?)));
        let redacting = residual
            .as_ref()
            .map(|(redaction, residual)| Redacting { redaction, situation: self.situation(&residual.facts) });
        let (candidates, struck) = self.select(rule, selection, situation, redacting);
        if candidates.is_empty() {
            let level = situation.level_name;
            let message = format!("the policy allows no model for this request, which is {level}");
            return Act { struck, ..Act::new(refusal(&message), Reason::NoCandidate(rule.name.clone())) };
        }
        let used = residual.filter(|_| candidates.iter().any(|candidate| candidate.redacted));
        let redacted = used.map(|(_, Residual { facts, replaced })| Redacted { replaced, level: facts.level });
        Act { redacted, struck, ..Act::new(Outcome::Route(candidates), Reason::Rule(rule.name.clone())) }
    }

    /// The facts with the level that counts: the highest for what could not be read, and for a level that is not known.
    pub(crate) fn situation<'f>(&'f self, facts: &'f Facts) -> Situation<'f> {
        let level = self.levels.find(&facts.level);
        if facts.unreadable.is_some() || level.is_none() {
            let level = facts.unreadable.map(|_| self.levels.highest());
            return Situation { facts, level, level_name: self.level_name(self.levels.highest()) };
        }
        Situation { facts, level, level_name: &facts.level }
    }
}

/// What a rule does, and why.
struct Act {
    outcome: Outcome,
    reason: Reason,
    struck: Vec<Struck>,
    redacted: Option<Redacted>,
}

impl Act {
    fn new(outcome: Outcome, reason: Reason) -> Self {
        Self { outcome, reason, struck: Vec::new(), redacted: None }
    }
}

const NO_RULE: &str = "no rule of the policy allows this request";
const INDETERMINATE: &str = "the policy cannot tell whether it allows this request";
/// The status of what no rule lets through.
pub(crate) const FORBIDDEN: u16 = 403;

fn refusal(message: &str) -> Outcome {
    Outcome::Deny(Denial { status: FORBIDDEN, message: Name::written(message) })
}

/// Whether all of these are so.
fn holds(predicates: &[Predicate], situation: &Situation<'_>, observer: &mut impl Observe) -> Truth {
    let mut all = Truth::Held;
    for predicate in predicates {
        let truth = predicate.test(situation);
        observer.tested(predicate, truth, situation);
        all = all.and(truth);
        if all == Truth::Failed && !observer.wants_all() {
            break;
        }
    }
    all
}

// === what the facts of a request are made of ===

impl Policy {
    /// The policy's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The policy's version, if its author counts.
    pub fn version(&self) -> Option<&Name> {
        self.version.as_ref()
    }

    /// The SHA-256 of the policy's canonical form, in hexadecimal.
    pub fn digest(&self) -> &Name {
        &self.digest
    }

    /// The scale of levels.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The name of a level; of one off the scale, the highest one's.
    pub fn level_name(&self, level: Level) -> &Name {
        static NONE: std::sync::LazyLock<Name> = std::sync::LazyLock::new(Name::default);
        self.level_names.get(usize::from(level.0)).or(self.level_names.last()).unwrap_or(&NONE)
    }

    /// The detectors that a request is searched with.
    pub fn detectors(&self) -> &Detectors {
        &self.detectors
    }

    /// The name and the label of a detector.
    pub fn detector_name(&self, detector: DetectorIndex) -> Option<(&Name, &Name)> {
        self.detector_names.get(usize::from(detector.0)).map(|(name, label)| (name, label))
    }

    /// The providers and models.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The names of the aliases.
    pub fn aliases(&self) -> impl Iterator<Item = &Name> {
        self.aliases.iter().map(|alias| &alias.name)
    }

    /// The rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Where it stands who the client is: the first of these that has a value.
    pub fn client_sources(&self) -> &[Source] {
        &self.client
    }

    /// Where it stands which team the client is in, likewise.
    pub fn team_sources(&self) -> &[Source] {
        &self.team
    }

    /// What the rules ask of headers and properties. The answers go into [`Facts::predicates`] by the signal's name.
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// How much of a decision the client is told.
    pub fn reveal(&self) -> Reveal {
        self.reveal
    }

    /// What happens to a request that the chosen provider's format cannot wholly express.
    pub fn translation(&self) -> Strictness {
        self.translation
    }

    /// How long a provider may take to begin a streamed answer, in milliseconds, where there is another to try.
    pub fn first_byte(&self) -> u64 {
        self.first_byte
    }

    /// The largest body that is read, in bytes, as it comes and once decoded.
    pub fn max_body(&self) -> u64 {
        self.max_body
    }

    /// What a client asks for when it names this model; `digest` is for what the policy does not know.
    pub fn asked(&self, model: &str, digest: impl FnOnce(&[u8]) -> Digest) -> Asked {
        if let Some(alias) = self.aliases.iter().find(|alias| alias.name == model) {
            return Asked::Alias(alias.name.clone());
        }
        match self.catalogue.find(model) {
            Some(model) => Asked::Known(model.name.clone()),
            None => Asked::Unknown(digest(model.as_bytes())),
        }
    }

    /// Who a client, or its team, is; `digest` is for a name that the policy does not know and that is no plain id.
    pub fn identity(&self, name: &[u8], digest: impl FnOnce(&[u8]) -> Digest) -> Identity {
        let text = str::from_utf8(name).ok();
        let known = text.and_then(|text| self.identities.get(text));
        match (known, text.and_then(|text| text.parse().ok())) {
            (Some(name), _) => Identity::Named(name.clone()),
            (None, Some(id)) => Identity::Id(id),
            (None, None) => Identity::Hidden(digest(name)),
        }
    }
}

#[cfg(test)]
mod tests;
