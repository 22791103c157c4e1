//! What policies name, and so can tell apart.

use std::collections::BTreeSet;

use crate::{
    facts::Name,
    policy::Policy,
    rule::{Predicate, SetTest, Signal},
};

/// Everything that some policies name.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) clients: BTreeSet<Name>,
    pub(super) teams: BTreeSet<Name>,
    /// What a client may call a model or an alias.
    pub(super) models: BTreeSet<Name>,
    /// The numbers of tokens from which on something is different; 0 among them.
    pub(super) tokens: BTreeSet<u64>,
    /// The times from which on prices hold; 0 among them.
    pub(super) times: BTreeSet<u64>,
    pub(super) labels: BTreeSet<Name>,
    pub(super) detectors: BTreeSet<Name>,
    /// What rules replace: each set of detectors once.
    pub(super) redactions: BTreeSet<BTreeSet<Name>>,
    /// Each once.
    pub(super) signals: Vec<Signal>,
}

// === impl Named ===

impl Named {
    /// What these policies name.
    pub(super) fn by(policies: &[&Policy]) -> Self {
        let mut named = Self { tokens: BTreeSet::from([0]), times: BTreeSet::from([0]), ..Self::default() };
        policies.iter().for_each(|policy| named.add(policy));
        named
    }

    fn add(&mut self, policy: &Policy) {
        for model in policy.catalogue().models() {
            self.models.extend([model.name.clone(), model.id.clone()]);
            self.tokens.extend(model.context.and_then(|context| context.checked_add(1)));
            for (from, price) in &model.prices.0 {
                self.times.insert(*from);
                self.tokens.extend(price.above.iter().filter_map(|(above, _)| above.checked_add(1)));
            }
        }
        self.models.extend(policy.aliases().cloned());
        for signal in policy.signals() {
            if !self.signals.contains(signal) {
                self.signals.push(signal.clone());
            }
        }
        let redactions = policy.rules().iter().filter_map(|rule| rule.action.redaction());
        self.redactions.extend(redactions.map(|redaction| redaction.detectors.clone()));
        let rules = policy.rules().iter().flat_map(|rule| &rule.predicates);
        let invariants = policy.invariants.iter().flat_map(|invariant| &invariant.predicates);
        rules.chain(invariants).for_each(|predicate| self.ask(predicate));
    }

    fn ask(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::Labels(test) => self.labels.extend(names(test).iter().cloned()),
            Predicate::Detectors(test) => self.detectors.extend(names(test).iter().cloned()),
            Predicate::Client(names) => self.clients.extend(names.iter().cloned()),
            Predicate::Team(names) => self.teams.extend(names.iter().cloned()),
            Predicate::Tokens(from, below) => {
                self.tokens.insert(*from);
                self.tokens.extend(below);
            }
            Predicate::Level(_)
            | Predicate::Api(_)
            | Predicate::Model(_)
            | Predicate::Needs(_)
            | Predicate::Opaque(_)
            | Predicate::Stream(_)
            | Predicate::Unreadable(_)
            | Predicate::Signal(_) => {}
        }
    }
}

fn names(test: &SetTest) -> &BTreeSet<Name> {
    let (SetTest::Any(names) | SetTest::All(names) | SetTest::None(names)) = test;
    names
}
