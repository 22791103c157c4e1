//! Results as JUnit's XML: <https://github.com/testmoapp/junitxml>.

use std::fmt::Write as _;

use super::{PolicyResult, Results, Suite};

/// The whole document. What a policy's cases leave out fails as a case of its own.
pub fn xml(results: &Results) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"policymesh test\">\n");
    for Suite { file, problems, cases } in &results.suites {
        let file = file.display().to_string();
        let whole = (!problems.is_empty()).then_some(("the file can be run", problems.as_slice(), 0.0));
        let each = cases.iter().map(|case| (case.name.as_str(), case.failures.as_slice(), case.seconds));
        suite(&mut xml, &file, &whole.into_iter().chain(each).collect::<Vec<_>>());
    }
    for policy in &results.policies {
        let wrong = wrong(policy);
        suite(&mut xml, &format!("policy {}", policy.policy), &[("its cases cover it", wrong.as_slice(), 0.0)]);
    }
    xml + "</testsuites>\n"
}

/// What is wrong with how a policy is tested.
fn wrong(policy: &PolicyResult) -> Vec<String> {
    let covered = (!policy.enough).then(|| format!("{} % of rules and predicates are covered", policy.percent));
    let unnoticed = policy.unnoticed.iter().flatten().map(|unnoticed| format!("no case notices: {}", unnoticed.change));
    covered.into_iter().chain(unnoticed).collect()
}

fn suite(xml: &mut String, name: &str, cases: &[(&str, &[String], f64)]) {
    let failed = cases.iter().filter(|(_, failures, _)| !failures.is_empty()).count();
    let seconds: f64 = cases.iter().map(|(.., seconds)| seconds).sum();
    // Writing to a string cannot fail.
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" time=\"{seconds:.6}\">",
        escaped(name),
        cases.len()
    );
    for (case, failures, seconds) in cases {
        let _ = write!(
            xml,
            "    <testcase name=\"{}\" classname=\"{}\" time=\"{seconds:.6}\"",
            escaped(case),
            escaped(name)
        );
        let _ = match failures.first() {
            None => writeln!(xml, "/>"),
            Some(first) => writeln!(
                xml,
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                escaped(first),
                escaped(&failures.join("\n"))
            ),
        };
    }
    *xml += "  </testsuite>\n";
}

/// Text as it may stand in an attribute: <https://www.w3.org/TR/xml/#charsets> has no control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\t' | '\r' => escaped.push(' '),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::test::suite::CaseResult;

    #[test]
    fn a_failure_is_written_with_its_case() {
        let case = |name: &str, failures: &[&str]| CaseResult {
            name: name.into(),
            failures: failures.iter().map(ToString::to_string).collect(),
            seconds: 0.0,
        };
        let cases = vec![case("a < b & \"c\"", &["rule: \u{1}", "level: x"]), case("fine", &[])];
        let suites = vec![Suite { file: "a.toml".into(), problems: vec![], cases }];
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"policymesh test\">
  <testsuite name=\"a.toml\" tests=\"2\" failures=\"1\" time=\"0.000000\">
    <testcase name=\"a &lt; b &amp; &quot;c&quot;\" classname=\"a.toml\" time=\"0.000000\">
      <failure message=\"rule: \u{fffd}\">rule: \u{fffd}&#10;level: x</failure>
    </testcase>
    <testcase name=\"fine\" classname=\"a.toml\" time=\"0.000000\"/>
  </testsuite>
</testsuites>
";
        assert_eq!(xml(&Results { suites, policies: vec![] }), expected);
    }
}
