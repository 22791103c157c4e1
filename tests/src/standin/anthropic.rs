//! What Anthropic answers, <https://platform.claude.com/docs/en/api/messages>.

mod parameters;
mod turns;

use serde_json::{Value, json};

use super::Received;
use super::answer::Answer;
use super::fault::{Fault, items, text};
use super::model::{Asked, Choice, INPUT, Said, THOUGHT, said_in};

/// What it sends with all its answers.
pub const HEADERS: &[(&str, &str)] = &[
    ("request-id", "req_stand_in"),
    ("anthropic-organization-id", "stand-in"),
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-requests-reset", "2100-01-01T00:00:00Z"),
    ("anthropic-ratelimit-tokens-limit", "400000"),
    ("anthropic-ratelimit-tokens-remaining", "399000"),
    ("anthropic-ratelimit-tokens-reset", "2100-01-01T00:00:00Z"),
];

/// What thoughts are signed with. Only thoughts with this signature are taken back.
const SIGNATURE: &str = "c3RhbmQtaW4gc2lnbmF0dXJl";

/// The answer to a request, or what is wrong with it.
pub fn answer(received: &Received) -> Result<Answer, Fault> {
    let (path, body) = (received.route(), received.json());
    parameters::check_version(received)?;
    match (received.method.as_str(), path) {
        ("POST", "/v1/messages") => {
            parameters::check(&body, &received.header("anthropic-version"))?;
            Ok(if body["stream"] == true { streamed(&body) } else { Answer::json(&message(&body)) })
        }
        ("POST", "/v1/messages/count_tokens") => {
            parameters::check_counted(&body)?;
            Ok(Answer::json(&json!({"input_tokens": INPUT})))
        }
        ("GET" | "HEAD", "/v1/models") => Ok(Answer::json(&models())),
        _ => Err(Fault::status(404, "Not Found")),
    }
}

/// An error document.
pub fn failure(fault: &Fault) -> Value {
    let kind = match fault.status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": fault.message}, "request_id": "req_stand_in"})
}

fn message(body: &Value) -> Value {
    let said = asked(body).said();
    let blocks: Vec<_> = blocks(&said).into_iter().map(|(block, _)| block).collect();
    json!({
        "id": "msg_stand_in", "type": "message", "role": "assistant", "model": body["model"], "content": blocks,
        "stop_reason": stop(&said), "stop_sequence": null, "usage": usage(&said),
    })
}

/// The blocks of an answer, each with the deltas that it comes in.
fn blocks(said: &Said) -> Vec<(Value, Vec<Value>)> {
    let mut blocks = vec![];
    if let Some(thought) = &said.thought {
        let deltas = vec![
            json!({"type": "thinking_delta", "thinking": thought}),
            json!({"type": "signature_delta", "signature": SIGNATURE}),
        ];
        blocks.push((json!({"type": "thinking", "thinking": thought, "signature": SIGNATURE}), deltas));
    }
    if !said.words.is_empty() {
        let deltas = said.words.iter().map(|word| json!({"type": "text_delta", "text": word})).collect();
        blocks.push((json!({"type": "text", "text": said.words.concat()}), deltas));
    }
    for (index, (name, input)) in said.calls.iter().enumerate() {
        let id = format!("toolu_stand_in_{index}");
        let json = input.to_string();
        let (head, tail) = json.split_at(json.len() / 2);
        let deltas = ["", head, tail].map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        blocks.push((json!({"type": "tool_use", "id": id, "name": name, "input": input}), deltas.to_vec()));
    }
    blocks
}

fn streamed(body: &Value) -> Answer {
    let said = asked(body).said();
    let mut start = message(body);
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events = vec![("message_start", json!({"message": start}))];
    for (index, (mut block, deltas)) in blocks(&said).into_iter().enumerate() {
        for (name, empty) in
            [("text", json!("")), ("thinking", json!("")), ("signature", json!("")), ("input", json!({}))]
        {
            if !block[name].is_null() {
                block[name] = empty;
            }
        }
        events.push(("content_block_start", json!({"index": index, "content_block": block})));
        if index == 0 {
            events.push(("ping", json!({})));
        }
        let delta = |delta| ("content_block_delta", json!({"index": index, "delta": delta}));
        events.extend(deltas.into_iter().map(delta));
        events.push(("content_block_stop", json!({"index": index})));
    }
    // Counts are cumulative, and those of the input come again.
    let delta = json!({"stop_reason": stop(&said), "stop_sequence": null});
    events.extend([("message_delta", json!({"delta": delta, "usage": usage(&said)})), ("message_stop", json!({}))]);
    Answer::events(events.into_iter().map(|(name, mut data)| {
        data["type"] = json!(name);
        (name, data.to_string())
    }))
}

fn stop(said: &Said) -> &'static str {
    match said {
        Said { cut: true, .. } => "max_tokens",
        Said { calls, .. } if !calls.is_empty() => "tool_use",
        _ => "end_turn",
    }
}

fn usage(said: &Said) -> Value {
    let (cached, written) = said.cached;
    let mut usage = json!({
        "input_tokens": INPUT - cached - written, "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached, "output_tokens": said.output, "service_tier": "standard",
    });
    if said.thought.is_some() {
        usage["output_tokens_details"] = json!({"thinking_tokens": THOUGHT});
    }
    usage
}

fn asked(body: &Value) -> Asked<'_> {
    let messages = items(&body["messages"]);
    let last = messages.last().map(|message| &message["content"]).unwrap_or(&Value::Null);
    let choice = &body["tool_choice"];
    Asked {
        provider: "Anthropic",
        body,
        prompt: said_in(last),
        tools: items(&body["tools"]).iter().map(|tool| (text(&tool["name"]), &tool["input_schema"])).collect(),
        choice: match text(&choice["type"]) {
            "none" => Choice::None,
            "any" => Choice::Any,
            "tool" => Choice::Tool(text(&choice["name"])),
            _ => Choice::Free,
        },
        parallel: choice["disable_parallel_tool_use"] != true,
        goes_on: messages.iter().any(|message| message["role"] == "assistant"),
        answered: items(last).iter().any(|block| block["type"] == "tool_result"),
        limit: body["max_tokens"].as_u64(),
        schema: body.pointer("/output_config/format/schema"),
        thinks: ["enabled", "adaptive"].contains(&text(&body["thinking"]["type"])),
    }
}

fn models() -> Value {
    let model = |id| json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"});
    let ids = ["claude-sonnet-4-5", "claude-opus-4-5"];
    json!({"data": ids.map(model), "has_more": false, "first_id": ids[0], "last_id": ids[1]})
}
