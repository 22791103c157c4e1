//! Which requests for responses OpenAI takes, and what it answers.

use serde_json::{Value, json};

use super::messages::is_address;
use super::{check_fields, check_range, missing};
use crate::standin::answer::Answer;
use crate::standin::fault::{Checked, Fault, ensure, is_name, items, text};
use crate::standin::model::{Asked, Choice, INPUT, Said, THOUGHT, said_in};

/// The members of a request, by <https://platform.openai.com/docs/api-reference/responses/create>.
const FIELDS: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "client_metadata",
];

const ID: &str = "resp_stand_in";

/// Checks a request.
pub fn check(body: &Value) -> Checked {
    check_fields(body, FIELDS)?;
    ensure(body["input"].is_string() || body["input"].is_array() || body["prompt"].is_object(), || missing("input"))?;
    check_range(body, "temperature", 0.0, 2.0)?;
    check_range(body, "top_p", 0.0, 1.0)?;
    let low = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.";
    let limit = &body["max_output_tokens"];
    ensure(limit.is_null() || limit.as_u64().is_some_and(|limit| limit >= 16), || {
        Fault::invalid(low).at("max_output_tokens").code("integer_below_min_value")
    })?;
    for (index, item) in items(&body["input"]).iter().enumerate() {
        check_item(&format!("input[{index}]"), item)?;
    }
    for (index, tool) in items(&body["tools"]).iter().enumerate() {
        let name = format!("tools[{index}].name");
        let flat = tool["type"] != "function" || is_name(text(&tool["name"]), 64);
        ensure(flat, || missing(&name))?;
    }
    check_order(items(&body["input"]))
}

fn check_item(place: &str, item: &Value) -> Checked {
    match item["type"].as_str() {
        None | Some("message") => check_message(place, item),
        Some("function_call") => {
            let whole = ["call_id", "name", "arguments"].iter().find(|name| !item[**name].is_string());
            whole.map_or(Ok(()), |name| Err(missing(&format!("{place}.{name}"))))
        }
        Some("function_call_output") => {
            ensure(!item["output"].is_null(), || missing(&format!("{place}.output")))?;
            ensure(item["call_id"].is_string(), || missing(&format!("{place}.call_id")))
        }
        // Whatever OpenAI itself made.
        Some(kind) => {
            let known =
                ["reasoning", "item_reference"].contains(&kind) || kind.ends_with("_call") || kind.ends_with("_output");
            let message = format!("Invalid value: '{kind}'.");
            ensure(known, || Fault::invalid(message).at(format!("{place}.type")).code("invalid_value"))
        }
    }
}

fn check_message(place: &str, item: &Value) -> Checked {
    let known: &[&str] = match text(&item["role"]) {
        "user" | "system" | "developer" => &["input_text", "input_image", "input_file", "input_audio"],
        "assistant" => &["output_text", "refusal"],
        role => {
            let message = format!(
                "Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
            );
            return Err(Fault::invalid(message).at(format!("{place}.role")).code("invalid_value"));
        }
    };
    ensure(!item["content"].is_null(), || missing(&format!("{place}.content")))?;
    for (index, part) in items(&item["content"]).iter().enumerate() {
        let place = format!("{place}.content[{index}]");
        let kind = text(&part["type"]);
        let message = format!("Invalid value: '{kind}'. Supported values are: {}.", known.join(", "));
        ensure(known.contains(&kind), || Fault::invalid(message).at(place.clone()).code("invalid_value"))?;
        let seen =
            kind != "input_image" || is_address(text(&part["image_url"]), "image/") || part["file_id"].is_string();
        ensure(seen, || Fault::invalid(format!("Invalid '{place}.image_url'.")).at(place).code("invalid_value"))?;
    }
    Ok(())
}

/// Each result is one of a call before it, and each call has one.
fn check_order(input: &[Value]) -> Checked {
    let of =
        |kind: &'static str| input.iter().filter(move |item| item["type"] == kind).map(|item| text(&item["call_id"]));
    let orphan = of("function_call_output").find(|id| !of("function_call").any(|call| call == *id));
    let message = |id| format!("No tool call found for function call output with call_id {id}.");
    ensure(orphan.is_none(), || Fault::invalid(message(orphan.unwrap_or_default())).at("input"))?;
    let open = of("function_call").find(|id| !of("function_call_output").any(|result| result == *id));
    let message = |id| format!("No tool output found for function call {id}.");
    ensure(open.is_none(), || Fault::invalid(message(open.unwrap_or_default())).at("input"))
}

/// A whole answer.
pub fn whole(provider: &str, body: &Value) -> Value {
    let said = asked(provider, body).said();
    let output: Vec<_> = output(&said).into_iter().map(|(item, _)| item).collect();
    response(body, &said, if said.cut { "incomplete" } else { "completed" }, &output)
}

/// A streamed answer: each item is added, filled and done, and the last event repeats all.
pub fn streamed(provider: &str, body: &Value) -> Answer {
    let said = asked(provider, body).said();
    let begun = response(body, &said, "in_progress", &[]);
    let mut events =
        vec![("response.created", json!({"response": begun})), ("response.in_progress", json!({"response": begun}))];
    let mut done = vec![];
    for (index, (item, pieces)) in output(&said).into_iter().enumerate() {
        events.extend(item_events(index, &item, &pieces));
        done.push(item);
    }
    let (name, status) =
        if said.cut { ("response.incomplete", "incomplete") } else { ("response.completed", "completed") };
    events.push((name, json!({"response": response(body, &said, status, &done)})));
    Answer::events(events.into_iter().enumerate().map(|(sequence, (name, mut data))| {
        data["type"] = json!(name);
        data["sequence_number"] = json!(sequence);
        (name, data.to_string())
    }))
}

/// The items of an answer, each with the pieces that its text comes in.
fn output(said: &Said) -> Vec<(Value, Vec<String>)> {
    let thought =
        said.thought.iter().map(|_| (json!({"id": "rs_stand_in", "type": "reasoning", "summary": []}), vec![]));
    let part = json!({"type": "output_text", "text": said.words.concat(), "annotations": [], "logprobs": []});
    let status = if said.cut { "incomplete" } else { "completed" };
    let message = json!({
        "id": "msg_stand_in", "type": "message", "status": status, "role": "assistant", "content": [part],
    });
    let message = (!said.words.is_empty()).then(|| (message, said.words.clone()));
    let calls = said.calls.iter().enumerate().map(|(index, (name, arguments))| {
        let call = json!({
            "id": format!("fc_stand_in_{index}"), "type": "function_call", "status": "completed",
            "call_id": super::chat::call_id(index), "name": name, "arguments": arguments.to_string(),
        });
        (call, vec![arguments.to_string()])
    });
    thought.chain(message).chain(calls).collect()
}

fn item_events(index: usize, item: &Value, pieces: &[String]) -> Vec<(&'static str, Value)> {
    let mut begun = item.clone();
    begun["status"] = json!("in_progress");
    let place = json!({"item_id": item["id"], "output_index": index});
    let event = |more: Value| {
        let mut event = place.clone();
        if let Some((event, more)) = event.as_object_mut().zip(more.as_object()) {
            event.extend(more.clone());
        }
        event
    };
    let added = |begun: Value| ("response.output_item.added", json!({"output_index": index, "item": begun}));
    let mut events = vec![];
    match text(&item["type"]) {
        "message" => {
            begun["content"] = json!([]);
            let mut part = item["content"][0].clone();
            events.push(added(begun));
            let text = std::mem::replace(&mut part["text"], json!(""));
            events.push(("response.content_part.added", event(json!({"content_index": 0, "part": part}))));
            let delta = |piece: &String| event(json!({"content_index": 0, "delta": piece, "logprobs": []}));
            events.extend(pieces.iter().map(|piece| ("response.output_text.delta", delta(piece))));
            let done = json!({"content_index": 0, "text": text, "logprobs": []});
            events.push(("response.output_text.done", event(done)));
            let part = &item["content"][0];
            events.push(("response.content_part.done", event(json!({"content_index": 0, "part": part}))));
        }
        "function_call" => {
            begun["arguments"] = json!("");
            events.push(added(begun));
            let delta = |piece: &String| event(json!({"delta": piece}));
            events.extend(pieces.iter().map(|piece| ("response.function_call_arguments.delta", delta(piece))));
            let done = json!({"name": item["name"], "arguments": item["arguments"]});
            events.push(("response.function_call_arguments.done", event(done)));
        }
        _ => events.push(added(item.clone())),
    }
    events.push(("response.output_item.done", json!({"output_index": index, "item": item})));
    events
}

fn response(body: &Value, said: &Said, status: &str, output: &[Value]) -> Value {
    let thought = if said.thought.is_some() { THOUGHT } else { 0 };
    let (cached, written) = said.cached;
    let usage = json!({
        "input_tokens": INPUT, "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": said.output, "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": INPUT + said.output,
    });
    let incomplete = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    json!({
        "id": ID, "object": "response", "created_at": 1_700_000_000, "status": status, "error": null,
        "incomplete_details": incomplete, "instructions": body["instructions"], "model": body["model"], "output": output,
        "parallel_tool_calls": true, "previous_response_id": body["previous_response_id"], "store": true, "metadata": {},
        "reasoning": {"effort": null, "summary": null}, "text": {"format": {"type": "text"}}, "tool_choice": "auto",
        "tools": body["tools"].as_array().cloned().unwrap_or_default(), "temperature": 1.0, "top_p": 1.0,
        "truncation": "disabled", "usage": if status == "in_progress" { Value::Null } else { usage },
    })
}

fn asked<'a>(provider: &'a str, body: &'a Value) -> Asked<'a> {
    let input = &body["input"];
    let prompt = items(input).iter().rfind(|item| item["role"] == "user").map(|item| said_in(&item["content"]));
    let format = &body["text"]["format"];
    Asked {
        provider,
        body,
        prompt: prompt.unwrap_or_else(|| text(input).to_owned()),
        tools: items(&body["tools"]).iter().map(|tool| (text(&tool["name"]), &tool["parameters"])).collect(),
        choice: match &body["tool_choice"] {
            choice if choice == "none" => Choice::None,
            choice if choice == "required" => Choice::Any,
            choice if choice.is_object() => Choice::Tool(text(&choice["name"])),
            _ => Choice::Free,
        },
        parallel: body["parallel_tool_calls"] != false,
        goes_on: items(input).iter().any(|item| item["role"] == "assistant" || item["type"] == "function_call"),
        answered: items(input).last().is_some_and(|item| item["type"] == "function_call_output"),
        limit: body["max_output_tokens"].as_u64(),
        schema: Some(&format["schema"]).filter(|_| format["type"] == "json_schema"),
        thinks: super::parameters::thinks(body),
    }
}
