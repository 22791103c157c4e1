//! What a provider says when it fails, in the client's format.
//!
//! Whatever it says: its own format's document, another server's, or a web page of some proxy in between.

use policy::request::Family;

use crate::{
    error::Error,
    json::{Node, Object},
};

/// The most of a failure's body that is worth reading, in bytes.
pub const LONGEST_BODY: usize = 64 * 1024;

/// The longest message that is passed on, in characters.
const LONGEST_MESSAGE: usize = 4096;

/// A provider's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status that the client gets.
    pub status: u16,
    /// The provider's words, or ours where it has none. They may repeat the client's: no record may hold them.
    pub message: String,
}

// === impl Failure ===

impl Failure {
    /// Reads an answer whose status says that it is a failure.
    pub fn read(status: u16, body: &[u8]) -> Self {
        let said = Node::parse(body).filter(|node| node.is_object()).and_then(|document| {
            let mut object = Object::answered(Some(document));
            // `error` is everybody's; `message` and `detail` at the top are those of vLLM, Mistral and FastAPI.
            message(object.take("error")).or_else(|| message(Some(document)))
        });
        Self { status, message: said.unwrap_or_else(|| format!("the provider answered with status {status}")) }
    }

    /// Reads a failure that comes in the middle of a stream, after a status that promised success.
    pub(crate) fn of(error: Node<'_>) -> Self {
        let mut object = Object::answered(Some(error));
        let kind = object.take("type").and_then(Node::text).unwrap_or_default();
        let code = object.take("code");
        let numbered = code.and_then(Node::whole).and_then(|code| u16::try_from(code).ok());
        let numbered = numbered.filter(|code| (400..=599).contains(code));
        let code = code.and_then(Node::text).unwrap_or_default();
        let status = numbered.or_else(|| status_of(&kind)).or_else(|| status_of(&code)).unwrap_or(500);
        Self { status, message: message(Some(error)).unwrap_or_else(|| "the provider failed".into()) }
    }

    /// The status and the body for a client.
    ///
    /// Only Anthropic's clients know 529; to others the provider is just not available.
    pub fn tell(&self, family: Family, request_id: &str) -> (u16, Vec<u8>) {
        let status = match (self.status, family) {
            (529, Family::OpenAi | Family::Ollama) => 503,
            (status, _) => status,
        };
        (status, body(family, status, &self.message, request_id))
    }
}

/// An error's body for a client.
pub(crate) fn body(family: Family, status: u16, message: &str, request_id: &str) -> Vec<u8> {
    Error { status, code: code(status, message), message, request_id }.body(family)
}

/// OpenAI's word for what went wrong. Programs look for these, most of all for the one about length.
fn code(status: u16, message: &str) -> &'static str {
    let too_long = ["prompt is too long", "context length", "context window", "exceeds the available context size"];
    match status {
        400 | 413 if too_long.iter().any(|words| message.contains(words)) => "context_length_exceeded",
        400..=499 => match status {
            401 => "invalid_api_key",
            404 => "model_not_found",
            429 => "rate_limit_exceeded",
            _ => "invalid_request",
        },
        _ => "server_error",
    }
}

fn message(node: Option<Node<'_>>) -> Option<String> {
    let node = node?;
    let said = node.text().or_else(|| {
        let mut object = Object::answered(Some(node));
        ["message", "detail"].iter().find_map(|name| object.take(name)?.text())
    });
    said.filter(|said| !said.is_empty()).map(|said| said.chars().take(LONGEST_MESSAGE).collect())
}

/// The status that a type or code of an error stands for.
///
/// <https://platform.claude.com/docs/en/api/errors>, <https://platform.openai.com/docs/guides/error-codes>
fn status_of(kind: &str) -> Option<u16> {
    Some(match kind {
        "invalid_request_error" | "context_length_exceeded" => 400,
        "authentication_error" | "invalid_api_key" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" | "model_not_found" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "tokens" | "requests" => 429,
        "api_error" | "server_error" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(status: u16, body: &str, family: Family) -> (u16, Value) {
        let (status, body) = Failure::read(status, body.as_bytes()).tell(family, "d-1");
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn every_servers_words_reach_the_client() {
        for body in [
            r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":null}}"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"},"request_id":"r"}"#,
            r#"{"error":"no"}"#,
            r#"{"object":"error","message":"no","type":"BadRequestError","code":400}"#,
            r#"{"detail":"no"}"#,
        ] {
            let expected = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}, "request_id": "d-1"});
            assert_eq!(told(400, body, Family::Anthropic), (400, expected), "{body}");
            assert_eq!(told(400, body, Family::Ollama), (400, json!({"error": "no"})), "{body}");
        }
    }

    #[test]
    fn a_web_page_is_not_passed_on() {
        for body in ["<html>nginx</html>", "", "[]", "{", "{\"error\":{}}", "\u{0}"] {
            let (status, said) = told(502, body, Family::OpenAi);
            assert_eq!(
                (status, &said["error"]["message"]),
                (502, &json!("the provider answered with status 502")),
                "{body}"
            );
        }
    }

    #[test]
    fn types_and_statuses_are_those_of_the_clients_api() {
        for (status, openai, anthropic) in [
            (400, (400, "invalid_request_error"), (400, "invalid_request_error")),
            (401, (401, "authentication_error"), (401, "authentication_error")),
            (403, (403, "permission_error"), (403, "permission_error")),
            (404, (404, "invalid_request_error"), (404, "not_found_error")),
            (413, (413, "invalid_request_error"), (413, "request_too_large")),
            (429, (429, "rate_limit_error"), (429, "rate_limit_error")),
            (500, (500, "server_error"), (500, "api_error")),
            (503, (503, "server_error"), (503, "overloaded_error")),
            (529, (503, "server_error"), (529, "overloaded_error")),
        ] {
            let kind = |family| {
                let (status, said) = told(status, "", family);
                (status, said["error"]["type"].as_str().unwrap_or_default().to_owned())
            };
            assert_eq!(kind(Family::OpenAi), (openai.0, openai.1.to_owned()));
            assert_eq!(kind(Family::Anthropic), (anthropic.0, anthropic.1.to_owned()));
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_has_the_code_that_programs_look_for() {
        let body = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 250000 tokens > 200000 maximum"}}"#;
        assert_eq!(told(400, body, Family::OpenAi).1["error"]["code"], "context_length_exceeded");
    }

    #[test]
    fn a_message_is_passed_on_up_to_a_length() {
        let body = json!({"error": "é".repeat(10_000)}).to_string();
        assert_eq!(Failure::read(500, body.as_bytes()).message.chars().count(), LONGEST_MESSAGE);
    }
}
