//! What was not recorded because the policy in force did not look for it.

use std::collections::BTreeSet;

use crate::{
    decision::Decision,
    detect::{Confidence, Detector},
    facts::{Asked, Facts, Identity, Name, Tally},
    policy::Policy,
    prove::{Relation, differ},
};

/// What a policy looks for and an earlier one did not.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// Detectors that only the later one has, or that it has otherwise: one for each label and level.
    finders: Vec<(Name, Name, Name)>,
    /// Models and aliases that only the later one knows.
    models: Vec<Asked>,
    /// Clients and teams that only the later one names.
    identities: Vec<Name>,
}

// === impl Unknown ===

impl Unknown {
    /// What `policy` looks for and `old` did not.
    pub(super) fn of(policy: &Policy, old: &Policy) -> Self {
        let known: BTreeSet<&str> = old
            .catalogue()
            .models()
            .iter()
            .map(|model| model.name.as_str())
            .chain(old.aliases().map(Name::as_str))
            .collect();
        let named = policy.catalogue().models().iter().map(|model| Asked::Known(model.name.clone()));
        let aliases = policy.aliases().map(|alias| Asked::Alias(alias.clone()));
        let models =
            named.chain(aliases).filter(|asked| asked.name().is_some_and(|name| !known.contains(name.as_str())));
        let identities = policy.identities.iter().filter(|name| !old.identities.contains(*name));
        Self { finders: finders(policy, old), models: models.collect(), identities: identities.cloned().collect() }
    }

    /// Whether the decision would be another if one of these were so.
    pub(super) fn matters(&self, policy: &Policy, facts: &Facts, decision: &Decision) -> bool {
        let other = |facts: Facts| differ(decision, &policy.decide(&facts), Relation::Same);
        let found = self.finders.iter().any(|finder| other(with(policy, facts, finder)));
        found
            || matches!(facts.asked, Asked::Unknown(_))
                && self.models.iter().any(|asked| other(Facts { asked: asked.clone(), ..facts.clone() }))
            || matches!(facts.client, Some(Identity::Hidden(_)))
                && self
                    .identities
                    .iter()
                    .any(|name| other(Facts { client: Some(Identity::Named(name.clone())), ..facts.clone() }))
            || matches!(facts.team, Some(Identity::Hidden(_)))
                && self
                    .identities
                    .iter()
                    .any(|name| other(Facts { team: Some(Identity::Named(name.clone())), ..facts.clone() }))
    }
}

fn finders(policy: &Policy, old: &Policy) -> Vec<(Name, Name, Name)> {
    let before = |detector: &Detector| old.detectors().find(&detector.id).and_then(|index| old.detectors().get(index));
    let is_new = |detector: &Detector| {
        before(detector)
            .is_none_or(|old| old.label != detector.label || old.level != detector.level || old.bulk != detector.bulk)
    };
    let asked: BTreeSet<&Name> =
        policy.rules().iter().flat_map(|rule| &rule.predicates).filter_map(detectors_asked).flatten().collect();
    let mut finders: Vec<(Name, Name, Name)> = Vec::new();
    for (index, detector) in policy.detectors().iter().filter(|(_, detector)| is_new(detector)) {
        let Some((name, label)) = policy.detector_name(index) else { continue };
        let levels = [Some(detector.level), detector.bulk.map(|bulk| bulk.level)];
        for level in levels.into_iter().flatten().map(|level| policy.level_name(level)) {
            let alike = finders.iter().any(|(_, known, other)| known == label && other == level);
            if !alike || asked.contains(name) {
                finders.push((name.clone(), label.clone(), level.clone()));
            }
        }
    }
    finders
}

fn detectors_asked(predicate: &crate::rule::Predicate) -> Option<&BTreeSet<Name>> {
    use crate::rule::{Predicate, SetTest};
    match predicate {
        Predicate::Detectors(SetTest::Any(names) | SetTest::All(names) | SetTest::None(names)) => Some(names),
        _ => None,
    }
}

/// The facts, had this detector found something.
fn with(policy: &Policy, facts: &Facts, (detector, label, level): &(Name, Name, Name)) -> Facts {
    let mut facts = facts.clone();
    let found = Tally { count: 1, confidence: Confidence::Pattern, level: Some(level.clone()), placed: None };
    facts.detectors.entry(detector.clone()).or_insert(found);
    facts.labels.insert(label.clone());
    if policy.levels().find(&facts.level) < policy.levels().find(level) {
        facts.level = level.clone();
    }
    facts
}
