//! The packs are complete: each detector can be named, shown, explained and tried.

use super::super::{DetectorConfig, pack, packs, validate};
use crate::level::Levels;
use std::collections::{HashMap, HashSet};

fn all() -> Vec<(&'static str, DetectorConfig)> {
    packs().flat_map(|name| pack(name).expect("a pack is readable").into_iter().map(move |each| (name, each))).collect()
}

#[test]
fn the_packs_are_the_five_that_a_policy_names() {
    assert_eq!(packs().collect::<Vec<_>>(), ["finance", "health", "markings", "pii", "secrets"]);
}

#[test]
fn every_detector_says_what_it_is_and_how_it_is_tried() {
    let wrong: Vec<String> = all().iter().flat_map(|(pack, detector)| lacks(pack, detector)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn lacks(pack: &str, detector: &DetectorConfig) -> Vec<String> {
    let DetectorConfig { id, name, label, level, matches, ignores, validate, bulk, .. } = detector;
    let levels = Levels::default();
    let known = |level: &String| levels.find(level).is_some();
    let checks = [
        ("no name", name.as_ref().is_some_and(|name| !name.is_empty() && name != id)),
        ("no label", label.as_ref().is_some_and(|label| !label.is_empty())),
        ("no known level", level.as_ref().is_some_and(known)),
        ("no example to match", matches.as_ref().is_some_and(|texts| !texts.is_empty())),
        ("no example to ignore", ignores.as_ref().is_some_and(|texts| !texts.is_empty())),
        ("an unknown validator", validate.as_ref().is_none_or(|name| validate::find(name).is_some())),
        ("an unknown level for many", bulk.as_ref().is_none_or(|bulk| known(&bulk.level))),
    ];
    checks.iter().filter(|(_, holds)| !holds).map(|(what, _)| format!("{pack}: `{id}` has {what}")).collect()
}

#[test]
fn no_two_detectors_share_an_id_or_a_name() {
    let (mut ids, mut names) = (HashSet::new(), HashMap::new());
    for (pack, detector) in all() {
        assert!(ids.insert(detector.id.clone()), "{pack}: `{}` stands twice", detector.id);
        let first = names.insert(detector.name.clone(), detector.id.clone());
        assert_eq!(first, None, "{pack}: `{}` has the name of another", detector.id);
    }
    assert!(ids.len() >= 600, "{} detectors", ids.len());
}

#[test]
fn credentials_are_at_least_confidential_and_a_single_contact_is_not() {
    let levels = Levels::default();
    let confidential = levels.find("confidential");
    for (pack, detector) in all() {
        let level = detector.level.as_ref().and_then(|level| levels.find(level));
        match detector.label.as_deref() {
            Some("credential") => assert!(level >= confidential, "{pack}: `{}`", detector.id),
            Some("contact") => assert!(level < confidential, "{pack}: `{}`", detector.id),
            _ => {}
        }
    }
}
