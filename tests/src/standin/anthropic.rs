//! What Anthropic answers.

use serde_json::{Value, json};

use super::answer::{Answer, tool_call, words};

/// The answer to a request; `None` where Anthropic knows no such path.
pub fn answer(method: &str, path: &str, body: &Value) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", "/v1/messages") if body["stream"] == true => streamed(body),
        ("POST", "/v1/messages") => Answer::json(&message(body)),
        ("POST", "/v1/messages/count_tokens") => Answer::json(&json!({"input_tokens": 9})),
        ("GET" | "HEAD", "/v1/models") => Answer::json(&models()),
        _ => return None,
    })
}

/// An error document.
pub fn failure(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_stand_in"})
}

fn message(body: &Value) -> Value {
    let (block, stop) = match called(body) {
        Some((name, input)) => {
            (json!({"type": "tool_use", "id": "toolu_stand_in", "name": name, "input": input}), "tool_use")
        }
        None => (json!({"type": "text", "text": words("Anthropic", body).concat()}), "end_turn"),
    };
    json!({
        "id": "msg_stand_in", "type": "message", "role": "assistant", "model": body["model"], "content": [block],
        "stop_reason": stop, "stop_sequence": null, "usage": {"input_tokens": 9, "output_tokens": 12},
    })
}

fn streamed(body: &Value) -> Answer {
    let (block, deltas, stop) = match called(body) {
        Some((name, input)) => {
            let block = json!({"type": "tool_use", "id": "toolu_stand_in", "name": name, "input": {}});
            (block, vec![json!({"type": "input_json_delta", "partial_json": input.to_string()})], "tool_use")
        }
        None => {
            let deltas = words("Anthropic", body).into_iter().map(|word| json!({"type": "text_delta", "text": word}));
            (json!({"type": "text", "text": ""}), deltas.collect(), "end_turn")
        }
    };
    let mut start = message(body);
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events = vec![
        ("message_start", json!({"message": start})),
        ("content_block_start", json!({"index": 0, "content_block": block})),
        ("ping", json!({})),
    ];
    events.extend(deltas.into_iter().map(|delta| ("content_block_delta", json!({"index": 0, "delta": delta}))));
    let end = json!({"delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 12}});
    events.extend([("content_block_stop", json!({"index": 0})), ("message_delta", end), ("message_stop", json!({}))]);
    Answer::events(events.into_iter().map(|(name, mut data)| {
        data["type"] = json!(name);
        (name, data.to_string())
    }))
}

fn called(body: &Value) -> Option<(&str, Value)> {
    let is_result = |block: &Value| block["type"] == "tool_result";
    let has_result = |message: &Value| message["content"].as_array().is_some_and(|blocks| blocks.iter().any(is_result));
    let answered = body["messages"].as_array().is_some_and(|all| all.iter().any(has_result));
    tool_call(&body["tools"], "/name", "/input_schema", answered)
}

fn models() -> Value {
    let model = |id| json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"});
    let ids = ["claude-sonnet-4-5", "claude-opus-4-5"];
    json!({"data": ids.map(model), "has_more": false, "first_id": ids[0], "last_id": ids[1]})
}
