use super::policy;
use crate::policy::Policy;

const EXAMPLE: &str = include_str!("tests/example.yaml");

fn told(document: &str) -> Vec<String> {
    let problems = match policy(document.as_bytes()) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    problems.iter().map(ToString::to_string).collect()
}

/// The example with one detector in the place of the packs, which take long to compile without optimisation.
fn example() -> String {
    EXAMPLE
        .replace("[pii, secrets, finance, health, markings]", "[]")
        .replace("- {id: email, level: internal} ", "- {id: key, label: credential, level: restricted, terms: [key]} ")
}

#[test]
fn the_example_of_the_documentation_compiles_without_a_warning() {
    assert_eq!(told(EXAMPLE), Vec::<String>::new());
    assert_eq!(told(&example()), Vec::<String>::new());
}

#[test]
fn behind_openais_api_a_name_of_ollamas_cloud_is_a_warning() {
    let local = example().replacen("format: ollama", "format: openai", 1);
    assert_eq!(told(&local), Vec::<String>::new());
    let remote = local.replace("id: 'llama3.1:8b'", "id: 'gpt-oss:120b-cloud'");
    assert!(policy(remote.as_bytes()).is_ok());
    let expected = "spec.models[0].id: an Ollama runs `gpt-oss:120b-cloud` in its cloud, but its provider `ollama` is in zone `local` \
        (give it a provider of its own, with the same cluster, another zone and its own clearance)";
    assert_eq!(told(&remote), [expected]);
}

#[test]
fn a_pack_that_is_not_known_is_told_alone() {
    let told = told(&EXAMPLE.replace("packs: [pii, secrets, finance, health, markings]", "packs: [secret, zzzzzz]"));
    let expected = [
        "spec.sensitivity.packs[0]: there is no pack `secret` (did you mean `secrets`?)",
        "spec.sensitivity.packs[1]: there is no pack `zzzzzz` (there is finance, health, markings, pii, secrets)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_policy_is_the_same_after_envoy_made_texts_of_its_decimals() {
    let written = example().replace("input: 3.00", "input: 3.25");
    let (plain, _) = policy(written.as_bytes()).unwrap();
    let (handed_on, _) = policy(written.replace("input: 3.25", "input: '3.25'").as_bytes()).unwrap();
    assert_eq!(handed_on.digest(), plain.digest());
    assert_eq!(handed_on.catalogue(), plain.catalogue());
    assert!(policy(example().replace("input: 3.00", "input: 3.x").as_bytes()).is_err());
}

#[test]
fn yaml_and_json_of_the_same_policy_have_the_same_digest() {
    let (yaml, _) = policy(example().as_bytes()).unwrap();
    let json: serde_json::Value = serde_saphyr::from_str(&example()).unwrap();
    let (json, _) = policy(json.to_string().as_bytes()).unwrap();
    assert_eq!(yaml.digest(), json.digest());
    assert_eq!(yaml.digest().len(), 64);
    let (other, _) = policy(example().replace("4000", "4001").as_bytes()).unwrap();
    assert_ne!(yaml.digest(), other.digest());
}

/// Changes the example in one place and says what must be told then.
fn after(from: &str, to: &str, expected: &[&str]) {
    let example = example();
    assert!(example.contains(from), "the example has no `{from}`");
    assert_eq!(told(&example.replacen(from, to, 1)), expected, "`{from}` -> `{to}`");
}

#[test]
fn a_fault_of_structure_is_told_with_its_place_and_what_would_be_right() {
    after("kind: Policy", "kind: Polcy", &["kind: `Polcy` is not known here (did you mean `Policy`?)"]);
    after(
        "  providers:",
        "  provders:",
        &[
            "spec.provders: unknown field `provders` (did you mean `providers`?)",
            "spec: the field `providers` is missing",
        ],
    );
    after("name: acme", "name: 7", &["metadata.name: the number `7` stands where a text is wanted (put it in quotes)"]);
    after("format: openai,", "", &["spec.providers[1]: the field `format` is missing"]);
    after(
        "format: openai",
        "format: opnai",
        &["spec.providers[1].format: `opnai` is not known here (did you mean `openai`?)"],
    );
    after(
        "price: free",
        "price: gratis",
        &[
            "spec.models[0].price: the text `gratis` stands where `free`, a map such as `{input: 2.50, output: 10.00}`, or a list of such maps is wanted",
        ],
    );
    after(
        "output: 15.00",
        "output: lots",
        &["spec.models[1].price.output: the text `lots` stands where a number is wanted"],
    );
    after(
        "cached: 0.30",
        "cache: 0.30",
        &["spec.models[1].price.cache: unknown field `cache` (did you mean `cached`?)"],
    );
    after(
        "can: [tools]",
        "can: [tools, tool]",
        &["spec.models[0].can[1]: `tool` is not known here (did you mean `tools`?)"],
    );
    after(
        "{below: 4000}",
        "{below: few}",
        &["spec.rules[2].match.tokens.below: the text `few` stands where a whole number is wanted"],
    );
    after(
        "{below: 4000}",
        "{below: 4000, below: 5000}",
        &["spec.rules[2].match.tokens.below: the key `below` stands here twice"],
    );
    after(
        "{route: {zone: local}}",
        "{route: {zoen: local}}",
        &["spec.rules[1].action.route.zoen: unknown field `zoen` (did you mean `zone`?)"],
    );
    after(
        "{route: {zone: local}}",
        "{route: {}, deny: {}}",
        &["spec.rules[1].action: a map of 2 fields stands where one of route, deny, redact is wanted"],
    );
    after(
        "kind: Policy",
        "kind: [Policy",
        &["the document is no YAML: illegal placement of ':' indicator at line 3, column 9"],
    );
}

#[test]
fn a_wrong_name_is_told_with_its_place_and_the_nearest_known_one() {
    after(
        "cleared: internal",
        "cleared: intrenal",
        &["spec.providers[1].cleared: there is no level `intrenal` (did you mean `internal`?)"],
    );
    after(
        "provider: openai",
        "provider: opnai",
        &["spec.models[2].provider: there is no provider `opnai` (did you mean `openai`?)"],
    );
    after(
        "smart: [claude-sonnet, gpt-4o]",
        "smart: [claude-sonet, $asked]",
        &[
            "spec.aliases.smart[0]: there is no model `claude-sonet` (did you mean `claude-sonnet`?)",
            "spec.aliases.smart[1]: an alias cannot stand for `$asked` (list models of the catalogue)",
        ],
    );
    after(
        "any: [credential]",
        "any: [credentials]",
        &["spec.rules[0].match.labels.any: there is no label `credentials` (did you mean `credential`?)"],
    );
    after(
        "labels: {any: [credential]}",
        "detectors: {none: kex}",
        &["spec.rules[0].match.detectors.none: there is no detector `kex` (did you mean `key`?)"],
    );
    after(
        "model: [auto]",
        "model: [zzzzz]",
        &[
            "spec.rules[2].match.model: there is no model `zzzzz` (there is llama3.1, claude-sonnet, gpt-4o, auto, smart)",
        ],
    );
    after(
        "{route: {zone: local}}",
        "{route: {zone: locl}}",
        &["spec.rules[1].action.route.zone: there is no provider in zone `locl` (did you mean `local`?)"],
    );
    after(
        "[$asked, claude-sonnet, llama3.1]",
        "[asked, claude-sonnet]",
        &[
            "spec.rules[3].action.route.models[0]: there is no model `asked` (there is llama3.1, claude-sonnet, gpt-4o, auto, smart)",
        ],
    );
    after(
        "zone: cloud}}",
        "zone: clod}}",
        &["spec.invariants[0].never.zone: there is no provider in zone `clod` (did you mean `cloud`?)"],
    );
}

#[test]
fn a_value_that_makes_no_sense_is_told() {
    after(
        "name: openai, ",
        "name: ollama, ",
        &[
            "spec.providers[1].name: the name `ollama` stands twice in `spec.providers`",
            "spec.models[2].provider: there is no provider `openai` (there is ollama, ollama, anthropic)",
        ],
    );
    after(
        "zone: local,  cleared: restricted}",
        "zone: local, cleared: restricted, endpoint: 'ftp://x'}",
        &[
            "spec.providers[0].endpoint: `ftp://x` does not begin with `https://` or `http://` (write it like `http://127.0.0.1:11434`)",
        ],
    );
    after(
        "id: 'llama3.1:8b'",
        "id: 'gpt-oss:120b-cloud'",
        &[
            "spec.models[0].id: Ollama runs `gpt-oss:120b-cloud` in its cloud, but its provider `ollama` is in zone `local` \
         (give it a provider of its own, with the same cluster, another zone and its own clearance)",
        ],
    );
    after(
        "input: 3.00",
        "input: -3.00",
        &["spec.models[1].price.input: `-3` is no price in US dollars per million tokens"],
    );
    after(
        "model: [auto], tokens",
        "api: [chat, models], tokens",
        &[
            "spec.rules[2].match.api: no rule is asked for `models`: it is answered from the catalogue (a client is shown the models that the rules let it use)",
        ],
    );
    let priced = |list: &str, expected: &[&str]| {
        after("price: {input: 3.00, cached: 0.30, output: 15.00}", &format!("price: {list}"), expected);
    };
    priced("[{input: 3, output: 15}, {context_above: 200000, input: 6, output: 22.50}]", &[]);
    priced("[{from: 2026-01-01, input: 3, output: 15}, {from: 2026-07-01, input: 2, output: 10}]", &[]);
    priced("[]", &["spec.models[1].price: the list of prices is empty"]);
    priced(
        "[{from: 2026-02-30, input: 3, output: 15}]",
        &["spec.models[1].price[0].from: the text `2026-02-30` stands where a day such as `2026-11-25` is wanted"],
    );
    priced(
        "[{from: 2026-07-01, input: 3, output: 15}, {from: 2026-01-01, input: -2, output: 10}]",
        &[
            "spec.models[1].price[1].input: `-2` is no price in US dollars per million tokens",
            "spec.models[1].price[1]: its date is before that of the entry above it (write the entries in the order of their dates)",
        ],
    );
    priced(
        "[{input: 3, output: 15}, {input: 2, output: 10}]",
        &["spec.models[1].price[1]: two prices hold from the same day on for prompts of any length"],
    );
    priced(
        "[{input: 3, output: 15}, {context_above: 9, input: 6, output: 20}, {context_above: 9, input: 6, output: 20}]",
        &["spec.models[1].price[2].context_above: `9` is not more than in the entry above it"],
    );
    priced(
        "[{input: 3, output: 15}, {from: 2026-01-01, context_above: 9, input: 6, output: 20}]",
        &[
            "spec.models[1].price[1].context_above: shorter prompts have no price (put an entry of the same date without `context_above` before it)",
        ],
    );
    after(
        "levels: [public, ",
        "levels: [public, public, ",
        &["spec.sensitivity.levels: level `public` is named twice"],
    );
    after(
        "{auto: {prefer: cheapest},",
        "{gpt-4o: {prefer: cheapest}, auto: [gpt-4o],",
        &["spec.aliases.gpt-4o: `gpt-4o` is the name of a model already"],
    );
    after(
        "{sensitivity: {at_least: confidential}}\n",
        "{sensitivity: {at_least: restricted, below: internal}}\n",
        &["spec.rules[1].match.sensitivity: no level is at least restricted and below internal"],
    );
    after(
        "tokens: {below: 4000}",
        "tokens: {}, labels: {}",
        &[
            "spec.rules[2].match.labels: it says nothing (give `any`, `all` or `none`)",
            "spec.rules[2].match.tokens: it says nothing (give `at_least` or `below`)",
        ],
    );
    after(
        "tokens: {below: 4000}",
        "team: [a], header: {x-a: {}, 'a b': {present: true}}, property: {a..b: {present: true}}",
        &[
            "spec.rules[2].match.team: no team is ever known (say in `spec.identity.team` where it stands)",
            "spec.rules[2].match.header.a b: `a b` is no name of a header",
            "spec.rules[2].match.header.x-a: it says nothing (give `equals`, `prefix`, `suffix` or `present`)",
            "spec.rules[2].match.property.'a..b': `a..b` is no path of a property \
         (write it like `connection.requested_server_name` or `metadata['a.b'].c`)",
        ],
    );
    after(
        "{header: x-client-id}",
        "{header: x-client-id, principal: mtls}",
        &["spec.identity: not exactly one source is given (give one of `header`, `principal`, `jwt_claim`)"],
    );
    after(
        "{header: x-client-id}",
        "{header: x-policymesh-client}",
        &[
            "spec.identity.header: the header `x-policymesh-client` is stripped before a rule can see it (choose another name)",
        ],
    );
    after(
        "{deny: {message: ",
        "{deny: {status: 200, message: ",
        &["spec.rules[0].action.deny.status: `200` does not refuse a request (from 400 to 499; 403 is usual)"],
    );
    after(
        "{deny: {message: 'remove the credential and try again'}}",
        "{redact: {labels: [personal], detectors: [kye], raw_in: [locl], route: [gpt-4]}}",
        &[
            "spec.rules[0].action.redact.labels: there is no label `personal` (there is credential, custom)",
            "spec.rules[0].action.redact.detectors: there is no detector `kye` (did you mean `key`?)",
            "spec.rules[0].action.redact.raw_in: there is no provider in zone `locl` (did you mean `local`?)",
            "spec.rules[0].action.redact.route.models[0]: there is no model `gpt-4` (did you mean `gpt-4o`?)",
        ],
    );
    after(
        "{deny: {message: 'remove the credential and try again'}}",
        "{redact: {labels: credential}}",
        &["spec.rules[0].action.redact: the field `route` is missing"],
    );
    after(
        ", zone: cloud}}",
        "}}",
        &[
            "spec.invariants[0].never: it does not say where such a request must never go (add `zone`, `provider` or `model`)",
        ],
    );
    after(
        "  rules:",
        "  limits: {body: 9GiB}\n  rules:",
        &["spec.limits.body: `9663676416` is no limit for a body (from 1 to 268435456 bytes)"],
    );
}

#[test]
fn every_error_is_told_at_once() {
    let wrong = example()
        .replace("metadata: {name: acme}", "metadata: {nme: acme, lable: x}")
        .replace("format: openai,", "format: opnai,")
        .replace("cleared: internal}", "cleared: intrenal}")
        .replace("context: 131072", "context: large")
        .replace("{zone: local}", "{zone: locl}")
        .replace("below: 4000", "bellow: 4000")
        .replace("    - name: otherwise as asked, with failover\n", "    - nam: otherwise\n");
    assert_eq!(
        told(&wrong),
        [
            "metadata.nme: unknown field `nme` (did you mean `name`?)",
            "metadata.lable: unknown field `lable` (known here: name, version)",
            "metadata: the field `name` is missing",
            "spec.providers[1].format: `opnai` is not known here (did you mean `openai`?)",
            "spec.models[0].context: the text `large` stands where a whole number is wanted",
            "spec.rules[2].match.tokens.bellow: unknown field `bellow` (did you mean `below`?)",
            "spec.rules[3].nam: unknown field `nam` (did you mean `name`?)",
            "spec.rules[3]: the field `name` is missing",
            "spec.providers[2].cleared: there is no level `intrenal` (did you mean `internal`?)",
        ]
    );
}

#[test]
fn a_rule_that_can_do_nothing_is_told() {
    let rule = |before: &str| format!("  rules:\n    - {before}\n");
    after(
        "  rules:",
        &rule("{name: all, action: deny}"),
        &[
            "spec.rules[1]: rule `secrets are refused` is never reached: `all` before it takes all that it could match \
         (move it up, or ask less in the rules before it)",
            "spec.rules[2]: rule `sensitive data stays on local models` is never reached: `all` before it takes all that it \
         could match (move it up, or ask less in the rules before it)",
            "spec.rules[3]: rule `small general prompts go to the cheapest model that can` is never reached: `all` before it \
         takes all that it could match (move it up, or ask less in the rules before it)",
            "spec.rules[4]: rule `otherwise as asked, with failover` is never reached: `all` before it takes all that it could \
         match (move it up, or ask less in the rules before it)",
        ],
    );
    after("  rules:", &rule("{name: all, mode: shadow, action: deny}"), &[]);
    let high = "{name: high, match: {sensitivity: {at_least: internal}}, action: deny}";
    let low = "{name: low, match: {sensitivity: {below: confidential}, tokens: {below: 9000}}, action: deny}";
    after(
        "  rules:",
        &rule(&format!("{high}\n    - {low}")),
        &[
            "spec.rules[3]: rule `sensitive data stays on local models` is never reached: `high` before it takes all that it \
         could match (move it up, or ask less in the rules before it)",
            "spec.rules[4]: rule `small general prompts go to the cheapest model that can` is never reached: `low` and `high` \
         before it take all that it could match (move it up, or ask less in the rules before it)",
        ],
    );
    after(
        "labels: {any: [credential]}",
        "labels: {any: [credential], none: [credential]}",
        &["spec.rules[0].match: rule `secrets are refused` can never match: no request is all that it asks"],
    );
    after(
        "{route: {zone: local}}",
        "{route: {zone: cloud}}",
        &[
            "spec.rules[1].action.route: rule `sensitive data stays on local models` can never find a cleared candidate: all \
         that it could choose is struck (openai is cleared for internal, anthropic is cleared for internal)",
        ],
    );
    after(
        "{route: {zone: local}}",
        "{route: {zone: local, can: audio}}",
        &[
            "spec.rules[1].action.route: rule `sensitive data stays on local models` can never find a model: there is none \
         such in the catalogue",
        ],
    );
}

#[test]
fn what_is_no_document_is_told_with_its_place() {
    let cases: [(&[u8], &str); 5] = [
        (b"{\"a\": ", "the document is no JSON: EOF while parsing a value at line 1 column 6"),
        (b"\xff\xfe", "the document is not UTF-8 from byte 0 on"),
        (b"", "nothing stands where a map is wanted"),
        (b"- a", "a list stands where a map is wanted"),
        (b"a: [", "the document is no YAML"),
    ];
    for (bytes, expected) in cases {
        let problems = policy(bytes).unwrap_err();
        assert!(problems[0].to_string().starts_with(expected), "{problems:?}");
    }
}

#[test]
fn the_levels_of_the_packs_become_the_policys_own() {
    let told = |sensitivity: &str| {
        let document = format!(
            "apiVersion: policymesh.dev/v1\nkind: Policy\nmetadata: {{name: p}}\nspec:\n  sensitivity: {{{sensitivity}}}\n  \
             providers: [{{name: a, format: ollama, cluster: a, zone: local, cleared: d}}]\n  rules: [{{name: r, action: deny}}]\n"
        );
        match Policy::parse(document.as_bytes()) {
            Ok((policy, _)) => {
                let level = |id: &str| {
                    let detector = policy.detectors().find(id).and_then(|index| policy.detectors().get(index)).unwrap();
                    policy.level_name(detector.level).to_string()
                };
                vec![level("iban")]
            }
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    };
    assert_eq!(told("levels: [a, b, c, d], packs: [finance]"), ["d"]);
    let map = "pack_levels: {public: x, internal: x, confidential: x, restricted: x}";
    assert_eq!(told(&format!("levels: [x, d], packs: [finance], {map}")), ["x"]);
    assert_eq!(
        told("levels: [a, internal, d], packs: [secrets]"),
        [
            "spec.sensitivity.pack_levels: the packs have detectors of level `confidential`, `restricted`, which this policy does \
          not have (say in `sensitivity.pack_levels` which of your levels that is: {confidential: ..., restricted: ...}, or \
          use no packs: `packs: []`)"
        ]
    );
    assert_eq!(
        told("levels: [x, d], packs: [], pack_levels: {publik: x, public: unheard-of}"),
        [
            "spec.sensitivity.pack_levels.public: there is no level `unheard-of` (there is x, d)",
            "spec.sensitivity.pack_levels.publik: there is no level of the packs `publik` (did you mean `public`?)",
        ]
    );
}
