//! The tests that a version of a policy comes with.

use std::rc::Rc;

use policy::case::{Case, CaseFile, run};
use policy::exchange::{Engine, Secrets};
use policy::policy::Policy;
use policy::problem::Problem;
use serde::{Deserialize, Serialize};

use crate::service::time::now_us;

/// A file of cases, in the format of `policymesh test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// What it says, TOML. The policy that it names is not looked at: its cases are for the version that it comes with.
    pub cases: String,
}

/// The most cases of a version.
const MOST_CASES: usize = 10_000;
/// The most cases that are told to fail.
const MOST_TOLD: usize = 100;

/// Everything that the policy does otherwise than its tests say. Takes up to seconds.
pub fn failures(policy: Policy, suites: &[Suite]) -> Vec<Problem> {
    let (mut problems, mut cases) = (Vec::new(), Vec::new());
    for suite in suites {
        match suite.read() {
            Ok(read) => cases.extend(read.into_iter().map(|case| (suite.name.as_str(), case))),
            Err(wrong) => problems.extend(wrong),
        }
    }
    if cases.len() > MOST_CASES {
        problems.push(Problem::error("tests", format!("{} cases are too many: at most {MOST_CASES}", cases.len())));
    }
    if !problems.is_empty() {
        return problems;
    }
    let engine = Rc::new(Engine::new(policy, Secrets::default()));
    let failure = |(suite, case): &(&str, Case)| {
        let failures = match run(&engine, case, now_us() * 1_000) {
            Ok(ran) => ran.differences(&case.expect),
            Err(reason) => vec![reason],
        };
        (!failures.is_empty()).then(|| {
            Problem::error(format!("tests: {suite}"), format!("`{}` fails: {}", case.name, failures.join("; ")))
        })
    };
    cases.iter().filter_map(failure).take(MOST_TOLD).collect()
}

// === impl Suite ===

impl Suite {
    fn read(&self) -> Result<Vec<Case>, Vec<Problem>> {
        let place = format!("tests: {}", self.name);
        let read: CaseFile =
            toml::from_str(&self.cases).map_err(|reason| vec![Problem::error(&*place, reason.to_string())])?;
        // The version stands in for whatever policy the file is for.
        let file = CaseFile { policy: Some(String::new()), policy_file: None, ..read };
        let problems: Vec<_> =
            file.problems().iter().map(|problem| Problem::error(&*place, problem.to_string())).collect();
        if problems.is_empty() { Ok(file.cases) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "
apiVersion: policymesh.dev/v1
kind: Policy
metadata: {name: small}
spec:
  sensitivity: {packs: [secrets]}
  providers: [{name: here, format: ollama, cluster: here, zone: local, cleared: restricted}]
  models: [{name: llama, provider: here}]
  rules: [{name: all, action: {route: {models: [llama]}}}]
";

    fn told(cases: &str) -> Vec<String> {
        let (policy, _) = Policy::parse(POLICY.as_bytes()).unwrap();
        let suites = [Suite { name: "a.toml".into(), cases: cases.into() }];
        failures(policy, &suites).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn cases_that_hold_say_nothing_and_others_what_is_otherwise() {
        let case = |rule: &str| format!("[[case]]\nname = \"a\"\nprompt = \"hi\"\nexpect = {{ rule = \"{rule}\" }}\n");
        assert_eq!(told(&case("all")), [""; 0]);
        let expected = "tests: a.toml: `a` fails: rule: expected \"none\", but it is \"all\"";
        assert_eq!(told(&case("none")), [expected]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_failure() {
        assert_eq!(told("[[case]]\n").len(), 1);
        let nothing = told("[[case]]\nname = \"a\"\nprompt = \"hi\"\nexpect = {}\n");
        assert_eq!(nothing, ["tests: a.toml: case[0].expect: nothing is expected, so the case cannot fail"]);
    }
}
