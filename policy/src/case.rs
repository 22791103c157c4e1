//! The policy-test format: a policy, and cases that say what it must do with a request.
//!
//! `tests/corpus/README.md` describes the format for its users. Reading files is left to whoever runs the cases.

#[cfg(feature = "cases")]
mod coverage;
#[cfg(feature = "cases")]
mod mutate;
#[cfg(feature = "cases")]
mod run;
#[cfg(feature = "cases")]
mod sent;

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::json;

#[cfg(feature = "cases")]
pub use self::{
    coverage::{Coverage, Covered, PredicateCoverage, RuleCoverage},
    mutate::{Mutant, mutants, survivors},
    run::{Ran, run},
    sent::Sent,
};
use crate::problem::Problem;

/// A file of cases: one policy and what it must do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The policy document, YAML or JSON.
    pub policy: Option<String>,
    /// The path of the policy document, relative to this file; instead of `policy`.
    pub policy_file: Option<String>,
    /// The cases.
    #[serde(rename = "case", default)]
    pub cases: Vec<Case>,
}

/// A request, and what the policy must do with it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, as a sentence.
    pub name: String,
    /// The HTTP method.
    #[serde(default = "post")]
    pub method: String,
    /// The path, with the query if there is one.
    #[serde(default = "chat_completions")]
    pub path: String,
    /// Request headers besides those that every request has.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The model that a `prompt` asks for.
    pub model: Option<String>,
    /// Short for a chat body with this one user message.
    pub prompt: Option<String>,
    /// The body as text; instead of `prompt`.
    pub body: Option<String>,
    /// The body as standard base64, for bytes that are no text; instead of `prompt`.
    pub body_base64: Option<String>,
    /// The content codings that the runner applies to the body, first to last: `gzip`, `deflate`, `br`, `zstd`.
    #[serde(default)]
    pub encoding: Vec<String>,
    /// How many bytes of the body the runner sends at a time; all at once if absent.
    pub chunk: Option<usize>,
    /// Request trailers, which follow the body.
    #[serde(default)]
    pub trailers: BTreeMap<String, String>,
    /// What must come out.
    pub expect: Expect,
}

/// What a decision must be. What is absent is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What is done: `route`, `answer` from the catalogue, `deny` by the policy, or `refuse` because it cannot be decided
    /// at all.
    pub action: Option<String>,
    /// The name of the rule that decided.
    pub rule: Option<String>,
    /// Why: the kind of the decision's reason (`rule`, `no-rule`, `no-candidate`), or that of the refusal (`upgrade`, ...).
    pub reason: Option<String>,
    /// The API that the request is taken to call.
    pub api: Option<String>,
    /// Why the body could not be read; empty if it was.
    pub unreadable: Option<String>,
    /// All kinds of content that cannot be read as text, in any order.
    pub opaque: Option<Vec<String>>,
    /// The names of the models, in the order in which they are tried; the provider's name where there is no model.
    pub candidates: Option<Vec<String>>,
    /// The name of the request's level.
    pub level: Option<String>,
    /// All labels, in any order.
    pub labels: Option<Vec<String>>,
    /// Detectors that must be among those that found something.
    pub detectors: Option<Vec<String>>,
    /// Detectors that must have found nothing.
    pub no_detectors: Option<Vec<String>>,
    /// The detectors whose findings are replaced by placeholders, where some candidate gets the request so.
    pub redacted: Option<Vec<String>>,
    /// The HTTP status that the client sees.
    pub status: Option<u16>,
    /// The code or type in the error that the client sees.
    pub error: Option<String>,
    /// The names in the list of models that the client sees, in their order.
    pub models: Option<Vec<String>>,
    /// The name of the provider that receives the request; every other receives nothing.
    pub received_by: Option<String>,
    /// Strings that the provider that receives the request must receive, likewise.
    pub received: Option<Vec<String>>,
    /// Strings that no provider may receive, in the path, a header or the body.
    pub not_received: Option<Vec<String>>,
}

/// The body of a case, before content codings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// No body at all.
    Absent,
    /// These characters.
    Text(String),
    /// These bytes, once decoded from base64.
    Base64(String),
}

/// The model that a `prompt` asks for unless the case says otherwise.
pub const DEFAULT_MODEL: &str = "auto";

fn post() -> String {
    "POST".to_owned()
}

fn chat_completions() -> String {
    "/v1/chat/completions".to_owned()
}

// === impl CaseFile ===

impl CaseFile {
    /// Everything that keeps these cases from proving something. Empty if all is well.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.policy.is_some() == self.policy_file.is_some() {
            problems.push(Problem::error("policy", "exactly one of `policy` and `policy_file` must be given"));
        }
        if self.cases.is_empty() {
            problems.push(Problem::error("case", "there is no case"));
        }
        let mut seen = HashSet::new();
        for (index, case) in self.cases.iter().enumerate() {
            let path = format!("case[{index}]");
            if !seen.insert(case.name.as_str()) {
                problems.push(Problem::error(format!("{path}.name"), format!("`{}` is named twice", case.name)));
            }
            problems.extend(case.problems(&path));
        }
        problems
    }
}

// === impl Case ===

impl Case {
    /// The body to send, before content codings.
    pub fn body(&self) -> Body {
        if let Some(prompt) = &self.prompt {
            let model = self.model.as_deref().unwrap_or(DEFAULT_MODEL);
            return Body::Text(json!({"model": model, "messages": [{"role": "user", "content": prompt}]}).to_string());
        }
        match (&self.body, &self.body_base64) {
            (Some(text), _) => Body::Text(text.clone()),
            (None, Some(encoded)) => Body::Base64(encoded.clone()),
            (None, None) => Body::Absent,
        }
    }

    fn problems(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let bodies = [&self.prompt, &self.body, &self.body_base64].into_iter().flatten().count();
        if bodies > 1 {
            problems.push(Problem::error(path, "at most one of `prompt`, `body` and `body_base64` may be given"));
        }
        if self.model.is_some() && self.prompt.is_none() {
            problems.push(
                Problem::error(format!("{path}.model"), "`model` goes with `prompt`").help("name it in the body"),
            );
        }
        if self.chunk == Some(0) {
            problems.push(Problem::error(format!("{path}.chunk"), "`0` bytes at a time never end"));
        }
        if self.expect == Expect::default() {
            problems.push(Problem::error(format!("{path}.expect"), "nothing is expected, so the case cannot fail"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(value: serde_json::Value) -> CaseFile {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_prompt_is_short_for_a_chat_body() {
        let file = file(
            json!({"policy": "x", "case": [{"name": "a", "prompt": "hi \"you\"", "expect": {"action": "route"}}]}),
        );
        assert_eq!(file.problems(), []);
        let expected = json!({"model": "auto", "messages": [{"role": "user", "content": "hi \"you\""}]});
        assert_eq!(file.cases[0].body(), Body::Text(expected.to_string()));
    }

    #[test]
    fn every_problem_is_reported_with_its_place() {
        let problems = file(json!({"policy": "x", "policy_file": "y", "case": [
            {"name": "a", "prompt": "x", "body": "y", "expect": {"status": 200}},
            {"name": "a", "chunk": 0, "model": "m", "expect": {}},
        ]}));
        let said: Vec<_> = problems.problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "policy: exactly one of `policy` and `policy_file` must be given",
                "case[0]: at most one of `prompt`, `body` and `body_base64` may be given",
                "case[1].name: `a` is named twice",
                "case[1].model: `model` goes with `prompt` (name it in the body)",
                "case[1].chunk: `0` bytes at a time never end",
                "case[1].expect: nothing is expected, so the case cannot fail",
            ]
        );
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let refused = serde_json::from_value::<CaseFile>(
            json!({"policy": "x", "case": [{"name": "a", "expect": {"acton": "deny"}}]}),
        );
        assert!(refused.unwrap_err().to_string().contains("unknown field `acton`"));
    }
}
