//! What is proved of policies that replace what they find, against requests made up at random.

use proptest::prelude::*;

use super::{
    property::{action, breaks, condition, facts, name, refuted, rules_of, stands, told},
    *,
};
use crate::{decision::Decision, detect::Confidence, facts::Tally, level::Level, rule::Action};

/// What each detector gives and raises a request to, and what many findings of it raise it to.
const DETECTORS: [(&str, &str, &str, Option<&str>); 6] = [
    ("badge", "pii", "internal", None),
    ("key", "credential", "restricted", None),
    ("mail", "pii", "public", None),
    // These three are alike in all that matters, unless a policy names one.
    ("plan", "marking", "internal", Some("restricted")),
    ("draft", "marking", "internal", Some("restricted")),
    ("memo", "marking", "internal", Some("restricted")),
];

/// A policy whose detectors are these.
fn redacting(rules: &str) -> Policy {
    let key = "      - {id: key, label: credential, level: restricted, terms: [key]}\n";
    let (before, after) = CATALOGUE.split_once(key).unwrap();
    let mut document = format!("{before}{key}");
    for (id, label, level, many) in &DETECTORS[2..] {
        let bulk = many.map(|many| format!(", bulk: {{distinct: 5, level: {many}}}")).unwrap_or_default();
        document += &format!("      - {{id: {id}, label: {label}, level: {level}, terms: [{id}]{bulk}}}\n");
    }
    compiled(&format!("{document}{after}{rules}"))
}

/// What a detector finds: nothing, something weak, something, or many things; and whether it can be replaced.
fn found() -> impl Strategy<Value = Option<(Confidence, bool, bool)>> {
    let sure = (any::<bool>(), any::<bool>()).prop_map(|(many, placed)| Some((Confidence::Pattern, many, placed)));
    prop_oneof![4 => Just(None), 1 => Just(Some((Confidence::Weak, false, true))), 4 => sure]
}

/// A request as it can be, with what these detectors find in it.
fn requests() -> impl Strategy<Value = (Facts, Option<&'static str>)> {
    let found = proptest::collection::vec(found(), DETECTORS.len());
    (facts(), found).prop_map(|((facts, header), found)| (finding(facts, &found), header))
}

/// These facts, had the detectors found this.
fn finding(facts: Facts, found: &[Option<(Confidence, bool, bool)>]) -> Facts {
    let levels = ["public", "internal", "restricted"];
    let place = |level: &Name| levels.iter().position(|known| *level == *known);
    let mut facts = Facts { level: name("public"), labels: [].into(), detectors: [].into(), ..facts };
    for ((id, label, level, many), found) in DETECTORS.iter().zip(found) {
        let Some((confidence, is_many, placed)) = *found else { continue };
        let count = if is_many { 7 } else { 2 };
        let mut tally = Tally { placed: Some(placed), ..Tally::new(count, confidence) };
        if tally.is_sure() {
            let level = name(many.filter(|_| is_many).unwrap_or(level));
            facts.labels.insert(name(label));
            facts.level = if place(&level) > place(&facts.level) { level.clone() } else { facts.level };
            tally.level = Some(level);
        }
        facts.detectors.insert(name(id), tally);
    }
    facts
}

fn redaction() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "{redact: {route: {}}}",
            "{redact: {raw_in: [], route: [$asked, far, near, c3]}}",
            "{redact: {labels: pii, route: [$asked, far, mid, near]}}",
            "{redact: {labels: pii, raw_in: [eu, us], route: {models: [$asked, some, c3], prefer: cheapest}}}",
            "{redact: {labels: [marking], route: [mid, far, near]}}",
            "{redact: {detectors: [badge], raw_in: [], route: {zone: [us, local]}}}",
            "{redact: {detectors: [mail, key], raw_in: [eu, local], route: [mid, c3, far, near]}}",
            "{redact: {detectors: [mail, badge, plan], raw_in: eu, route: {provider: [eu, far], can: tools}}}",
        ][..],
    )
}

fn rules() -> impl Strategy<Value = String> {
    let more = proptest::sample::select(
        &[
            "labels: {any: [marking]}",
            "labels: {none: [pii, marking]}",
            "detectors: {any: [mail, plan]}",
            "detectors: {none: [draft]}",
            "sensitivity: {is: internal}",
            "sensitivity: {below: restricted}",
        ][..],
    );
    rules_of(prop_oneof![condition(), more], prop_oneof![1 => action(), 3 => redaction()])
}

/// Another policy: mostly the first with something changed.
fn other(first: &Policy, second: &Policy, (choice, at): (usize, &proptest::sample::Index)) -> Policy {
    let mut other = first.clone();
    let count = other.rules.len();
    let rule = &mut other.rules[at.index(count)];
    match choice {
        0 => return second.clone(),
        1 => rule.action = second.rules[at.index(second.rules.len())].action.clone(),
        2 => drop(other.rules.remove(at.index(count))),
        3 => other.rules.swap(at.index(count), count - 1),
        4 => drop(rule.predicates.pop()),
        5 => {
            let provider = &mut other.catalogue.providers[at.index(4)];
            provider.cleared = Level((provider.cleared.0 + 1) % 3);
        }
        6 => drop(other.invariants.remove(at.index(first.invariants.len()))),
        _ => match &mut rule.action {
            Action::Redact(redaction) => match choice {
                7 => drop(redaction.detectors.pop_last()),
                8 => drop(redaction.detectors.insert(name(DETECTORS[at.index(6)].0))),
                9 => drop(redaction.raw_in.pop()),
                10 => redaction.raw_in.push(name(["us", "eu", "local"][at.index(3)])),
                _ => rule.action = Action::Route(redaction.selection.clone()),
            },
            Action::Route(_) | Action::Deny(_) => {}
        },
    }
    other
}

#[test]
fn what_is_replaced_is_a_difference_although_the_candidates_are_the_same() {
    let gate = "  rules:\n  - {name: gate, match: {detectors: {none: badge}}, action: deny}\n";
    let replacing = |detectors: &str| {
        redacting(&format!("{gate}  - {{name: r, action: {{redact: {{detectors: {detectors}, route: [far]}}}}}}\n"))
    };
    let (more, less) = (replacing("[badge, mail]"), replacing("[badge]"));
    let holds = |first: &Policy, second: &Policy, relation| {
        let compared = compare((first, Who::default()), (second, Who::default()), relation).unwrap();
        compared.holds
    };
    assert_eq!(holds(&more, &less, Relation::Same), Held::No);
    assert_eq!(holds(&less, &more, Relation::Within), Held::No);
    assert_eq!(holds(&more, &less, Relation::Within), Held::Yes);
    let as_it_is = redacting(&format!("{gate}  - {{name: r, action: {{route: [far]}}}}\n"));
    assert_eq!(holds(&more, &as_it_is, Relation::Within), Held::No);
    // Where badges are only weak, mail goes as it is here, and replaced there.
    assert_eq!(holds(&as_it_is, &more, Relation::Within), Held::No);
}

#[test]
fn of_detectors_that_are_alike_one_may_be_replaced_while_another_stays() {
    let verdict = |lock: &str| {
        let policy = redacting(&format!(
            "    - {{name: asked, never: {{{lock}, zone: eu}}}}\n  rules:
  - {{name: gate, match: {{sensitivity: {{below: restricted}}}}, action: deny}}
  - {{name: r, action: {{redact: {{labels: marking, route: [mid]}}}}}}\n"
        ));
        policy.prove().invariants[1].verdict
    };
    // Many of one of them are replaced, which alone were restricted; one of another stays.
    assert_eq!(verdict("labels: {any: marking}"), Verdict::Strikes);
    assert_eq!(verdict("detectors: {all: [plan, draft]}"), Verdict::Strikes);
    assert_eq!(verdict("detectors: {all: [plan, draft, memo]}"), Verdict::Holds);
    assert_eq!(verdict("labels: {any: credential}"), Verdict::Holds);
    assert_eq!(verdict("sensitivity: {at_least: restricted}"), Verdict::Holds);
}

#[test]
fn a_rule_whose_answers_cannot_be_given_the_values_back_finds_no_candidate() {
    let useless = |api: &str| {
        let rule = format!("match: {{api: {api}, unreadable: false, sensitivity: {{at_least: internal}}}}");
        let policy = redacting(&format!("  rules: [{{name: r, {rule}, action: {{redact: {{route: [far]}}}}}}]\n"));
        policy.prove().rules.first().map(|rule| rule.never)
    };
    assert_eq!(useless("completions"), Some(Never::Routes));
    assert_eq!(useless("chat"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_refutes_a_proof_of_what_redacts(rules in rules(), all in proptest::collection::vec(requests(), 200)) {
        let policy = redacting(&rules);
        let proof = policy.prove();
        let mut unlocked = policy.clone();
        unlocked.invariants.clear();
        for facts in all.iter().map(|facts| told(&policy, facts)) {
            prop_assert_eq!(refuted(&proof, &policy, &facts), None);
            let decision = unlocked.decide(&facts);
            for (invariant, proof) in policy.invariants.iter().zip(&proof.invariants) {
                prop_assert!(proof.verdict != Verdict::Undecided);
                let broken = decision.candidates().iter().any(|candidate| {
                    breaks(&policy, invariant, &seen(&unlocked, &decision, &facts, candidate), candidate)
                });
                prop_assert!(!broken || proof.verdict == Verdict::Strikes, "{proof:?}: {facts:?}");
            }
        }
    }

    #[test]
    fn no_request_refutes_that_two_policies_replace_the_same(
        first in rules(),
        second in rules(),
        choice in 0..12_usize,
        at: proptest::sample::Index,
        all in proptest::collection::vec(requests(), 200),
    ) {
        let first = redacting(&first);
        let second = other(&first, &redacting(&second), (choice, &at));
        for relation in [Relation::Same, Relation::Within] {
            stands((&first, None), (&second, None), relation, &all)?;
        }
    }

    #[test]
    fn no_request_refutes_what_one_team_may_redacted(rules in rules(), all in proptest::collection::vec(requests(), 200)) {
        let policy = redacting(&rules);
        stands((&policy, Some("blue")), (&policy, Some("red")), Relation::Within, &all)?;
    }
}

/// The facts as a candidate sees them: with placeholders, what is replaced is gone, and its level and labels with it.
fn seen(policy: &Policy, decision: &Decision, facts: &Facts, candidate: &Candidate) -> Facts {
    let Some(redacted) = decision.redacted.as_ref().filter(|_| candidate.redacted) else { return facts.clone() };
    let mut seen = Facts { level: redacted.level.clone(), labels: [].into(), ..facts.clone() };
    seen.detectors.retain(|name, _| !redacted.replaced.contains_key(name));
    for (_, detector) in policy.detectors().iter() {
        if seen.detectors.get(&*detector.id).is_some_and(Tally::is_sure) {
            seen.labels.insert(name(&detector.label));
        }
    }
    seen
}
