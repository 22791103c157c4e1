//! What an engine did with a request, as far as it can tell, and whether that was expected.

use policy::case::Expect;
use serde_json::Value;

use crate::standin::Received;

/// What an engine did with a request. What it cannot tell is `None`, and then not compared.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The audit record, as JSON.
    pub record: Value,
    /// The HTTP status that the client saw.
    pub status: Option<u16>,
    /// The body that the client saw.
    pub answer: Option<Vec<u8>>,
    /// What providers received, by the provider's name.
    pub received: Option<Vec<(String, Received)>>,
}

// === impl Observed ===

impl Observed {
    /// Everything that is not as expected.
    pub fn compare(&self, expect: &Expect) -> Vec<String> {
        let mut wrong = Differences::default();
        self.compare_decision(expect, &mut wrong);
        self.compare_findings(expect, &mut wrong);
        self.compare_answer(expect, &mut wrong);
        self.compare_received(expect, &mut wrong);
        wrong.0
    }

    fn compare_decision(&self, expect: &Expect, wrong: &mut Differences) {
        let (record, facts) = (&self.record, &self.record["facts"]);
        wrong.note("action", &expect.action, &key(&record["action"]));
        wrong.note("rule", &expect.rule, &text(&record["rule"]));
        wrong.note("reason", &expect.reason, &self.reason());
        wrong.note("candidates", &expect.candidates, &self.candidates());
        wrong.note("redacted", &expect.redacted.clone().map(sorted), &self.redacted());
        wrong.note("level", &expect.level, &text(&record["level"]));
        wrong.note("api", &expect.api, &text(&facts["api"]));
        wrong.note("unreadable", &expect.unreadable, &text(&facts["unreadable"]));
        wrong.note("opaque", &expect.opaque.clone().map(sorted), &sorted(texts(&facts["opaque"])));
    }

    fn compare_findings(&self, expect: &Expect, wrong: &mut Differences) {
        let facts = &self.record["facts"];
        wrong.note("labels", &expect.labels.clone().map(sorted), &sorted(texts(&facts["labels"])));
        let found: Vec<_> =
            facts["detectors"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        for missing in expect.detectors.iter().flatten().filter(|detector| !found.contains(detector)) {
            wrong.0.push(format!("detectors: `{missing}` is not among {found:?}"));
        }
        for false_alarm in expect.no_detectors.iter().flatten().filter(|detector| found.contains(detector)) {
            wrong.0.push(format!("no_detectors: `{false_alarm}` is among {found:?}"));
        }
    }

    fn compare_answer(&self, expect: &Expect, wrong: &mut Differences) {
        if let Some(status) = self.status {
            wrong.note("status", &expect.status, &status);
        }
        let Some(answer) = &self.answer else { return };
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        wrong.note("models", &expect.models, &listed(&answer));
        let Some(error) = &expect.error else { return };
        let said = ["/error/code", "/error/type", "/error"].map(|place| answer.pointer(place).and_then(Value::as_str));
        if !said.contains(&Some(error.as_str())) {
            wrong.0.push(format!("error: expected `{error}`, but the answer is {answer}"));
        }
    }

    fn compare_received(&self, expect: &Expect, wrong: &mut Differences) {
        let Some(received) = &self.received else { return };
        let by: Vec<_> = received.iter().map(|(provider, _)| provider.clone()).collect();
        let nobody = [Some("deny"), Some("refuse"), Some("answer")].contains(&expect.action.as_deref());
        if let Some(expected) = expect.received_by.clone().map(|provider| vec![provider]).or(nobody.then(Vec::new)) {
            wrong.note("received_by", &Some(expected), &by);
        }
        for text in expect.received.iter().flatten() {
            for (provider, _) in received.iter().filter(|(_, received)| !received.contains(text)) {
                wrong.0.push(format!("received: `{provider}` did not receive `{text}`"));
            }
        }
        for secret in expect.not_received.iter().flatten() {
            for (provider, _) in received.iter().filter(|(_, received)| received.contains(secret)) {
                wrong.0.push(format!("not_received: `{provider}` received `{secret}`"));
            }
        }
    }

    fn reason(&self) -> String {
        match &self.record["action"]["refuse"] {
            Value::Null => key(&self.record["decision"]["reason"]),
            refused => text(refused),
        }
    }

    fn redacted(&self) -> Vec<String> {
        let replaced = self.record["decision"]["redacted"]["replaced"].as_object();
        replaced.into_iter().flatten().map(|(detector, _)| detector.clone()).collect()
    }

    fn candidates(&self) -> Vec<String> {
        let route = self.record["decision"]["outcome"]["route"].as_array();
        let name = |candidate: &Value| match &candidate["model"] {
            Value::Null => text(&candidate["provider"]),
            model => text(&model["name"]),
        };
        route.into_iter().flatten().map(name).collect()
    }
}

/// What is not as expected, in words.
#[derive(Default)]
struct Differences(Vec<String>);

// === impl Differences ===

impl Differences {
    fn note<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &Option<T>, observed: &T) {
        if let Some(expected) = expected.as_ref().filter(|expected| *expected != observed) {
            self.0.push(format!("{what}: expected {expected:?}, but it is {observed:?}"));
        }
    }
}

/// The models that an answer lists, in any API's shape.
fn listed(answer: &Value) -> Vec<String> {
    let list = answer["data"].as_array().or(answer["models"].as_array());
    let name = |model: &Value| text(if model["id"].is_null() { &model["name"] } else { &model["id"] });
    list.into_iter().flatten().map(name).collect()
}

/// The name of a variant, written as a string or as the only key of an object.
fn key(value: &Value) -> String {
    value.as_object().and_then(|fields| fields.keys().next().cloned()).unwrap_or_else(|| text(value))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn observed() -> Observed {
        let record = json!({
            "action": "deny", "rule": "secrets", "level": "restricted",
            "facts": {"api": "chat", "labels": ["pii", "credential"], "detectors": {"aws-key": {"count": 1}}},
            "decision": {"outcome": {"deny": {}}, "reason": {"rule": "secrets"}},
        });
        let answer = Some(br#"{"error": {"code": "policy_denied"}}"#.to_vec());
        Observed { record, status: Some(403), answer, received: Some(vec![]) }
    }

    #[test]
    fn what_is_as_expected_says_nothing() {
        let expect: Expect = serde_json::from_value(json!({
            "action": "deny", "rule": "secrets", "reason": "rule", "level": "restricted", "api": "chat", "unreadable": "",
            "labels": ["credential", "pii"], "detectors": ["aws-key"], "candidates": [], "status": 403,
            "error": "policy_denied", "not_received": ["x"],
        }))
        .unwrap();
        assert_eq!(observed().compare(&expect), [""; 0]);
    }

    #[test]
    fn every_difference_is_told() {
        let expect: Expect = serde_json::from_value(json!({
            "action": "route", "rule": "a", "reason": "no-rule", "level": "public", "api": "messages", "unreadable": "too-deep",
            "opaque": ["image"], "labels": [], "detectors": ["iban"], "no_detectors": ["aws-key"], "candidates": ["m"],
            "status": 200, "error": "x", "received_by": "ollama",
        }))
        .unwrap();
        assert_eq!(observed().compare(&expect).len(), 14);
    }
}
