//! What is proved, against requests made up at random: they can refute it, and never do.

use proptest::prelude::*;

use super::*;
use crate::{
    detect::Confidence,
    facts::{Asked, Capability, Identity, Opaque, Tally, Unreadable},
    rule::Invariant,
};

pub(super) fn name(text: &str) -> Name {
    Name::written(text)
}

fn names(names: &'static [&'static str]) -> impl Strategy<Value = Name> {
    proptest::sample::select(names).prop_map(name)
}

/// What a detector finds: nothing, something weak, or something sure.
fn found() -> impl Strategy<Value = Option<Confidence>> {
    proptest::sample::select(&[None, Some(Confidence::Weak), Some(Confidence::Pattern)][..])
}

pub(super) fn team() -> impl Strategy<Value = Option<Identity>> {
    proptest::option::of(names(&["blue", "red", "green"]).prop_map(Identity::Named))
}

prop_compose! {
    /// A request as it can be: labels and level follow from what the detectors find, answers from a header's value.
    pub(super) fn facts()(
        api in proptest::sample::select(&Api::DECIDED[..]),
        asked in prop_oneof![
            Just(Asked::None),
            names(&["far", "near", "free", "mid", "unpriced", "c3"]).prop_map(Asked::Known),
            names(&["auto", "some", "cheap"]).prop_map(Asked::Alias),
        ],
        team in team(),
        stream: bool,
        prompt_tokens in proptest::sample::select(&[0, 99, 100, 7999, 8000, 8001, 9000, 200_000][..]),
        output_tokens in proptest::sample::select(&[None, Some(1), Some(150), Some(8000), Some(130_000)][..]),
        needs in proptest::collection::btree_set(proptest::sample::select(&Capability::ALL[..]), 0..2),
        opaque in proptest::collection::btree_set(proptest::sample::select(&[Opaque::Image, Opaque::Audio, Opaque::File][..]), 0..2),
        unreadable in proptest::option::weighted(0.2, Just(Unreadable::TooDeep)),
        badge in found(),
        key in found(),
        header in proptest::sample::select(&[None, Some("a"), Some("ab"), Some("c")][..]),
    ) -> (Facts, Option<&'static str>) {
        let mut facts = Facts { asked, team, stream, prompt_tokens, output_tokens, needs, opaque, unreadable, ..Facts::new(api, name("public")) };
        for (detector, label, level, confidence) in [("badge", "pii", "internal", badge), ("key", "credential", "restricted", key)] {
            let Some(confidence) = confidence else { continue };
            facts.detectors.insert(name(detector), Tally::new(1, confidence));
            if confidence > Confidence::Weak {
                facts.labels.insert(name(label));
                facts.level = name(level);
            }
        }
        (facts, header)
    }
}

pub(super) fn condition() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "stream: true",
            "sensitivity: {at_least: internal}",
            "sensitivity: {is: restricted}",
            "labels: {any: [pii, credential]}",
            "labels: {none: [credential]}",
            "labels: {all: [pii, credential]}",
            "detectors: {any: [badge]}",
            "opaque: [image, file]",
            "api: [chat, count-tokens, other]",
            "model: [far, auto]",
            "team: [blue]",
            "team: [blue, red]",
            "unreadable: false",
            "needs: [vision, audio]",
            "tokens: {below: 8000}",
            "tokens: {at_least: 100}",
            "header: {x-a: {prefix: a}}",
            "header: {x-a: {equals: ab}}",
        ][..],
    )
}

pub(super) fn action() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "{route: {}}",
            "{route: [$asked, far, near]}",
            "{route: [near, far]}",
            "{route: {models: [$asked, some, unpriced, c3], prefer: cheapest}}",
            "{route: {prefer: local}}",
            "{route: {zone: [us, local]}}",
            "{route: {provider: eu, can: tools}}",
            "deny",
            "{deny: {status: 404}}",
        ][..],
    )
}

pub(super) fn invariant() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "labels: {any: pii}, zone: eu",
            "labels: {any: pii}, api: chat, provider: [eu, far]",
            "sensitivity: {at_least: internal}, zone: [us, eu]",
            "opaque: image, zone: us",
            "team: blue, model: [mid]",
            "unreadable: true, zone: us",
        ][..],
    )
}

fn rules() -> impl Strategy<Value = String> {
    rules_of(condition(), action())
}

/// Rules and invariants. Of conditions that ask the same thing the first is left.
pub(super) fn rules_of(
    condition: impl Strategy<Value = &'static str>,
    action: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = String> {
    let conditions = proptest::collection::vec(condition, 0..3);
    let rule = (proptest::bool::weighted(0.2), conditions, action);
    let invariants = proptest::collection::vec(invariant(), 0..3);
    (proptest::collection::vec(rule, 1..6), invariants).prop_map(|(rules, invariants)| {
        let mut document = String::new();
        for (index, invariant) in invariants.into_iter().enumerate() {
            document += &format!("    - {{name: i{index}, never: {{{invariant}}}}}\n");
        }
        document += "  rules:\n";
        for (index, (shadow, mut conditions, action)) in rules.into_iter().enumerate() {
            let mode = if shadow { "shadow" } else { "enforce" };
            conditions.sort_by_key(|condition| condition.split(':').next());
            conditions.dedup_by_key(|condition| condition.split(':').next());
            let conditions = conditions.join(", ");
            document += &format!("  - {{name: r{index}, mode: {mode}, match: {{{conditions}}}, action: {action}}}\n");
        }
        document
    })
}

/// The facts as a policy is told them.
pub(super) fn told(policy: &Policy, (facts, header): &(Facts, Option<&'static str>)) -> Facts {
    let answers = policy.signals().iter().map(|signal| (signal.name.clone(), signal.test(header.map(str::as_bytes))));
    Facts { predicates: answers.collect(), ..facts.clone() }
}

/// A policy, and the team whose requests it is asked about, if it is one's.
type Asker<'p> = (&'p Policy, Option<&'static str>);

/// That what comparing two policies comes to is refuted by none of these requests.
pub(super) fn stands<'p>(
    first: Asker<'p>,
    second: Asker<'p>,
    relation: Relation,
    all: &[(Facts, Option<&'static str>)],
) -> Result<(), TestCaseError> {
    let [one, other] = [first, second].map(|(policy, team)| (policy, team.map(Who::team).unwrap_or_default()));
    let compared = compare(one, other, relation).unwrap();
    prop_assert!(compared.holds != Held::Undecided);
    for facts in all {
        let [mine, others] = [first, second].map(|(policy, team)| {
            let told = told(policy, facts);
            let team = team.map(|team| Identity::Named(name(team))).or_else(|| told.team.clone());
            policy.decide(&Facts { team, ..told })
        });
        let differs = differ(&mine, &others, relation);
        prop_assert!(!differs || compared.holds == Held::No, "{relation:?} {facts:?}\n{mine:?}\n{others:?}");
    }
    Ok(())
}

/// What is said of a rule, if a request shows that it is not so.
pub(super) fn refuted<'p>(proof: &'p Proof, policy: &Policy, facts: &Facts) -> Option<&'p RuleProof> {
    let trace = policy.explain(facts);
    proof.rules.iter().find(|useless| {
        let asked = trace.rules.iter().find(|rule| rule.name == useless.rule);
        let matched = asked.is_some_and(|rule| rule.matched == crate::rule::Truth::Held);
        let routed = asked.and_then(|rule| rule.outcome.as_ref()).is_some_and(|outcome| outcome.name() == "route");
        match useless.never {
            Never::Matches => matched,
            Never::Routes => routed,
            Never::Undecided => true,
        }
    })
}

/// Whether an invariant speaks of a candidate and of these facts.
pub(super) fn breaks(policy: &Policy, invariant: &Invariant, facts: &Facts, candidate: &Candidate) -> bool {
    let provider = policy.catalogue().providers().iter().position(|known| known.name == candidate.provider).unwrap();
    let model = candidate.model.as_ref();
    let model =
        model.map(|model| policy.catalogue().models().iter().position(|known| known.name == model.name).unwrap());
    let speaks =
        |predicate: &crate::rule::Predicate| predicate.test(&policy.situation(facts)) == crate::rule::Truth::Held;
    invariant.covers(provider, &candidate.zone, model) && invariant.predicates.iter().all(speaks)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_refutes_a_proof(rules in rules(), all in proptest::collection::vec(facts(), 60)) {
        let policy = policy(&rules);
        let proof = policy.prove();
        let mut unlocked = policy.clone();
        unlocked.invariants.clear();
        for facts in all.iter().map(|facts| told(&policy, facts)) {
            let decision = policy.decide(&facts);
            prop_assert_eq!(refuted(&proof, &policy, &facts), None);
            prop_assert!(proof.undecided.is_some() || decision.rule().is_some());
            for (invariant, proof) in policy.invariants.iter().zip(&proof.invariants) {
                prop_assert!(proof.verdict != Verdict::Undecided);
                let candidates = unlocked.decide(&facts);
                let broken = candidates.candidates().iter().any(|candidate| breaks(&policy, invariant, &facts, candidate));
                prop_assert!(!broken || proof.verdict == Verdict::Strikes, "{proof:?}: {facts:?}");
            }
        }
    }

    #[test]
    fn no_request_refutes_that_two_policies_are_the_same(
        first in rules(),
        second in rules(),
        swap: proptest::sample::Index,
        all in proptest::collection::vec(facts(), 60),
    ) {
        // Mostly the second is the first with two lines swapped: policies that are nearly the same.
        let first = policy(&first);
        let mut second = policy(&second);
        if swap.index(4) > 0 {
            second = first.clone();
            let at = swap.index(second.rules.len());
            let last = second.rules.len() - 1;
            second.rules.swap(at, last);
        }
        for relation in [Relation::Same, Relation::Within] {
            stands((&first, None), (&second, None), relation, &all)?;
        }
    }

    #[test]
    fn no_request_refutes_what_one_team_may(rules in rules(), all in proptest::collection::vec(facts(), 60)) {
        let policy = policy(&rules);
        stands((&policy, Some("blue")), (&policy, Some("red")), Relation::Within, &all)?;
    }
}
