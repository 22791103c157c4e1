//! Whatever the rules and the facts, no candidate may see what it is not cleared for.

use proptest::prelude::*;

use super::*;
use crate::decision::Candidate;

fn names(names: &'static [&'static str]) -> impl Strategy<Value = Name> {
    proptest::sample::select(names).prop_map(name)
}

fn set<T: Ord + Clone + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = BTreeSet<T>> {
    proptest::collection::btree_set(proptest::sample::select(values), 0..=values.len())
}

prop_compose! {
    fn facts()(
        api in proptest::sample::select(&Api::ALL[..]),
        asked in prop_oneof![
            Just(Asked::None),
            Just(Asked::Unknown(Digest([3; 16]))),
            names(&["far", "near", "free", "mid", "unpriced", "c3", "gone"]).prop_map(Asked::Known),
            names(&["auto", "some", "cheap", "gone"]).prop_map(Asked::Alias),
        ],
        stream: bool,
        prompt_tokens in prop_oneof![0u64..20_000, any::<u64>()],
        output_tokens: Option<u64>,
        needs in set(&[Capability::Vision, Capability::Tools, Capability::Json, Capability::Audio]),
        opaque in set(&[Opaque::Image, Opaque::Audio, Opaque::File, Opaque::Reference, Opaque::Tokens]),
        unreadable in proptest::option::of(proptest::sample::select(&[Unreadable::MalformedJson, Unreadable::TooDeep][..])),
        level in names(&["public", "internal", "restricted", "cosmic"]),
        credential: bool,
    ) -> Facts {
        Facts {
            api, asked, stream, prompt_tokens, output_tokens, needs, opaque, unreadable, level,
            labels: credential.then(|| name("credential")).into_iter().collect(),
            ..Facts::new(api, Name::default())
        }
    }
}

fn condition() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "stream: true",
            "sensitivity: {at_least: internal}",
            "sensitivity: {below: restricted}",
            "opaque: [image, file]",
            "api: [chat, other]",
            "model: [far, auto]",
            "unreadable: false",
            "tokens: {below: 10000}",
            "header: {x-a: {present: true}}",
        ][..],
    )
}

fn action() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "{route: {}}",
            "{route: [$asked, far, near]}",
            "{route: {models: [$asked, some, unpriced, c3], prefer: cheapest}}",
            "{route: {prefer: local}}",
            "{route: {zone: [us, local]}}",
            "deny",
        ][..],
    )
}

/// Some rules; those that the compiler knows to be of no use are thrown out with their policy.
fn rules() -> impl Strategy<Value = String> {
    let rule = (proptest::bool::weighted(0.2), condition(), action());
    proptest::collection::vec(rule, 1..5).prop_map(|rules| {
        let mut document = String::from("  rules:\n");
        for (index, (shadow, condition, action)) in rules.into_iter().enumerate() {
            let mode = if shadow { "shadow" } else { "enforce" };
            document += &format!("  - {{name: r{index}, mode: {mode}, match: {{{condition}}}, action: {action}}}\n");
        }
        document + "  - {name: last, action: {route: {models: [$asked, mid, far, near, c3]}}}\n"
    })
}

fn check(policy: &Policy, facts: &Facts, candidate: &Candidate) -> Result<(), TestCaseError> {
    let highest = policy.levels().highest();
    let provider = policy.catalogue().providers().iter().find(|known| known.name == candidate.provider).unwrap();
    let level = policy.levels().find(&facts.level).filter(|_| facts.unreadable.is_none()).unwrap_or(highest);
    prop_assert!(provider.cleared >= level, "{} may not see {level:?}", provider.name);
    for kind in &facts.opaque {
        prop_assert!(provider.cleared == highest || provider.opaque.covers(*kind), "{}: {kind:?}", provider.name);
    }
    prop_assert!(provider.zone != "us" || !facts.labels.contains("credential"));
    prop_assert!(provider.format.serves(facts.api));
    prop_assert_eq!(candidate.model.is_some(), facts.api.takes_model());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_candidate_may_see_what_it_is_not_cleared_for(rules in rules(), all in proptest::collection::vec(facts(), 8)) {
        let document = format!("{}{rules}", include_str!("catalogue.yaml"));
        let Ok((policy, _)) = Policy::parse(document.as_bytes()) else { return Ok(()) };
        for facts in all {
            let decision = policy.decide(&facts);
            prop_assert_eq!(&policy.explain(&facts).decision, &decision);
            let shadows = decision.shadow.iter().map(|shadow| &shadow.outcome);
            for outcome in shadows.chain([&decision.outcome]) {
                if let Outcome::Route(candidates) = outcome {
                    prop_assert!(!candidates.is_empty());
                    candidates.iter().try_for_each(|candidate| check(&policy, &facts, candidate))?;
                }
            }
        }
    }

    /// What the compiler says of rules that are of no use is certain: no request shows the contrary.
    #[test]
    fn a_rule_that_is_called_useless_is_useless(rules in rules(), all in proptest::collection::vec(facts(), 16)) {
        let (policy, problems) = unchecked(&format!("{}{rules}", include_str!("catalogue.yaml")));
        for problem in problems {
            let index: usize = problem.path.split(['[', ']']).nth(1).unwrap().parse().unwrap();
            let rule = &policy.rules[index].name;
            for facts in &all {
                let decision = policy.decide(facts);
                let decides = decision.rule() == Some(rule);
                let routes = !decision.candidates().is_empty();
                let useless = if problem.message.contains("candidate") { !(decides && routes) } else { !decides };
                prop_assert!(useless, "{problem}: {decision:?}");
            }
        }
    }
}

/// A policy with the useless rules that it would be refused for.
fn unchecked(document: &str) -> (Policy, Vec<Problem>) {
    let document = crate::config::read(document.as_bytes()).unwrap();
    let mut report = crate::compile::Report::new("", document.problems, document.broken);
    let policy = crate::compile::compile(document.config, &document.node, &mut report).unwrap();
    (policy, report.finish(None::<()>).unwrap_err())
}
