//! The request that a provider receives: path and headers, set whole from the router's plan.

use policy::catalogue::Format;
use policy::plan::{Attempt, Plan, Unread};
use policy::request::Api;

use crate::headers;

/// All headers of a request to a provider, pseudo-headers first.
///
/// `length` is the body's, where there is one. Credentials are not among them: Envoy's `credential_injector` adds them
/// behind this filter, so they never enter it.
pub fn headers(plan: &Plan, attempt: &Attempt, length: Option<usize>) -> Vec<(String, String)> {
    let own = [
        (":method", plan.method.clone()),
        (":scheme", "https".into()),
        (":authority", attempt.authority.clone()),
        (":path", format!("{}{}", attempt.base, plan.path)),
        ("accept", "application/json, text/event-stream, application/x-ndjson".into()),
        // Answers are read for their usage, which compression would hide.
        ("accept-encoding", "identity".into()),
        ("user-agent", concat!("policymesh/", env!("CARGO_PKG_VERSION")).into()),
    ];
    let body = length.into_iter().flat_map(|length| body_headers(plan, length));
    let version = needs_version(plan, attempt).then(|| ("anthropic-version", ANTHROPIC_VERSION.to_string()));
    let passed = plan.headers.iter().filter(|(name, value)| headers::may_pass(attempt.format, name, value));
    let set = own.into_iter().chain(body).chain(version).map(|(name, value)| (name.to_string(), value));
    set.chain(passed.cloned()).collect()
}

fn body_headers(plan: &Plan, length: usize) -> Vec<(&'static str, String)> {
    let length = ("content-length", length.to_string());
    match plan.body.as_ref().and_then(|body| body.unread.clone()) {
        None => vec![length, ("content-type", "application/json".into())],
        Some(Unread { content_type, content_encoding }) => {
            let told = [("content-type", content_type), ("content-encoding", content_encoding)];
            let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
            std::iter::once(length).chain(told).collect()
        }
    }
}

/// The version that Anthropic's API is asked for where the client named none.
const ANTHROPIC_VERSION: &str = "2023-06-01";

fn needs_version(plan: &Plan, attempt: &Attempt) -> bool {
    let named = plan
        .headers
        .iter()
        .any(|(name, value)| name == "anthropic-version" && headers::may_pass(attempt.format, name, value));
    attempt.format == Format::Anthropic && plan.api != Api::Other && !named
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::plan::Body;

    fn plan(headers: &[(&str, &str)]) -> Plan {
        Plan {
            api: Api::Messages,
            method: "POST".into(),
            path: "/v1/messages?beta=true".into(),
            headers: headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            body: Some(Body { length: 10, coding: None, model: None, unread: None }),
            attempts: vec![],
        }
    }

    fn attempt(format: Format) -> Attempt {
        Attempt { cluster: "c".into(), format, authority: "api.example.com".into(), base: "/base".into(), model: None }
    }

    fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_provider_receives_what_the_plan_says_and_nothing_else() {
        let plan =
            plan(&[("authorization", "Bearer client"), ("cookie", "secret"), ("anthropic-version", "2026-10-21")]);
        let sent = headers(&plan, &attempt(Format::Anthropic), Some(10));
        assert_eq!(value(&sent, ":path"), Some("/base/v1/messages?beta=true"));
        assert_eq!(value(&sent, ":authority"), Some("api.example.com"));
        assert_eq!(value(&sent, "content-length"), Some("10"));
        assert_eq!(value(&sent, "anthropic-version"), Some("2026-10-21"));
        assert_eq!(value(&sent, "authorization"), None);
        assert_eq!(value(&sent, "cookie"), None);
    }

    #[test]
    fn a_body_that_could_not_be_read_goes_as_the_client_described_it() {
        let mut plan = plan(&[]);
        let unread = Unread { content_type: Some("multipart/form-data; boundary=x".into()), content_encoding: None };
        plan.body = Some(Body { length: 10, coding: None, model: None, unread: Some(unread) });
        let sent = headers(&plan, &attempt(Format::Ollama), Some(10));
        assert_eq!(value(&sent, "content-type"), Some("multipart/form-data; boundary=x"));
        assert_eq!(value(&sent, "content-encoding"), None);
    }

    #[test]
    fn anthropic_gets_a_version_even_from_a_client_that_names_none() {
        let sent = headers(&plan(&[]), &attempt(Format::Anthropic), None);
        assert_eq!(value(&sent, "anthropic-version"), Some("2023-06-01"));
        assert_eq!(value(&sent, "content-length"), None);
    }
}
