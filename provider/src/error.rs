//! Errors in the shape of the API that the client called.
//!
//! Shapes: OpenAI <https://platform.openai.com/docs/guides/error-codes>, Anthropic
//! <https://docs.anthropic.com/en/api/errors>, Ollama <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use policy::exchange::Refusal;
use policy::request::Family;
use serde_json::json;

/// An error to tell a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error<'a> {
    /// The HTTP status that it goes out with.
    pub status: u16,
    /// A stable word for programs: `policy_denied`, `request_too_large`.
    pub code: &'a str,
    /// A sentence for people, without anything of the request in it.
    pub message: &'a str,
    /// What to name when asking about it: the decision's id.
    pub request_id: &'a str,
}

/// The body that tells a client of a refusal.
pub fn refusal(refusal: &Refusal) -> Vec<u8> {
    let Refusal { status, family, code, message, decision_id } = refusal;
    Error { status: *status, code, message, request_id: decision_id.as_str() }.body(*family)
}

// === impl Error ===

impl Error<'_> {
    /// The body, as JSON.
    pub fn body(&self, family: Family) -> Vec<u8> {
        let Self { status, code, message, request_id } = *self;
        let body = match family {
            Family::OpenAi => {
                json!({"error": {"message": message, "type": openai_type(status, code), "param": null, "code": code}})
            }
            Family::Anthropic => json!({
                "type": "error",
                "error": {"type": anthropic_type(status), "message": message},
                "request_id": request_id,
            }),
            Family::Ollama => json!({"error": message}),
        };
        body.to_string().into_bytes()
    }
}

fn openai_type(status: u16, code: &str) -> &'static str {
    match status {
        _ if code == "policy_denied" => "policy_violation",
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        503 | 529 => "overloaded_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn body(family: Family, status: u16, code: &str) -> Value {
        let error = Error { status, code, message: "remove the credential", request_id: "d-1" };
        serde_json::from_slice(&error.body(family)).unwrap()
    }

    #[test]
    fn a_denial_has_the_shape_that_each_sdk_reads() {
        let openai = body(Family::OpenAi, 403, "policy_denied");
        assert_eq!(openai["error"]["type"], "policy_violation");
        assert_eq!(openai["error"]["code"], "policy_denied");
        assert_eq!(openai["error"]["param"], Value::Null);

        let anthropic = body(Family::Anthropic, 403, "policy_denied");
        assert_eq!(anthropic["type"], "error");
        assert_eq!(anthropic["error"]["type"], "permission_error");
        assert_eq!(anthropic["request_id"], "d-1");

        assert_eq!(body(Family::Ollama, 403, "policy_denied"), serde_json::json!({"error": "remove the credential"}));
    }

    #[test]
    fn an_oversize_body_is_told_in_each_apis_words() {
        assert_eq!(body(Family::OpenAi, 413, "request_too_large")["error"]["type"], "invalid_request_error");
        assert_eq!(body(Family::Anthropic, 413, "request_too_large")["error"]["type"], "request_too_large");
    }
}
