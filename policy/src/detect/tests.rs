//! What a compiled set finds.

mod examples;
mod packs;

use super::*;

fn compile(json: &str) -> Detectors {
    let configs: Vec<DetectorConfig> = serde_json::from_str(json).unwrap();
    let written: Vec<_> = configs.into_iter().map(|config| ("d".to_owned(), config)).collect();
    Detectors::compile(&written, &Levels::default(), TestValues::Ignore).unwrap().0
}

fn found<'a>(detectors: &Detectors, text: &'a str) -> Vec<(&'a str, Confidence)> {
    let (mut work, mut found) = (Work::of(text.len()), Found::default());
    detectors.scan(text, &mut work, &mut found);
    found.findings.iter().map(|f| (text.get(f.start..f.end).unwrap(), f.confidence)).collect()
}

#[test]
fn a_pattern_is_found_whole_and_only_whole() {
    let set = compile(r#"[{"id":"key","level":"restricted","pattern":"AKIA[A-Z2-7]{16}"}]"#);
    assert_eq!(found(&set, "k=AKIAABCDEFGHIJKLMNOP;"), [("AKIAABCDEFGHIJKLMNOP", Confidence::Pattern)]);
    assert_eq!(found(&set, r"k:\nAKIAABCDEFGHIJKLMNOP"), [("AKIAABCDEFGHIJKLMNOP", Confidence::Pattern)]);
    assert_eq!(found(&set, "xAKIAABCDEFGHIJKLMNOP"), []);
    assert_eq!(found(&set, "AKIAABCDEFGHIJKLMNOPQ"), []);
}

#[test]
fn context_decides_what_a_match_counts_for() {
    let set = compile(r#"[{"id":"id","level":"internal","pattern":"\\d{6}","near":["badge"],"alone":"weak"}]"#);
    assert_eq!(found(&set, "badge 123456"), [("123456", Confidence::Context)]);
    assert_eq!(found(&set, "order 123456"), [("123456", Confidence::Weak)]);
}

#[test]
fn a_value_group_is_what_is_found() {
    let set = compile(r#"[{"id":"cvv","level":"internal","pattern":"(?i:cvv)[: ]{1,3}(?<value>\\d{3})"}]"#);
    assert_eq!(found(&set, "CVV: 123"), [("123", Confidence::Pattern)]);
}

#[test]
fn terms_are_whole_words_in_any_case() {
    let set = compile(r#"[{"id":"t","level":"internal","terms":["Falcon  Nine","機密"]}]"#);
    assert_eq!(
        found(&set, "the falcon\nnine is 機密です"),
        [("falcon\nnine", Confidence::Pattern), ("機密", Confidence::Pattern)]
    );
    assert_eq!(found(&set, "falcon ninety"), []);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let json = r#"[
        {"id":"A b","level":"secret","pattern":"x+"},
        {"id":"b","level":"public","pattern":"ab","form":"email"},
        {"id":"c","level":"public","form":"e-mail"},
        {"id":"d","pattern":"[a-z]{4}","validate":"lunh"},
        {"id":"e","level":"public","terms":["x"]}
    ]"#;
    let configs: Vec<DetectorConfig> = serde_json::from_str(json).unwrap();
    let written: Vec<_> = (0..).zip(configs).map(|(i, config)| (format!("d[{i}]"), config)).collect();
    let problems = Detectors::compile(&written, &Levels::default(), TestValues::Ignore).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "d[0].id: `A b` is no id (write lower-case words, digits and hyphens: `employee-id`)",
            "d[0].level: `secret` is no level (levels are public, internal, confidential, restricted)",
            "d[0].pattern: `x+` has a repeat without an upper bound, or can match more than 1024 bytes \
             (give every repeat an upper bound: `{1,64}` in place of `+`)",
            "d[1]: detector `b` has not exactly one of `pattern`, `terms`, `form`",
            "d[2].form: `e-mail` is no form (did you mean `email`?)",
            "d[3].level: detector `d` has no level",
            "d[3].pattern: `[a-z]{4}` holds neither a literal of three bytes nor four digits \
             (give `literals` of which one is in every match, or `near` words with `alone: drop`)",
            "d[3].validate: `lunh` is no validator (did you mean `luhn`?)",
            "d[4].terms[0]: `x` is 1 bytes long; a term has 2 to 256",
        ]
    );
}

#[test]
fn evasions_do_not_work() {
    let set = compile(
        r#"[{"id":"key","level":"restricted","pattern":"AKIA[A-Z2-7]{16}"},
            {"id":"ssn","level":"restricted","pattern":"\\d{3}-\\d{2}-\\d{4}"}]"#,
    );
    let ways = [
        "ＡＫＩＡABCDEFGHIJKLMNOP",
        "AKIA\u{200b}ABCDEFGHIJKLMNOP",
        "АKIAABCDEFGHIJKLMNOP",
        r"\u0041KIAABCDEFGHIJKLMNOP",
        r"\\u0041KIAABCDEFGHIJKLMNOP",
        r"x:\tAKIAABCDEFGHIJKLMNOP",
        "%41KIAABCDEFGHIJKLMNO%50",
        "%2541KIAABCDEFGHIJKLMNO%50",
        "&#65;KIAABCDEFGHIJKLMNOP",
        "key: QUtJQUFCQ0RFRkdISUpLTE1OT1A=",
        "x QUtJQUFCQ0RFRkdISUpLTE1OT1A x",
        "UVV0SlFVRkNRMFJGUmtkSVNVcExURTFPVDFBPQ==",
        "414b49414142434445464748494a4b4c4d4e4f50",
        "QQBLAEkAQQBBAEIAQwBEAEUARgBHAEgASQBKAEsATABNAE4ATwBQAA==",
        "536\u{2011}22\u{2011}1234",
        "536%2D22%2D1234",
        "NTM2LTIyLTEyMzQ=",
    ];
    let missed: Vec<&str> = ways.into_iter().filter(|way| found(&set, way).len() != 1).collect();
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn a_blob_that_is_no_text_is_told() {
    let set = compile("[]");
    let mut state = 7_u32;
    let random: String = (0..1500)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 26) as usize])
        })
        .collect();
    let (mut work, mut found) = (Work::of(2000), Found::default());
    set.scan(&format!("see data:image/png;base64,iVBORw0KGgo{random} here"), &mut work, &mut found);
    assert_eq!(found.opaque.iter().map(|opaque| opaque.kind).collect::<Vec<_>>(), [OpaqueKind::Image]);
    found.opaque.clear();
    set.scan(&format!("{} and {}", "a".repeat(2000), "path/to/some_thing/".repeat(90)), &mut work, &mut found);
    assert_eq!(found.opaque, []);
}

#[test]
fn spent_work_is_told() {
    let set = compile(r#"[{"id":"n","level":"internal","pattern":"\\d{6,9}"}]"#);
    let mut work = Work::with_steps(500);
    set.scan(&"123456 ".repeat(2000), &mut work, &mut Found::default());
    assert!(work.exhausted());
}
