//! What OpenAI answers.

use serde_json::{Value, json};

use super::answer::{Answer, tool_call, words};

const MODELS: [&str; 4] = ["gpt-4o", "gpt-4o-mini", "gpt-5", "text-embedding-3-small"];

/// The answer to a request; `None` where OpenAI knows no such path.
pub fn answer(provider: &str, method: &str, path: &str, body: &Value) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", "/v1/chat/completions") if body["stream"] == true => streamed_chat(provider, body),
        ("POST", "/v1/chat/completions") => Answer::json(&chat(provider, body)),
        ("POST", "/v1/responses") => Answer::json(&response(provider, body)),
        ("POST", "/v1/embeddings") => Answer::json(&embeddings(body)),
        ("GET" | "HEAD", "/v1/models") => Answer::json(&models()),
        _ => return None,
    })
}

/// An error document.
pub fn failure(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": null}})
}

fn chat(provider: &str, body: &Value) -> Value {
    let (message, finish) = match called(body) {
        Some((name, arguments)) => {
            let function = json!({"name": name, "arguments": arguments.to_string()});
            let calls = json!([{"id": "call_stand_in", "type": "function", "function": function}]);
            (json!({"role": "assistant", "content": null, "tool_calls": calls}), "tool_calls")
        }
        None => (json!({"role": "assistant", "content": words(provider, body).concat()}), "stop"),
    };
    json!({
        "id": "chatcmpl-stand-in", "object": "chat.completion", "created": 1_700_000_000, "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage(),
    })
}

fn streamed_chat(provider: &str, body: &Value) -> Answer {
    let mut deltas = vec![json!({"role": "assistant", "content": ""})];
    let finish = match called(body) {
        Some((name, arguments)) => {
            let function = json!({"name": name, "arguments": ""});
            deltas.push(
                json!({"tool_calls": [{"index": 0, "id": "call_stand_in", "type": "function", "function": function}]}),
            );
            deltas.push(json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments.to_string()}}]}));
            "tool_calls"
        }
        None => {
            deltas.extend(words(provider, body).into_iter().map(|word| json!({"content": word})));
            "stop"
        }
    };
    let chunk = |choices: Value, usage: Value| {
        json!({
            "id": "chatcmpl-stand-in", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": body["model"], "choices": choices, "usage": usage,
        })
    };
    let choice = |delta: &Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let mut events: Vec<_> = deltas.iter().map(|delta| chunk(choice(delta, Value::Null), Value::Null)).collect();
    events.push(chunk(choice(&json!({}), json!(finish)), Value::Null));
    if body["stream_options"]["include_usage"] == true {
        events.push(chunk(json!([]), usage()));
    }
    let data = events.iter().map(ToString::to_string).chain(["[DONE]".to_owned()]);
    Answer::events(data.map(|data| ("", data)))
}

fn called(body: &Value) -> Option<(&str, Value)> {
    let answered = body["messages"].as_array().is_some_and(|all| all.iter().any(|message| message["role"] == "tool"));
    tool_call(&body["tools"], "/function/name", "/function/parameters", answered)
}

fn response(provider: &str, body: &Value) -> Value {
    let text = json!({"type": "output_text", "text": words(provider, body).concat(), "annotations": []});
    json!({
        "id": "resp_stand_in", "object": "response", "created_at": 1_700_000_000, "status": "completed",
        "model": body["model"], "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
        "output": [{"type": "message", "id": "msg_stand_in", "role": "assistant", "status": "completed", "content": [text]}],
        "usage": {"input_tokens": 9, "output_tokens": 12, "total_tokens": 21},
    })
}

fn embeddings(body: &Value) -> Value {
    let count = body["input"].as_array().map_or(1, Vec::len);
    let item = |index| json!({"object": "embedding", "index": index, "embedding": [0.25, -0.5, 0.125]});
    let data: Vec<_> = (0..count).map(item).collect();
    json!({"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 9, "total_tokens": 9}})
}

fn models() -> Value {
    let model = |id| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "stand-in"});
    json!({"object": "list", "data": MODELS.map(model)})
}

fn usage() -> Value {
    json!({"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21})
}
