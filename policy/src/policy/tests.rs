mod property;

use super::*;
use crate::{
    detect::Confidence,
    facts::{Capability, Opaque, Tally, Unreadable},
    request::Api,
};

/// A policy with these rules (and what may follow them), over a catalogue that has something of everything.
fn policy(rules: &str) -> Policy {
    let document = format!("{}{rules}", include_str!("tests/catalogue.yaml"));
    match Policy::parse(document.as_bytes()) {
        Ok((policy, _)) => policy,
        Err(problems) => panic!("{rules}\n{problems:#?}"),
    }
}

fn name(text: &str) -> Name {
    Name::written(text)
}

/// A chat that asks for a model and holds nothing of note.
fn chat(policy: &Policy, model: &str) -> Facts {
    let asked = policy.asked(model, |_| Digest([7; 16]));
    Facts { asked, prompt_tokens: 1000, ..Facts::new(Api::Chat, name("public")) }
}

/// What happens, in short: the candidates, or why there is none.
fn short(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Deny(_) => decision.to_string(),
        Outcome::Route(candidates) => {
            let named = candidates.iter().map(|candidate| match &candidate.model {
                Some(model) => model.name.to_string(),
                None => format!("@{}", candidate.provider),
            });
            named.collect::<Vec<_>>().join(" ")
        }
    }
}

/// The decision, once decide and explain were seen to agree on it.
fn decided(policy: &Policy, facts: &Facts) -> Decision {
    let decision = policy.decide(facts);
    assert_eq!(policy.explain(facts).decision, decision);
    decision
}

/// Something that a detector found, at the level that it raises a request to.
fn found(level: &str, placed: Option<bool>) -> Tally {
    Tally { level: Some(name(level)), placed, ..Tally::new(2, Confidence::Pattern) }
}

#[test]
fn what_is_replaced_does_not_count_and_what_stays_does() {
    let redacting = |more: &str| {
        policy(&format!("  rules: [{{name: r, action: {{redact: {{labels: pii{more}, route: [far, near]}}}}}}]\n"))
    };
    let policy = redacting("");
    let badge = |placed| Facts {
        level: name("internal"),
        labels: [name("pii")].into(),
        detectors: [(name("badge"), found("internal", placed))].into(),
        ..chat(&policy, "far")
    };
    let both = Facts {
        level: name("restricted"),
        labels: [name("pii"), name("credential")].into(),
        detectors: [(name("badge"), found("internal", Some(true))), (name("key"), found("restricted", None))].into(),
        ..badge(None)
    };
    let unreadable = Facts { unreadable: Some(Unreadable::MalformedJson), ..badge(None) };
    let weak = Facts {
        detectors: [(name("badge"), Tally::new(1, Confidence::Weak))].into(),
        level: name("public"),
        ..badge(None)
    };
    for (facts, expected, redacted) in [
        (badge(Some(true)), "far near", Some("public")),
        (badge(Some(false)), "near", None),
        (both, "near", None),
        (unreadable, "near", None),
        (weak, "far near", None),
    ] {
        let decision = decided(&policy, &facts);
        assert_eq!(short(&decision), expected, "{facts:?}");
        assert_eq!(decision.redacted.map(|redacted| redacted.level.to_string()).as_deref(), redacted, "{facts:?}");
    }
    // The own machines get it as it is.
    let decision = decided(&policy, &badge(Some(true)));
    assert_eq!(decision.candidates().iter().map(|one| one.redacted).collect::<Vec<_>>(), [true, false]);
    assert_eq!((decision.level.as_str(), decision.counted().as_str()), ("internal", "public"));
    let everywhere = decided(&redacting(", raw_in: []"), &badge(Some(true)));
    assert!(everywhere.candidates().iter().all(|candidate| candidate.redacted));
}

#[test]
fn where_findings_stand_must_be_known_before_they_can_be_replaced() {
    let policy = policy(
        "  rules:\n  - {name: s, mode: shadow, match: {labels: {any: credential}}, action: {redact: {route: [near]}}}\n  \
         - {name: r, match: {stream: false}, action: {redact: {detectors: badge, route: [far]}}}\n  \
         - {name: t, action: {redact: {route: [far]}}}\n",
    );
    let facts = Facts {
        level: name("restricted"),
        labels: [name("pii"), name("credential")].into(),
        detectors: [(name("badge"), found("internal", None)), (name("key"), found("restricted", None))].into(),
        ..chat(&policy, "far")
    };
    assert_eq!(policy.to_place(&facts), [name("badge"), name("key")].into());
    assert_eq!(policy.decide(&facts).reason, Reason::Indeterminate(name("r")));
    let public = Facts { labels: [name("pii")].into(), ..facts.clone() };
    assert_eq!(policy.to_place(&public), [name("badge")].into());
    let unreadable = Facts { unreadable: Some(Unreadable::TooDeep), ..facts };
    assert!(policy.to_place(&unreadable).is_empty());
}

#[test]
fn every_predicate_holds_for_what_it_asks_and_fails_for_the_rest() {
    type Change = fn(&mut Facts);
    let cases: Vec<(&str, Change, Change)> = vec![
        ("sensitivity: {at_least: internal}", |f| f.level = name("internal"), |_| ()),
        ("sensitivity: {below: internal}", |_| (), |f| f.level = name("internal")),
        ("sensitivity: {is: [public, restricted]}", |f| f.level = name("restricted"), |f| f.level = name("internal")),
        ("sensitivity: {is: restricted}", |f| f.unreadable = Some(Unreadable::MalformedJson), |_| ()),
        ("labels: {any: [pii, credential]}", |f| f.labels = [name("pii")].into(), |_| ()),
        (
            "labels: {all: [pii, credential]}",
            |f| f.labels.extend([name("pii"), name("credential")]),
            |f| f.labels = [name("pii")].into(),
        ),
        ("labels: {none: [pii]}", |f| f.labels = [name("credential")].into(), |f| f.labels = [name("pii")].into()),
        (
            "detectors: {any: [badge]}",
            |f| f.detectors = [(name("badge"), Tally::new(1, Confidence::Pattern))].into(),
            |_| (),
        ),
        (
            "client: [billing, ops]",
            |f| f.client = Some(Identity::Named(name("ops"))),
            |f| f.client = Some(Identity::Hidden(Digest([0; 16]))),
        ),
        ("client: billing", |f| f.client = Some(Identity::Named(name("billing"))), |_| ()),
        (
            "client: [00000000000000aa]",
            |f| f.client = Some(Identity::Id("00000000000000aa".parse().unwrap())),
            |f| f.client = Some(Identity::Id("00000000000000bb".parse().unwrap())),
        ),
        (
            "team: blue",
            |f| f.team = Some(Identity::Named(name("blue"))),
            |f| f.client = Some(Identity::Named(name("blue"))),
        ),
        ("api: [chat, messages]", |_| (), |f| f.api = Api::Embeddings),
        ("model: [near]", |f| f.asked = Asked::Known(name("near")), |_| ()),
        ("model: [auto]", |f| f.asked = Asked::Alias(name("auto")), |f| f.asked = Asked::Unknown(Digest([1; 16]))),
        ("needs: [vision, audio]", |f| f.needs = [Capability::Audio].into(), |f| f.needs = [Capability::Json].into()),
        ("opaque: image", |f| f.opaque = [Opaque::Image].into(), |f| f.opaque = [Opaque::File].into()),
        ("tokens: {at_least: 1000}", |_| (), |f| f.prompt_tokens = 999),
        ("tokens: {below: 1001}", |_| (), |f| f.prompt_tokens = 1001),
        ("stream: true", |f| f.stream = true, |_| ()),
        ("stream: false", |_| (), |f| f.stream = true),
        ("unreadable: true", |f| f.unreadable = Some(Unreadable::MalformedJson), |_| ()),
        ("unreadable: false", |_| (), |f| f.unreadable = Some(Unreadable::MalformedJson)),
        (
            "header: {X-Env: {equals: prod}}",
            |f| f.predicates = [(name("header x-env is \"prod\""), true)].into(),
            |f| f.predicates = [(name("header x-env is \"prod\""), false)].into(),
        ),
        (
            "property: {connection.mtls: {present: true}}",
            |f| f.predicates = [(name("property connection.mtls is present"), true)].into(),
            |f| f.predicates = [(name("property connection.mtls is present"), false)].into(),
        ),
    ];
    for (predicate, holding, failing) in cases {
        let policy = policy(&format!("  rules:\n  - {{name: r, match: {{{predicate}}}, action: deny}}\n"));
        for (change, expected) in [(holding, Reason::Rule(name("r"))), (failing, Reason::NoRule)] {
            let mut facts = chat(&policy, "far");
            change(&mut facts);
            assert_eq!(decided(&policy, &facts).reason, expected, "{predicate}");
        }
    }
}

#[test]
fn all_predicates_of_a_rule_must_hold_and_the_first_rule_decides() {
    let policy = policy(
        "  rules:
  - {name: both, match: {stream: true, tokens: {below: 10}}, action: {deny: {message: 'no', status: 429}}}
  - {name: stream, match: {stream: true}, action: {route: {models: [near]}}}
  - {name: rest, action: {route: {models: [far]}}}
",
    );
    let facts = chat(&policy, "far");
    assert_eq!(short(&decided(&policy, &facts)), "far");
    let streamed = Facts { stream: true, ..facts.clone() };
    assert_eq!(short(&decided(&policy, &streamed)), "near");
    let both = Facts { prompt_tokens: 9, ..streamed };
    assert_eq!(decided(&policy, &both).outcome, Outcome::Deny(Denial { status: 429, message: name("no") }));
}

#[test]
fn a_rule_in_shadow_mode_is_recorded_and_the_next_decides() {
    let policy = policy(
        "  rules:
  - {name: trial, mode: shadow, action: deny}
  - {name: miss, mode: shadow, match: {stream: true}, action: deny}
  - {name: real, action: {route: {models: [far]}}}
",
    );
    let decision = decided(&policy, &chat(&policy, "far"));
    assert_eq!(short(&decision), "far");
    let shadows: Vec<_> = decision.shadow.iter().map(|shadow| (shadow.rule.as_str(), shadow.outcome.name())).collect();
    assert_eq!(shadows, [("trial", "deny")]);
}

#[test]
fn no_rule_no_passage() {
    let policy = policy("");
    let decision = decided(&policy, &chat(&policy, "far"));
    assert_eq!((decision.reason, decision.outcome.name()), (Reason::NoRule, "deny"));
}

#[test]
fn a_fact_that_is_not_known_opens_no_way() {
    let policy =
        policy("  rules:\n  - {name: r, match: {header: {x-env: {equals: a}}}, action: {route: {models: [far]}}}\n");
    let decision = decided(&policy, &chat(&policy, "far"));
    assert_eq!((&decision.reason, decision.outcome.name()), (&Reason::Indeterminate(name("r")), "deny"));
    let unknown_level = Facts { level: name("cosmic"), ..chat(&policy, "far") };
    assert_eq!(decided(&policy, &unknown_level).level, "restricted");
}

#[test]
fn a_selection_says_which_models_and_in_which_order() {
    let cases = [
        ("{models: [far, near]}", "far", "far near"),
        ("{models: [near, $asked, near]}", "far", "near far"),
        ("{models: [$asked]}", "far-1", "far"),
        ("[mid, far]", "far", "mid far"),
        ("{models: [$asked]}", "some", "mid near"),
        ("{models: [$asked, near]}", "cheap", "near free mid far unpriced c3"),
        ("{models: [some]}", "far", "mid near"),
        ("{zone: local}", "far", "near free"),
        ("{zone: [local, eu]}", "far", "near free mid unpriced"),
        ("{zone: [eu, local]}", "far", "mid unpriced near free"),
        ("{provider: eu}", "far", "mid unpriced"),
        ("{provider: [eu, home]}", "far", "mid unpriced near free"),
        ("{provider: [home, eu]}", "far", "near free mid unpriced"),
        ("{models: [near, mid], provider: [eu, home]}", "far", "near mid"),
        ("{can: [vision, tools]}", "far", "far mid"),
        ("{models: [far, near], zone: local}", "far", "near"),
        ("{prefer: cheapest}", "far", "near free mid far unpriced c3"),
        ("{prefer: local}", "far", "near free far mid unpriced c3"),
        ("{}", "far", "far near free mid unpriced c3"),
        (
            "{models: [$asked]}",
            "who-knows",
            "rule `r` left no candidate: $asked: the request asks for no model of the catalogue",
        ),
        ("{models: [$asked, near]}", "who-knows", "near"),
    ];
    for (selection, asked, expected) in cases {
        let policy = policy(&format!("  rules:\n  - {{name: r, action: {{route: {selection}}}}}\n"));
        assert_eq!(short(&decided(&policy, &chat(&policy, asked))), expected, "{selection} for {asked}");
    }
}

#[test]
fn the_cheapest_is_what_costs_least_when_the_request_comes() {
    let prices = "price: [{input: 1, output: 2}, {from: 2026-07-01, input: 100, output: 2}]";
    let catalogue = include_str!("tests/catalogue.yaml").replace("price: {input: 1, output: 2}", prices);
    let rules = "  rules: [{name: r, action: {route: {provider: [far, eu], prefer: cheapest}}}]\n";
    let (policy, _) = Policy::parse(format!("{catalogue}{rules}").as_bytes()).unwrap();
    let at = |time| short(&decided(&policy, &Facts { time, ..chat(&policy, "far") }));
    const JULY: u64 = 1_782_864_000;
    assert_eq!(at(JULY - 1), "mid far unpriced");
    assert_eq!(at(JULY), "far mid unpriced");
}

#[test]
fn a_candidate_that_does_not_fit_is_struck_with_the_reason() {
    type Change = fn(&mut Facts);
    let cases: Vec<(&str, Change, &str)> = vec![
        ("far", |f| f.level = name("internal"), "far: cleared for public only, the request is internal"),
        (
            "mid",
            |f| f.unreadable = Some(Unreadable::TooDeep),
            "mid: not cleared for a body that cannot be read (too-deep)",
        ),
        (
            "far",
            |f| {
                f.level = name("internal");
                f.unreadable = Some(Unreadable::TooDeep);
            },
            "far: cleared for public only, the request is restricted",
        ),
        ("mid", |f| f.opaque = [Opaque::File].into(), "mid: not cleared for opaque content (file)"),
        ("c3", |f| f.labels = [name("credential")].into(), "c3: invariant `no keys abroad`"),
        ("c3", |f| f.api = Api::Embeddings, "c3: does not speak the embeddings interface"),
        ("near", |f| f.needs = [Capability::Vision].into(), "near: cannot do vision"),
        ("near", |f| f.prompt_tokens = 8001, "near: 8001 tokens do not fit its context of 8000"),
        ("near", |f| f.output_tokens = Some(7001), "near: 8001 tokens do not fit its context of 8000"),
    ];
    for (model, change, expected) in cases {
        let policy = policy(&format!("  rules:\n  - {{name: r, action: {{route: {{models: [{model}]}}}}}}\n"));
        let mut facts = Facts { api: if model == "c3" { Api::Messages } else { Api::Chat }, ..chat(&policy, model) };
        change(&mut facts);
        assert_eq!(short(&decided(&policy, &facts)), format!("rule `r` left no candidate: {expected}"));
    }
}

#[test]
fn the_same_candidates_fit_when_they_are_cleared_and_able() {
    let policy = policy("  rules:\n  - {name: r, action: {route: {models: [$asked]}}}\n");
    let facts = |model: &str| chat(&policy, model);
    let fitting = [
        Facts { opaque: [Opaque::Image].into(), needs: [Capability::Vision].into(), ..facts("mid") },
        Facts { opaque: [Opaque::File, Opaque::Tokens].into(), ..facts("near") },
        Facts { unreadable: Some(Unreadable::MalformedJson), ..facts("near") },
        Facts { level: name("restricted"), ..facts("near") },
        Facts { prompt_tokens: 7000, output_tokens: Some(1000), ..facts("near") },
        Facts { prompt_tokens: u64::MAX, output_tokens: Some(u64::MAX), ..facts("free") },
    ];
    for facts in fitting {
        assert_eq!(decided(&policy, &facts).outcome.name(), "route", "{facts:?}");
    }
}

#[test]
fn a_request_for_no_model_is_decided_over_providers() {
    let cases = [
        ("{}", "@far @eu @claude"),
        ("{zone: us}", "@far @claude"),
        ("{models: [$asked, near, mid]}", "@eu"),
        ("{can: vision}", "@far @eu"),
        // An unknown path may make Ollama run a model in its makers' cloud.
        ("{zone: [local, eu]}", "@eu"),
    ];
    for (selection, expected) in cases {
        let policy =
            policy(&format!("  rules: [{{name: r, match: {{api: other}}, action: {{route: {selection}}}}}]\n"));
        assert_eq!(short(&decided(&policy, &Facts::new(Api::Other, name("public")))), expected, "{selection}");
    }
    let unnamed = policy("  rules:\n  - {name: r, action: {route: {provider: eu}}}\n");
    assert_eq!(
        short(&decided(&unnamed, &Facts::new(Api::Other, name("public")))),
        "rule `r` left no candidate: eu: the interface is unknown and the rule does not name `other`"
    );
    let named = policy("  rules:\n  - {name: r, match: {api: other}, action: {route: {provider: [eu, far]}}}\n");
    assert_eq!(short(&decided(&named, &Facts::new(Api::Other, name("public")))), "@eu @far");
    let secret = Facts::new(Api::Other, name("restricted"));
    assert_eq!(decided(&named, &secret).outcome.name(), "deny");
}

#[test]
fn a_client_is_named_only_if_the_policy_names_it() {
    let policy = policy("  rules:\n  - {name: r, match: {client: [billing], team: [blue]}, action: deny}\n");
    let digest = |bytes: &[u8]| Digest([u8::try_from(bytes.len()).unwrap(); 16]);
    assert_eq!(policy.identity(b"billing", digest), Identity::Named(name("billing")));
    assert_eq!(policy.identity(b"blue", digest), Identity::Named(name("blue")));
    let uuid = "018f3c2e-7b1a-7c3d-9e4f-0123456789ab";
    assert_eq!(policy.identity(uuid.as_bytes(), digest), Identity::Id(uuid.parse().unwrap()));
    assert_eq!(policy.identity(b"Alice", digest), Identity::Hidden(Digest([5; 16])));
    assert_eq!(policy.identity(b"\xff", digest), Identity::Hidden(Digest([1; 16])));
    assert_eq!(policy.asked("someone's secret", digest), Asked::Unknown(Digest([16; 16])));
}

#[test]
fn a_trace_reads_like_an_answer() {
    let policy = policy(
        "  rules:
  - {name: no keys, match: {labels: {any: credential}}, action: deny}
  - {name: sensitive, match: {sensitivity: {at_least: internal}, model: [far]}, action: {route: {models: [$asked, near]}}}
  - {name: rest, action: {route: {}}}
",
    );
    let facts = Facts { level: name("internal"), labels: [name("pii")].into(), ..chat(&policy, "far") };
    assert_eq!(
        policy.explain(&facts).to_string(),
        "policy trial, level internal

rule `no keys`: does not match
  no   labels have any of credential: pii

rule `sensitive`: matches
  yes  sensitivity at least internal: internal
  yes  model asked is far: far
  => 1. near at home (local), about $0
  x  far: cleared for public only, the request is internal

rule `rest`: not asked

decision: route, because rule `sensitive`"
    );
}

#[test]
fn facts_and_decisions_survive_being_written() {
    let policy = policy("  rules:\n  - {name: r, action: {route: {models: [far, near]}}}\n");
    let facts = Facts {
        client: Some(Identity::Hidden(Digest([9; 16]))),
        opaque: [Opaque::Image].into(),
        detectors: [(name("badge"), Tally::new(3, Confidence::Context))].into(),
        predicates: [(name("header x is present"), true)].into(),
        ..chat(&policy, "unheard-of")
    };
    let written = serde_json::to_string(&facts).unwrap();
    assert!(!written.contains("unheard-of"));
    assert_eq!(serde_json::from_str::<Facts>(&written).unwrap(), facts);
    let decision = decided(&policy, &facts);
    let written = serde_json::to_string(&decision).unwrap();
    assert_eq!(serde_json::from_str::<Decision>(&written).unwrap(), decision);
}
