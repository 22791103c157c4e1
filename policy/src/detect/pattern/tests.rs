use super::*;

fn triggers(pattern: &str) -> Option<Vec<(String, (usize, usize))>> {
    let (_, trigger) = Pattern::compile(pattern, false, Boundary::Word, None).unwrap();
    let anchors = trigger?.0.into_iter();
    Some(anchors.map(|anchor| (String::from_utf8(anchor.literal).unwrap(), anchor.before)).collect())
}

#[test]
fn the_trigger_is_the_rarest_literal() {
    let one = |literal: &str, before| Some(vec![(literal.to_owned(), before)]);
    assert_eq!(triggers("AKIA[A-Z2-7]{16}"), one("akia", (0, 0)));
    assert_eq!(triggers(r"[a-z]{2,9}\.hooks\.acme\.com/\w{8}"), one(".hooks.acme.com/", (2, 9)));
    assert_eq!(triggers(r"(?i:cvv)[: ]{1,3}\d{3}"), one("cvv", (0, 0)));
    assert_eq!(triggers("gh[ps]_[A-Za-z0-9]{36}").map(|all| all.len()), Some(2));
    assert_eq!(triggers("(?:sk|rk)_live_[a-z]{9}|whsec_[a-z]{9}").map(|all| all.len()), Some(3));
    assert_eq!(triggers(r"\d{3}-\d{2}-\d{4}"), None);
    assert_eq!(triggers(r"(?:abcd)?\d{8}"), None);
}

#[test]
fn a_pattern_matches_as_its_regular_expression_does() {
    let cases = [
        (r"a{1,3}ab", "aaab", Some(4)),
        (r"(?:ab|a)bc", "abc", Some(3)),
        (r"\d{3,5}?", "123456", None),
        (r"\d{3,6}", "123456", Some(6)),
        (r"x(?:yz){1,3}!", "xyzyz!", Some(6)),
        (r"[a-c]{2,4}c", "abcc", Some(4)),
        (r"^ab$", "ab\n", Some(2)),
    ];
    for (pattern, text, expected) in cases {
        let (compiled, _) = Pattern::compile(pattern, false, Boundary::Word, None).unwrap();
        let found = compiled.run(text.as_bytes(), 0, &mut Stack::default(), &mut 10_000);
        assert_eq!(found.map(|found| found.end), expected, "{pattern} on {text}");
    }
}

#[test]
fn a_costly_pattern_stops_when_its_steps_are_spent() {
    let (compiled, _) = Pattern::compile("(?:a?){40}a{40}", false, Boundary::None, None).unwrap();
    let mut steps = 100_000;
    assert_eq!(compiled.run(&[b'a'; 39], 0, &mut Stack::default(), &mut steps), None);
    assert_eq!(steps, 0);
}
