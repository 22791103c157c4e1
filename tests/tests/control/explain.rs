//! The service explains as the core decides.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::case::Sent;
use serde_json::{Value, json};
use tests::control::Control;
use tests::corpus::{Engine, Observed, prove};

use crate::{local_only, name, policy};

/// The service's API, asked to explain by one policy.
struct Api<'c> {
    control: &'c Control,
    policy: String,
}

// === impl Api ===

impl Engine for Api<'_> {
    fn decide(&mut self, sent: &Sent) -> Result<Observed> {
        let fields = |fields: &[(String, String)]| fields.iter().cloned().collect::<BTreeMap<_, _>>();
        let request = json!({
            "method": sent.method, "path": sent.path, "headers": fields(&sent.headers), "trailers": fields(&sent.trailers),
            "body_base64": STANDARD.encode(sent.chunks.concat()),
        });
        let asked = json!({"document": self.policy, "request": request});
        let answer = self.control.post("/v1/explain", None, &asked);
        if answer.status != 200 {
            bail!("{} {}", answer.status, answer.text());
        }
        let mut explained: Value = answer.json();
        let status = match (&explained["refusal"]["status"], &explained["models"]) {
            (Value::Null, Value::Null) => None,
            (Value::Null, _) => Some(200),
            (status, _) => status.as_u64().and_then(|status| u16::try_from(status).ok()),
        };
        Ok(Observed { record: explained["record"].take(), status, ..Observed::default() })
    }
}

#[test]
fn every_case_of_the_corpus_holds_in_what_the_service_explains() {
    let control = Control::start().unwrap();
    prove(|suite| Ok(Api { control: &control, policy: suite.policy.to_string() }));
}

#[test]
fn a_request_is_explained_by_any_version_and_kept_nowhere() {
    let control = Control::start().unwrap();
    control.apply(&policy("lock"), &[]);
    control.apply(&local_only(), &["--no-publish"]);
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "say Xylophone-4711"}]}).to_string();
    let explain = |wanted: Value| {
        let mut asked = json!({"request": {"path": "/v1/chat/completions", "body": body}});
        asked.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        control.post("/v1/explain", None, &asked)
    };
    let first = |wanted: Value| explain(wanted).json()["record"]["chosen"]["model"]["name"].clone();
    assert_eq!(first(json!({"policy": name()})), "big");
    assert_eq!(first(json!({"policy": name(), "version": 2})), "small");
    for (wanted, status, told) in [
        (json!({}), 400, "say which policy decides"),
        (json!({"policy": "x", "document": "{}"}), 400, "say which policy decides"),
        (json!({"policy": "x"}), 404, "policy `x`"),
        (json!({"policy": name(), "version": 9}), 404, "version 9 of policy `lock`"),
        (json!({"document": "{}"}), 422, "problem"),
    ] {
        let answer = explain(wanted);
        assert!(answer.status == status && answer.text().contains(told), "{} {}", answer.status, answer.text());
    }
    let kept = control.get("/v1/audit/export").text() + &control.log();
    assert!(!kept.contains("Xylophone-4711"), "the service keeps what it was asked about");
}
