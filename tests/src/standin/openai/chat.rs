//! Answers of chat completions, and of the older completions.

use serde_json::{Value, json};

use crate::standin::answer::Answer;
use crate::standin::fault::{items, text};
use crate::standin::model::{Asked, Choice, INPUT, Said, THOUGHT, said_in};

const ID: &str = "chatcmpl-stand-in";

/// A whole answer.
pub fn whole(provider: &str, body: &Value) -> Value {
    let asked = asked(provider, body);
    let said = asked.said();
    let content = if said.calls.is_empty() { json!(said.words.concat()) } else { Value::Null };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !said.calls.is_empty() {
        message["tool_calls"] = (0..).zip(&said.calls).map(|(index, call)| whole_call(index, call)).collect();
    }
    json!({
        "id": ID, "object": "chat.completion", "created": 1_700_000_000, "model": body["model"],
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish(&said)}],
        "usage": usage(&said), "service_tier": "default", "system_fingerprint": "fp_stand-in",
    })
}

/// A streamed answer: the role, the pieces, the reason, the usage if it was asked for, the end.
pub fn streamed(provider: &str, body: &Value) -> Answer {
    let said = asked(provider, body).said();
    let usage_asked = body["stream_options"]["include_usage"] == true;
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": ID, "object": "chat.completion.chunk", "created": 1_700_000_000, "model": body["model"],
            "service_tier": "default", "system_fingerprint": "fp_stand-in", "choices": choices, "obfuscation": "aX7",
        });
        if usage_asked {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let choice =
        |delta: &Value, finish: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
    let mut chunks: Vec<_> = deltas(&said).iter().map(|delta| chunk(choice(delta, Value::Null))).collect();
    chunks.push(chunk(choice(&json!({}), json!(finish(&said)))));
    if usage_asked {
        let mut last = chunk(json!([]));
        last["usage"] = usage(&said);
        chunks.push(last);
    }
    ended(chunks)
}

/// A whole answer of the older completions.
pub fn completion(provider: &str, body: &Value) -> Value {
    let said = asked(provider, body).said();
    let choice = json!({"index": 0, "text": said.words.concat(), "logprobs": null, "finish_reason": finish(&said)});
    json!({
        "id": "cmpl-stand-in", "object": "text_completion", "created": 1_700_000_000, "model": body["model"],
        "choices": [choice], "usage": usage(&said),
    })
}

/// The same in pieces.
pub fn streamed_completion(provider: &str, body: &Value) -> Answer {
    let said = asked(provider, body).said();
    let mut chunk = completion(provider, body);
    chunk.as_object_mut().map(|chunk| chunk.remove("usage"));
    let last = said.words.len().saturating_sub(1);
    let piece = |(index, word): (usize, &String)| {
        let mut chunk = chunk.clone();
        chunk["choices"][0]["text"] = json!(word);
        if index < last {
            chunk["choices"][0]["finish_reason"] = Value::Null;
        }
        chunk
    };
    let mut chunks: Vec<_> = said.words.iter().enumerate().map(piece).collect();
    if body["stream_options"]["include_usage"] == true {
        chunk["choices"] = json!([]);
        chunk["usage"] = usage(&said);
        chunks.push(chunk);
    }
    ended(chunks)
}

fn ended(chunks: Vec<Value>) -> Answer {
    let data = chunks.iter().map(ToString::to_string).chain(["[DONE]".to_owned()]);
    Answer::events(data.map(|data| ("", data)))
}

fn deltas(said: &Said) -> Vec<Value> {
    let content = if said.calls.is_empty() { json!("") } else { Value::Null };
    let mut deltas = vec![json!({"role": "assistant", "content": content, "refusal": null})];
    deltas.extend(said.words.iter().map(|word| json!({"content": word})));
    for (index, (name, arguments)) in said.calls.iter().enumerate() {
        let arguments = arguments.to_string();
        let (head, tail) = arguments.split_at(arguments.len() / 2);
        let function = json!({"name": name, "arguments": ""});
        let begun = json!({"index": index, "id": call_id(index), "type": "function", "function": function});
        deltas.push(json!({"tool_calls": [begun]}));
        deltas.extend(
            [head, tail].map(|piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})),
        );
    }
    deltas
}

fn whole_call(index: usize, (name, arguments): &(String, Value)) -> Value {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    json!({"id": call_id(index), "type": "function", "function": function})
}

/// The id of a call of an answer.
pub(super) fn call_id(index: usize) -> String {
    format!("call_stand_in_{index}")
}

fn finish(said: &Said) -> &'static str {
    match said {
        Said { cut: true, .. } => "length",
        Said { calls, .. } if !calls.is_empty() => "tool_calls",
        _ => "stop",
    }
}

fn usage(said: &Said) -> Value {
    let thought = if said.thought.is_some() { THOUGHT } else { 0 };
    let (cached, written) = said.cached;
    json!({
        "prompt_tokens": INPUT, "completion_tokens": said.output, "total_tokens": INPUT + said.output,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": thought, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

fn asked<'a>(provider: &'a str, body: &'a Value) -> Asked<'a> {
    let messages = items(&body["messages"]);
    let prompt = messages.iter().rfind(|message| message["role"] == "user");
    let tools =
        items(&body["tools"]).iter().map(|tool| (text(&tool["function"]["name"]), &tool["function"]["parameters"]));
    let format = &body["response_format"];
    Asked {
        provider,
        body,
        prompt: prompt.map(|message| said_in(&message["content"])).unwrap_or_default(),
        tools: tools.collect(),
        choice: match &body["tool_choice"] {
            choice if choice == "none" => Choice::None,
            choice if choice == "required" => Choice::Any,
            choice if choice.is_object() => Choice::Tool(text(&choice["function"]["name"])),
            _ => Choice::Free,
        },
        parallel: body["parallel_tool_calls"] != false,
        goes_on: messages.iter().any(|message| message["role"] == "assistant"),
        answered: messages.last().is_some_and(|message| message["role"] == "tool"),
        limit: body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64()),
        schema: Some(&format["json_schema"]["schema"]).filter(|_| format["type"] == "json_schema"),
        thinks: super::parameters::thinks(body) && body["reasoning_effort"] != "none",
    }
}
