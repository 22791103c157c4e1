//! The request that a provider receives: path and headers, set whole from the router's plan.

use policy::catalogue::Format;
use policy::config::KeyHeader;
use policy::plan::{Attempt, Plan, Unread};
use policy::request::Api;

use crate::headers;

/// All headers of a request to a provider, pseudo-headers first.
///
/// `path` is the provider's own for a request that is translated, and `None` for one that is passed on; `length` is the
/// body's, where there is one. No credential is among them but the client's own where the policy says so: Envoy's
/// `credential_injector` adds the others behind this filter, so they never enter it.
pub fn headers(plan: &Plan, attempt: &Attempt, path: Option<&str>, length: Option<usize>) -> Vec<(String, String)> {
    let own = [
        (":method", plan.method.clone()),
        (":scheme", "https".into()),
        (":authority", attempt.authority.clone()),
        (":path", whole_path(attempt, path.unwrap_or(&plan.path))),
        ("accept", "application/json, text/event-stream, application/x-ndjson".into()),
        // Answers are read for their usage, which compression would hide.
        ("accept-encoding", "identity".into()),
        ("user-agent", concat!("policymesh/", env!("CARGO_PKG_VERSION")).into()),
    ];
    let body = length.into_iter().flat_map(|length| body_headers(plan, length));
    let version = needs_version(plan, attempt).then(|| ("anthropic-version", ANTHROPIC_VERSION.to_string()));
    let key = attempt.client_key.as_ref().zip(plan.client_key.as_ref());
    let key = key.map(|(KeyHeader { header, prefix }, key)| (header.clone(), format!("{prefix}{key}")));
    let passed = plan.headers.iter().filter(|(name, value)| headers::may_pass(attempt.format, name, value));
    let set = own.into_iter().chain(body).chain(version).map(|(name, value)| (name.to_string(), value));
    set.chain(key).chain(passed.cloned()).collect()
}

/// The path with the provider's base before it, or as the provider's template has it.
fn whole_path(attempt: &Attempt, path: &str) -> String {
    let Attempt { base, path: Some(template), model, .. } = attempt else { return format!("{}{path}", attempt.base) };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let operation = path.strip_prefix("/v1/").unwrap_or(path.trim_start_matches('/'));
    let (path, own) = template.fill(model.as_ref().map_or("", |model| &model.id), operation);
    // What the template says of a parameter counts more than what the client says.
    let name = |parameter: &str| parameter.split('=').next().unwrap_or_default().to_owned();
    let known: Vec<String> = own.split('&').map(name).collect();
    let parameters = own.split('&').chain(query.split('&').filter(|parameter| !known.contains(&name(parameter))));
    let parameters: Vec<&str> = parameters.filter(|parameter| !parameter.is_empty()).collect();
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("{base}{path}{mark}{}", parameters.join("&"))
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
    use serde_json::json;

    fn plan(headers: &[(&str, &str)]) -> Plan {
        let body = json!({"length": 10});
        let plan = json!({
            "decision_id": "0123456789abcdef", "api": "messages", "method": "POST", "path": "/v1/messages?beta=true",
            "headers": headers, "client_key": "sk-client", "body": body, "stream": false, "strictness": "strict",
            "attempts": [],
        });
        serde_json::from_value(plan).unwrap()
    }

    fn attempt(format: Format) -> Attempt {
        let attempt = json!({
            "provider": "p", "cluster": "c", "zone": "z", "format": format, "authority": "api.example.com", "base": "/base",
            "model": {"name": "m", "id": "m-1", "written": false},
        });
        serde_json::from_value(attempt).unwrap()
    }

    fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_provider_receives_what_the_plan_says_and_nothing_else() {
        let plan =
            plan(&[("authorization", "Bearer client"), ("cookie", "secret"), ("anthropic-version", "2026-10-21")]);
        let sent = headers(&plan, &attempt(Format::Anthropic), None, Some(10));
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
        plan.body = Some(Body {
            length: 10,
            coding: None,
            model: None,
            ask_usage: None,
            unsigned: false,
            redaction: vec![],
            unread: Some(unread),
        });
        let sent = headers(&plan, &attempt(Format::Ollama), None, Some(10));
        assert_eq!(value(&sent, "content-type"), Some("multipart/form-data; boundary=x"));
        assert_eq!(value(&sent, "content-encoding"), None);
    }

    #[test]
    fn anthropic_gets_a_version_even_from_a_client_that_names_none() {
        let sent = headers(&plan(&[]), &attempt(Format::Anthropic), None, None);
        assert_eq!(value(&sent, "anthropic-version"), Some("2023-06-01"));
        assert_eq!(value(&sent, "content-length"), None);
    }

    #[test]
    fn a_path_of_its_own_takes_model_operation_and_query() {
        let mut azure = attempt(Format::Openai);
        azure.path = "/openai/deployments/{model}/{operation}?api-version=2024-10-21".parse().ok();
        for (path, expected) in [
            ("/v1/chat/completions", "/base/openai/deployments/m-1/chat/completions?api-version=2024-10-21"),
            ("/v1/models?api-version=1&limit=2", "/base/openai/deployments/m-1/models?api-version=2024-10-21&limit=2"),
        ] {
            assert_eq!(whole_path(&azure, path), expected);
        }
        let plain = attempt(Format::Openai);
        assert_eq!(value(&headers(&plan(&[]), &plain, Some("/v1/x"), None), ":path"), Some("/base/v1/x"));
    }

    #[test]
    fn a_clients_own_key_goes_only_where_the_policy_says_so() {
        let mut attempt = attempt(Format::Openai);
        assert!(!format!("{:?}", headers(&plan(&[]), &attempt, None, None)).contains("sk-client"));
        attempt.client_key = Some(Format::Openai.key_header());
        let sent = headers(&plan(&[]), &attempt, None, None);
        assert_eq!(value(&sent, "authorization"), Some("Bearer sk-client"));
        assert!(!format!("{:?}", plan(&[])).contains("sk-client"));
    }
}
