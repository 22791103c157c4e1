use super::*;
use crate::{
    detect::Confidence,
    facts::{Asked, Name, Tally},
    request::Api,
};

const RULES: &str = "  rules:
  - {name: small, match: {tokens: {below: 100}, sensitivity: {below: restricted}}, action: {route: [mid]}}
  - {name: keys, match: {labels: {any: credential}}, action: deny}
  - {name: rest, action: {route: [$asked]}}
";

fn policy() -> Policy {
    let document = format!("{}{RULES}", include_str!("../policy/tests/catalogue.yaml"));
    Policy::parse(document.as_bytes()).unwrap().0
}

fn name(text: &str) -> Name {
    Name::written(text)
}

fn said<C: std::fmt::Display>(alternatives: &[Alternative<C>]) -> Vec<String> {
    let said = |alternative: &Alternative<C>| {
        let changes: Vec<_> = alternative.changes.iter().map(ToString::to_string).collect();
        format!("{}: {}", changes.join(" and "), alternative.reason)
    };
    alternatives.iter().map(said).collect()
}

#[test]
fn what_would_have_changed_a_refusal_is_told() {
    let mut facts =
        Facts { asked: Asked::Known(name("near")), prompt_tokens: 500, ..Facts::new(Api::Chat, name("restricted")) };
    facts.labels.insert(name("credential"));
    facts.detectors.insert(name("key"), Tally { count: 1, confidence: Confidence::Pattern, level: None, placed: None });
    let why = policy().why(&facts);
    assert_eq!(said(&why.facts), ["nothing labelled credential were in it: rule `rest`"]);
    assert_eq!(said(&why.policy), ["without rule `keys`: rule `rest`"]);
}

#[test]
fn where_no_single_change_is_enough_pairs_are_tried() {
    let mut facts =
        Facts { asked: Asked::Known(name("far")), prompt_tokens: 200_000, ..Facts::new(Api::Chat, name("internal")) };
    facts.labels.insert(name("pii"));
    facts
        .detectors
        .insert(name("badge"), Tally { count: 1, confidence: Confidence::Pattern, level: None, placed: None });
    let why = policy().why(&facts);
    let expected =
        ["it asked for free: rule `rest`", "it asked for mid: rule `rest`", "it asked for unpriced: rule `rest`"];
    let told = said(&why.facts);
    assert!(expected.iter().all(|one| told.contains(&(*one).to_string())), "{told:?}");
    let only_far = Facts { prompt_tokens: 200_000, needs: [crate::facts::Capability::Json].into(), ..facts };
    let told = said(&policy().why(&only_far).facts);
    assert!(told.iter().any(|one| one.contains(" and ")), "{told:?}");
}
