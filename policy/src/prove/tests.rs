mod property;
mod redaction;
mod shipped;

use std::time::Instant;

use super::*;
use crate::request::Api;

const CATALOGUE: &str = include_str!("../policy/tests/catalogue.yaml");

/// A policy with these rules (and what may follow them), whether or not they are of use.
fn policy(rules: &str) -> Policy {
    compiled(&format!("{CATALOGUE}{rules}"))
}

fn compiled(document: &str) -> Policy {
    let document = crate::config::read(document.as_bytes()).unwrap();
    let mut report = crate::compile::Report::new("", document.problems, document.broken);
    let policy = crate::compile::unchecked(document.config, &document.node, &mut report);
    match report.finish(policy) {
        Ok((policy, _)) => policy,
        Err(problems) => panic!("{problems:#?}"),
    }
}

/// What is said of rules that are of no use: `c never matches: a, b`.
fn useless(rules: &str) -> Vec<String> {
    let said = |proof: &RuleProof| {
        let never = match proof.never {
            Never::Matches => "never matches",
            Never::Routes => "never routes",
            Never::Undecided => "undecided",
        };
        let because = proof.because.iter().map(|rule| rule.to_string()).collect::<Vec<_>>().join(", ");
        format!("{} {never}{}{because}", proof.rule, if because.is_empty() { "" } else { ": " })
    };
    policy(rules).prove().rules.iter().map(said).collect()
}

#[test]
fn a_rule_that_others_take_everything_from_is_found_with_those_others() {
    let rules = "  rules:
  - {name: a, match: {stream: true, api: chat}, action: deny}
  - {name: b, match: {stream: false, tokens: {below: 100}}, action: deny}
  - {name: c, match: {tokens: {at_least: 100}}, action: deny}
  - {name: d, match: {team: blue}, action: deny}
  - {name: e, match: {api: chat}, action: deny}
  - {name: f, match: {api: messages, tokens: {below: 100}}, action: {route: [c3]}}
  - {name: g, match: {api: messages, stream: true, team: blue}, action: deny}
";
    assert_eq!(useless(rules), ["e never matches: a, b, c", "g never matches: d"]);
}

#[test]
fn what_detectors_find_hangs_together_with_the_level() {
    let rules = "  rules:
  - {name: no key below restricted, match: {labels: {any: credential}, sensitivity: {below: restricted}}, action: deny}
  - {name: internal is a badge, match: {sensitivity: {is: internal}, labels: {none: pii}}, action: deny}
  - {name: a weak badge, match: {detectors: {any: badge}, sensitivity: {is: public}}, action: deny}
  - {name: no badge, match: {labels: {any: pii}, detectors: {none: badge}}, action: deny}
  - {name: not to be read, match: {sensitivity: {is: restricted}, labels: {none: credential}}, action: deny}
  - {name: to be read, match: {sensitivity: {is: restricted}, labels: {none: credential}, unreadable: false}, action: deny}
";
    let expected = [
        "no key below restricted never matches",
        "internal is a badge never matches",
        "no badge never matches",
        "to be read never matches",
    ];
    assert_eq!(useless(rules), expected);
}

#[test]
fn tests_of_one_header_hang_together() {
    let rules = "  rules:
  - {name: both, match: {header: {x: {equals: a, prefix: b}}}, action: deny}
  - {name: a, match: {header: {x: {prefix: a}}}, action: deny}
  - {name: ab, match: {header: {x: {equals: ab}}}, action: deny}
  - {name: absent, match: {header: {x: {present: false}}}, action: deny}
  - {name: c, match: {header: {x: {suffix: c}}}, action: deny}
  - {name: rest, match: {header: {x: {present: true}}}, action: deny}
  - {name: nothing, action: deny}
";
    let expected = ["both never matches", "ab never matches: a", "nothing never matches: absent, rest"];
    assert_eq!(useless(rules), expected);
}

#[test]
fn a_rule_whose_candidates_are_always_struck_never_routes() {
    let rules = "  rules:
  - {name: sound, match: {api: chat, needs: audio}, action: {route: {}}}
  - {name: long, match: {api: chat, tokens: {at_least: 8001}}, action: {route: [near]}}
  - {name: long enough, match: {api: chat, tokens: {at_least: 8000}}, action: {route: [near]}}
  - {name: abroad, match: {labels: {any: credential}}, action: {route: {zone: us}}}
  - {name: tokens of a vision model, match: {api: count-tokens}, action: {route: {can: vision}}}
";
    let expected =
        ["sound never routes", "long never routes", "abroad never routes", "tokens of a vision model never routes"];
    assert_eq!(useless(rules), expected);
}

/// The catalogue with a provider abroad that is cleared for everything, so that only the invariant keeps it from keys.
fn cleared_abroad(rules: &str) -> Policy {
    let claude = "cluster: claude, zone: us, cleared: internal";
    assert!(CATALOGUE.contains(claude));
    compiled(&format!("{}{rules}", CATALOGUE.replace(claude, "cluster: claude, zone: us, cleared: restricted")))
}

fn verdicts(proofs: &[InvariantProof]) -> Vec<String> {
    let said = |proof: &InvariantProof| {
        let breaches = proof.breaches.iter().map(|breach| format!(" {}->{}", breach.rule, breach.candidate.provider));
        format!("{} {:?}{}", proof.name, proof.verdict, breaches.collect::<String>())
    };
    proofs.iter().map(said).collect()
}

#[test]
fn an_invariant_holds_by_rules_and_clearances_or_only_because_it_strikes() {
    let routes = "  rules:
  - {name: chat, match: {api: [chat, ollama-chat]}, action: {route: {provider: [far, home, eu]}}}
  - {name: keys, match: {labels: {any: credential}, stream: true}, action: deny}
  - {name: all, match: {stream: true}, action: {route: {}}}
";
    let rest = "  - {name: rest, action: {route: [near, c3, far]}}\n";
    let refused = "  - {name: refused, match: {labels: {any: credential}}, action: deny}\n";
    assert_eq!(verdicts(&policy(&format!("{routes}{rest}")).prove().invariants), ["no keys abroad Holds"]);
    let strikes = cleared_abroad(&format!("{routes}{rest}")).prove();
    assert_eq!(verdicts(&strikes.invariants), ["no keys abroad Strikes rest->claude"]);
    let facts = &strikes.invariants[0].breaches[0].example.facts;
    assert!(facts.labels.contains("credential") && facts.detectors.contains_key("key") && !facts.stream, "{facts:?}");
    assert_eq!(
        verdicts(&cleared_abroad(&format!("{routes}{refused}{rest}")).prove().invariants),
        ["no keys abroad Holds"]
    );
}

#[test]
fn a_rule_that_redacts_is_held_to_the_invariants_as_far_as_that_can_be_told() {
    let verdict = |cleared: &str, invariant: &str| {
        let eu = "cluster: eu, zone: eu, cleared: internal";
        assert!(CATALOGUE.contains(eu));
        let catalogue = CATALOGUE.replace(eu, &format!("cluster: eu, zone: eu, cleared: {cleared}"));
        let rules = "  rules: [{name: r, action: {redact: {labels: pii, route: [mid]}}}]\n";
        let policy = compiled(&format!("{catalogue}    - {{name: asked, never: {{{invariant}, zone: eu}}}}\n{rules}"));
        policy.prove().invariants[1].verdict
    };
    assert_eq!(verdict("public", "labels: {any: pii}"), Verdict::Holds);
    assert_eq!(verdict("internal", "sensitivity: {at_least: restricted}"), Verdict::Holds);
    // Where nothing can be replaced, a badge goes there as it is.
    assert_eq!(verdict("internal", "labels: {any: pii}"), Verdict::Strikes);
}

#[test]
fn a_question_is_answered_with_a_request_that_goes_there() {
    let document = format!("{CATALOGUE}  rules:\n  - {{name: all, match: {{api: chat}}, action: {{route: {{}}}}}}\n");
    let ask = |never: &str| question(document.as_bytes(), never.as_bytes());
    assert_eq!(ask("labels: {any: pii}\nprovider: far").unwrap().verdict, Verdict::Holds);
    let broken = ask("labels: {any: pii}\nprovider: eu").unwrap();
    assert_eq!(verdicts(&[broken]), ["asked Broken all->eu"]);
    let wrong = ask("labels: {any: pi}\nprovider: eu").unwrap_err();
    assert_eq!(wrong[0].to_string(), "never.labels.any: there is no label `pi` (did you mean `pii`?)");
    assert_eq!(ask("lables: {any: pii}\nprovider: eu").unwrap_err().len(), 1);
}

#[test]
fn what_no_rule_decides_is_shown() {
    let undecided = |rules: &str| policy(rules).prove().undecided.map(|example| example.facts.api);
    assert_eq!(undecided("  rules:\n  - {name: a, match: {stream: false}, action: deny}\n"), Some(Api::Chat));
    assert_eq!(undecided("  rules:\n  - {name: a, action: deny}\n"), None);
}

/// The rules of each difference: `a|b`.
fn differences(first: &Policy, second: &Policy, relation: Relation) -> Vec<String> {
    let compared = compare((first, Who::default()), (second, Who::default()), relation).unwrap();
    assert_eq!(compared.holds == Held::Yes, compared.differences.is_empty());
    let rule = |rule: Option<&Name>| rule.map_or("-".to_owned(), ToString::to_string);
    let rules = |difference: &Difference| difference.rules().map(rule).join("|");
    compared.differences.iter().map(rules).collect()
}

#[test]
fn policies_that_say_the_same_in_other_words_are_the_same() {
    let one = policy(
        "  rules:
  - {name: a, match: {tokens: {below: 100}}, action: {route: [near, mid]}}
  - {name: b, match: {api: chat}, action: {deny: {message: nothing}}}
  - {name: c, action: {route: [$asked, far]}}
",
    );
    let other = policy(
        "  rules:
  - {name: p, match: {api: chat, tokens: {at_least: 100}}, action: {deny: {message: never}}}
  - {name: q, match: {tokens: {at_least: 100}}, action: {route: {models: [$asked, far], zone: [us, local, eu]}}}
  - {name: r, action: {route: [near, mid]}}
",
    );
    assert_eq!(differences(&one, &other, Relation::Same), [""; 0]);
    let wider = policy(
        "  rules:
  - {name: a, match: {tokens: {below: 101}}, action: {route: [near, mid]}}
  - {name: b, match: {api: chat}, action: {deny: {message: nothing}}}
  - {name: c, action: {route: [$asked, far, near]}}
",
    );
    assert_eq!(differences(&one, &wider, Relation::Same), ["b|a", "c|a", "c|c"]);
    assert_eq!(differences(&one, &wider, Relation::Within), ["c|a"]);
}

#[test]
fn another_order_or_another_status_is_a_difference() {
    let route = |selection: &str| policy(&format!("  rules:\n  - {{name: a, action: {{{selection}}}}}\n"));
    let same = |one: &str, other: &str| differences(&route(one), &route(other), Relation::Same).is_empty();
    assert!(same("route: [near, mid]", "route: [near, mid]"));
    assert!(!same("route: [near, mid]", "route: [mid, near]"));
    assert!(!same("route: [$asked, near, mid]", "route: [near, mid, $asked]"));
    // A prompt long enough for the one is too long for the other, so they never stand beside each other.
    assert!(same("route: {models: [near, free, mid], prefer: local}", "route: [near, free, mid]"));
    assert!(!same("route: {models: [mid, near], prefer: cheapest}", "route: {models: [mid, near]}"));
    assert!(same("route: {models: [mid, near], prefer: cheapest}", "route: {models: [near, mid], prefer: cheapest}"));
    assert!(!same("deny: {status: 404}", "deny: {status: 403}"));
    assert!(same("deny: {message: one}", "deny: {message: other}"));
}

#[test]
fn what_one_team_may_another_may() {
    let policy = policy(
        "  rules:
  - {name: blue, match: {team: blue, stream: true}, action: {route: [near, mid]}}
  - {name: red, match: {team: [red, blue]}, action: {route: [mid, near, far]}}
",
    );
    let who = |team: &str| Who::team(team);
    let within = |team: &str, other: &str| {
        let compared = compare((&policy, who(team)), (&policy, who(other)), Relation::Within).unwrap();
        compared.differences.first().map(|difference| difference.facts.team.clone().unwrap())
    };
    assert_eq!(within("blue", "red"), None);
    assert_eq!(within("red", "blue"), Some(crate::facts::Identity::Named(Name::written("red"))));
    assert!(within("red", "green").is_some());
    assert_eq!(within("green", "red"), None);
}

#[test]
fn policies_that_classify_differently_are_not_compared() {
    let other = CATALOGUE.replace("label: pii, level: internal", "label: pii, level: public");
    let other = compiled(&other);
    let error = compare((&policy(""), Who::default()), (&other, Who::default()), Relation::Same).unwrap_err();
    assert_eq!(error.to_string(), "the policies classify differently: detector `badge` is not the same in both");
}

/// So many rules that overlap in everything, with a wide catalogue, as a company grows them over years.
fn large(rules: usize) -> String {
    use std::fmt::Write as _;
    let mut document = String::from("apiVersion: policymesh.dev/v1\nkind: Policy\nmetadata: {name: large}\nspec:\n");
    document += "  identity: {header: x-client, team: {jwt_claim: team}}\n  providers:\n";
    let levels = ["public", "internal", "confidential", "restricted"];
    for provider in 0..12 {
        let (zone, format) = (["local", "eu", "us"][provider % 3], ["openai", "anthropic", "ollama"][provider % 3]);
        let cleared = levels[(provider * 7) % 4];
        let _ = writeln!(
            document,
            "    - {{name: p{provider}, format: {format}, cluster: c{provider}, zone: {zone}, cleared: {cleared}}}"
        );
    }
    document += "  models:\n";
    for model in 0..40 {
        let (provider, context, price) = (model % 12, 4000 + 3000 * model, 1 + model % 7);
        let _ = writeln!(
            document,
            "    - {{name: m{model}, provider: p{provider}, context: {context}, can: [tools], price: {{input: {price}, output: {price}}}}}"
        );
    }
    document += "  aliases: {auto: {prefer: cheapest}, some: [m1, m2, m3]}\n  rules:\n";
    let labels = ["credential", "pii", "finance", "health"];
    for rule in 1..rules {
        let condition = match rule % 6 {
            0 => format!("team: [t{}, t{}], sensitivity: {{at_least: {}}}", rule % 40, rule % 37, levels[rule % 4]),
            1 => {
                format!("client: [u{}], labels: {{any: [{}, {}]}}", rule % 90, labels[rule % 4], labels[(rule / 7) % 4])
            }
            2 => format!("model: [m{}, auto], tokens: {{below: {}}}", rule % 40, 1000 + rule * 50),
            3 => format!("header: {{x-env: {{prefix: e{}}}}}, stream: {}", rule % 20, rule % 4 == 1),
            4 => format!("api: [chat, messages], team: t{}, needs: [tools]", rule % 40),
            _ => format!("detectors: {{any: [iban, email]}}, client: u{}, opaque: [image]", rule % 90),
        };
        let action = match rule % 4 {
            0 => "deny".to_owned(),
            1 => format!("{{route: {{models: [$asked, m{}], zone: [local, eu]}}}}", rule % 40),
            2 => format!("{{route: [m{}, m{}, $asked]}}", rule % 40, (rule + 7) % 40),
            _ => "{route: {prefer: cheapest}}".to_owned(),
        };
        let _ = writeln!(document, "    - {{name: r{rule}, match: {{{condition}}}, action: {action}}}");
    }
    document += "    - {name: last, action: {route: {models: [$asked, m1]}}}\n  invariants:\n";
    for (index, zone) in ["us", "eu"].into_iter().enumerate() {
        for label in labels {
            let _ = writeln!(
                document,
                "    - {{name: i{index}-{label}, never: {{labels: {{any: {label}}}, zone: {zone}}}}}"
            );
        }
        let _ = writeln!(
            document,
            "    - {{name: l{index}, never: {{sensitivity: {{at_least: confidential}}, zone: {zone}}}}}"
        );
    }
    document
}

#[test]
fn five_hundred_rules_are_proved_in_an_editors_save_loop() {
    [50, 150, 500].into_iter().for_each(proved_in_time);
}

/// The bound is for an optimised build, and says nothing of another.
fn proved_in_time(rules: usize) {
    let policy = compiled(&large(rules));
    let began = Instant::now();
    let proof = policy.prove();
    let proved = began.elapsed();
    let same = compare((&policy, Who::default()), (&policy, Who::default()), Relation::Same).unwrap();
    let compared = began.elapsed() - proved;
    println!("{rules} rules proved in {proved:?}: {} useless; compared in {compared:?}", proof.rules.len());
    assert!(proof.invariants.iter().all(|proof| proof.verdict != Verdict::Undecided));
    assert!(proof.rules.iter().all(|proof| proof.never != Never::Undecided));
    assert_eq!(same.holds, Held::Yes);
    assert!(cfg!(debug_assertions) || proved.as_secs_f64() < 2.0, "{proved:?}");
}
