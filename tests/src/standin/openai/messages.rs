//! Which messages OpenAI takes: who says what, and which results follow which calls.

use serde_json::Value;

use crate::standin::fault::{Checked, Fault, ensure, is_base64, is_name, items, text, unknown};

/// The longest id of a call.
const LONGEST_ID: usize = 40;

/// Checks the messages of a request.
pub fn check(messages: &[Value]) -> Checked {
    let empty =
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
    ensure(!messages.is_empty(), || Fault::invalid(empty).at("messages").code("empty_array"))?;
    for (index, message) in messages.iter().enumerate() {
        check_message(index, message)?;
    }
    check_order(messages)
}

fn check_message(index: usize, message: &Value) -> Checked {
    let place = format!("messages[{index}]");
    let (fields, parts): (&[&str], &[&str]) = match text(&message["role"]) {
        "system" | "developer" => (&["role", "content", "name"], &["text"]),
        "user" => (&["role", "content", "name"], &["text", "image_url", "input_audio", "file"]),
        "assistant" => (
            &["role", "content", "name", "refusal", "audio", "function_call", "tool_calls", "annotations"],
            &["text", "refusal"],
        ),
        "tool" => (&["role", "content", "tool_call_id"], &["text"]),
        "function" => (&["role", "content", "name"], &[]),
        role => {
            let message = format!(
                "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'."
            );
            return Err(Fault::invalid(message).at(format!("{place}.role")).code("invalid_value"));
        }
    };
    if let Some(name) = unknown(message, fields) {
        let name = format!("{place}.{name}");
        return Err(Fault::invalid(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
    }
    check_speaker(&place, &message["name"])?;
    let calls = items(&message["tool_calls"]);
    let silent = message["role"] == "assistant" && (!calls.is_empty() || message["refusal"].is_string());
    check_content(&place, &message["content"], parts, silent)?;
    let empty = !message["tool_calls"].is_null() && calls.is_empty();
    let array = format!(
        "Invalid '{place}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead."
    );
    ensure(!empty, || Fault::invalid(array).at(format!("{place}.tool_calls")).code("empty_array"))?;
    calls.iter().enumerate().try_for_each(|(at, call)| check_call(&format!("{place}.tool_calls[{at}]"), call))
}

fn check_speaker(place: &str, name: &Value) -> Checked {
    let plain = |name: &str| name.len() <= 64 && !name.contains(|c: char| c.is_whitespace() || "<|\\/>".contains(c));
    let message = format!(
        "Invalid '{place}.name': string does not match pattern. Expected a string that matches the pattern '^[^\\s<|\\\\/>]+$'."
    );
    ensure(name.is_null() || name.as_str().is_some_and(plain), || {
        Fault::invalid(message).at(format!("{place}.name")).code("invalid_value")
    })
}

fn check_content(place: &str, content: &Value, known: &[&str], silent: bool) -> Checked {
    let place = format!("{place}.content");
    match content {
        Value::String(_) => Ok(()),
        Value::Array(parts) => {
            parts.iter().enumerate().try_for_each(|(at, part)| check_part(&format!("{place}[{at}]"), part, known))
        }
        Value::Null if silent => Ok(()),
        _ => {
            let message = format!("Invalid value for 'content': expected a string, got {content}.");
            Err(Fault::invalid(message).at(place).code("invalid_type"))
        }
    }
}

fn check_part(place: &str, part: &Value, known: &[&str]) -> Checked {
    let kind = text(&part["type"]);
    let list = known.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
    let message = format!("Invalid value: '{kind}'. Supported values are: {list}.");
    ensure(known.contains(&kind), || Fault::invalid(message).at(format!("{place}.type")).code("invalid_value"))?;
    if let Some(name) = unknown(part, &["type", kind, "prompt_cache_breakpoint"]) {
        let name = format!("{place}.{name}");
        return Err(Fault::invalid(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
    }
    let (holds, wanted) = match kind {
        "image_url" => (is_address(text(&part["image_url"]["url"]), "image/"), "image_url.url"),
        "file" if !part["file"]["file_data"].is_null() => {
            let named = part["file"]["filename"].is_string();
            (named && is_data(text(&part["file"]["file_data"]), ""), "file.file_data")
        }
        "file" => (part["file"]["file_id"].is_string(), "file"),
        "text" | "refusal" => (part[kind].is_string(), kind),
        _ => (part[kind].is_object(), kind),
    };
    let message = format!("Invalid '{place}.{wanted}'.");
    ensure(holds, || Fault::invalid(message).at(format!("{place}.{wanted}")).code("invalid_value"))
}

/// An address on the web, or `data:` with base64 of this kind.
pub(super) fn is_address(url: &str, kind: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://") || is_data(url, kind)
}

fn is_data(url: &str, kind: &str) -> bool {
    let parts = url.strip_prefix("data:").and_then(|url| url.split_once(";base64,"));
    parts.is_some_and(|(media, data)| media.starts_with(kind) && is_base64(data))
}

fn check_call(place: &str, call: &Value) -> Checked {
    let function = &call["function"];
    let id = text(&call["id"]);
    let fault = |name: &str, problem: &str| {
        Fault::invalid(format!("Invalid '{place}.{name}': {problem}"))
            .at(format!("{place}.{name}"))
            .code("invalid_value")
    };
    ensure(!id.is_empty(), || fault("id", "expected a string."))?;
    let long = format!("string too long. Expected a string with maximum length {LONGEST_ID}.");
    ensure(id.len() <= LONGEST_ID, || fault("id", &long))?;
    ensure(call["type"] == "function", || fault("type", "expected 'function'."))?;
    ensure(is_name(text(&function["name"]), 64), || fault("function.name", "string does not match pattern."))?;
    ensure(function["arguments"].is_string(), || fault("function.arguments", "expected a string."))
}

/// After calls come their results, one for each, and no results come otherwise.
fn check_order(messages: &[Value]) -> Checked {
    let mut open: Vec<&str> = vec![];
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let at = open.iter().position(|id| message["tool_call_id"] == *id);
            let Some(at) = at else {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(Fault::invalid(message).at(format!("messages.[{index}].role")));
            };
            open.remove(at);
            continue;
        }
        check_answered(&open, index)?;
        open = items(&message["tool_calls"]).iter().map(|call| text(&call["id"])).collect();
    }
    check_answered(&open, messages.len())
}

fn check_answered(open: &[&str], index: usize) -> Checked {
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    ensure(open.is_empty(), || Fault::invalid(message).at(format!("messages.[{index}].role")))
}
