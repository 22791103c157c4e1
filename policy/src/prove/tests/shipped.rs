//! What is proved of the policy that is shipped.

use super::*;

const SHIPPED: &str = include_str!("../../../../envoy/policy.yaml");

fn shipped(edit: (&str, &str)) -> Policy {
    assert!(SHIPPED.contains(edit.0));
    compiled(&SHIPPED.replacen(edit.0, edit.1, 1))
}

fn held(first: &Policy, second: &Policy, relation: Relation) -> Held {
    compare((first, Who::default()), (second, Who::default()), relation).unwrap().holds
}

#[test]
fn each_change_of_the_shipped_policy_is_told_from_it() {
    let policy = shipped(("", ""));
    assert_eq!(held(&policy, &policy, Relation::Same), Held::Yes);
    let own = compare((&policy, Who::team("a")), (&policy, Who::team("b")), Relation::Within).unwrap();
    assert_eq!(own.holds, Held::Yes);
    let same = |from: &str, to: &str| {
        let other = shipped((from, to));
        [(&policy, &other, Relation::Same), (&policy, &other, Relation::Within), (&other, &policy, Relation::Within)]
            .map(|(first, second, relation)| held(first, second, relation) == Held::Yes)
    };
    // Many addresses are confidential, and leave as placeholders once the rule before leaves them alone.
    let kept = "sensitivity: {at_least: confidential}}\n      action";
    assert_eq!(same(kept, "sensitivity: {at_least: restricted}}\n      action"), [false, true, false]);
    assert_eq!(same("redact: {detectors: [email],", "redact: {detectors: [email], raw_in: local,"), [true; 3]);
    assert_eq!(same("redact: {detectors: [email],", "redact: {detectors: [email], raw_in: [],"), [false, false, true]);
    assert_eq!(same("redact: {detectors: [email],", "redact: {labels: [pii, contact],"), [false, false, true]);
    let route = "route: {models: [$asked, claude-sonnet, llama3.1]}}";
    assert_eq!(same(&format!("redact: {{detectors: [email], {route}}}"), route), [false, true, false]);
    assert_eq!(same("    - {name: residency,", "    - {name: other,"), [true; 3]);
}

#[test]
fn a_redaction_of_everything_is_proved_too() {
    let policy = shipped(("redact: {detectors: [email],", "redact: {"));
    let other = shipped(("redact: {detectors: [email],", "redact: {labels: [pii, marking, finance],"));
    let proof = policy.prove();
    assert!(proof.invariants.iter().all(|proof| proof.verdict != Verdict::Undecided));
    assert!(proof.rules.iter().all(|proof| proof.never != Never::Undecided));
    assert_eq!(held(&policy, &policy, Relation::Same), Held::Yes);
    assert_eq!(held(&policy, &other, Relation::Same), Held::No);
}

#[cfg(feature = "cases")]
#[test]
fn no_change_of_the_shipped_policy_is_left_undecided() {
    let policy = shipped(("", ""));
    for mutant in crate::case::mutants(&policy) {
        let compared = compare((&policy, Who::default()), (&mutant.policy, Who::default()), Relation::Same).unwrap();
        assert_ne!(compared.holds, Held::Undecided, "{}", mutant.change);
    }
}
