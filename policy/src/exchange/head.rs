//! A request's headers, as far as they matter here.

use crate::audit::Refused;
use crate::facts::Id;
use crate::request::{Api, Family};

/// A header's name, in lower case, and its value as it came.
pub type Header = (String, Vec<u8>);

/// What a request's headers say.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// The API that it calls.
    pub api: Api,
    /// Whose conventions it follows.
    pub family: Family,
    /// The media type of its body, if it says.
    pub content_type: Option<String>,
    /// The content coding of its body, if there is one; several are joined by commas.
    pub coding: Option<String>,
    /// The length of its body in bytes, if it says.
    pub length: Option<u64>,
    /// Envoy's id of the request.
    pub request_id: Option<Id>,
    /// The W3C trace that it belongs to.
    pub trace_id: Option<Id>,
}

// === impl Head ===

impl Head {
    /// Reads the headers of a request that is read whole before it goes anywhere.
    pub fn read(headers: &[Header]) -> Result<Self, Refused> {
        if method(headers)? == "CONNECT" || values(headers, "upgrade").next().is_some() {
            return Err(Refused::Upgrade);
        }
        let method = method(headers)?;
        let path = text(headers, ":path").ok_or(Refused::Malformed)?;
        let api = Api::of(method, path);
        Ok(Self {
            method: method.to_string(),
            path: path.to_string(),
            api,
            family: family(headers, api, path),
            content_type: text(headers, "content-type").map(String::from),
            coding: coding(headers)?,
            length: text(headers, "content-length").and_then(|length| length.parse().ok()),
            request_id: text(headers, "x-request-id").and_then(|id| id.parse().ok()),
            trace_id: text(headers, "traceparent").and_then(trace_id),
        })
    }
}

/// The list of models is at the same path for OpenAI's clients and Anthropic's; only the latter send these headers.
fn family(headers: &[Header], api: Api, path: &str) -> Family {
    let anthropic = ["anthropic-version", "x-api-key"].iter().any(|name| values(headers, name).next().is_some());
    if api == Api::Models && anthropic { Family::Anthropic } else { Family::of(path) }
}

/// The first value of a header that is text.
fn text<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    values(headers, name).find_map(|value| std::str::from_utf8(value).ok())
}

/// A header's values joined by commas, as a question about the header sees them.
pub fn value(headers: &[Header], name: &str) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = values(headers, name).collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

fn method(headers: &[Header]) -> Result<&str, Refused> {
    text(headers, ":method").ok_or(Refused::Malformed)
}

fn values<'a>(headers: &'a [Header], name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
}

fn coding(headers: &[Header]) -> Result<Option<String>, Refused> {
    let codings: Result<Vec<&str>, _> = values(headers, "content-encoding").map(std::str::from_utf8).collect();
    let codings = codings.map_err(|_| Refused::Malformed)?.join(",");
    Ok((!codings.trim().is_empty()).then_some(codings))
}

/// The second field, <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn trace_id(traceparent: &str) -> Option<Id> {
    traceparent.split('-').nth(1).filter(|id| id.len() == 32)?.parse().ok()
}
