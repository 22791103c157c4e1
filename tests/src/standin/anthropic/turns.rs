//! Which messages Anthropic takes: blocks, and which results follow which calls.
//!
//! A conversation may begin with the assistant, and neighbours may have one role: Anthropic joins them.

use serde_json::Value;

use super::SIGNATURE;
use crate::standin::fault::{Checked, Fault, ensure, is_base64, is_name, items, text, unknown};

/// The blocks that a client may send.
const BLOCKS: &[&str] = &[
    "text",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "container_upload",
];

/// The members of those that are not Anthropic's own alone.
const FIELDS: &[(&str, &[&str])] = &[
    ("text", &["type", "text", "cache_control", "citations"]),
    ("image", &["type", "source", "cache_control", "transformations"]),
    ("document", &["type", "source", "cache_control", "citations", "context", "title"]),
    ("thinking", &["type", "thinking", "signature"]),
    ("tool_use", &["type", "id", "name", "input", "cache_control", "caller", "toolset_name"]),
    ("tool_result", &["type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"]),
];

/// The blocks of a tool's result.
const PIECES: &[&str] = &["text", "image", "search_result", "document", "tool_reference"];

/// Models that go on with an answer that was begun, by parts of their names.
const GOES_ON: &[&str] = &["claude-3", "-4-0", "-4-1", "-4-2025", "-4-5"];

/// Checks the messages of a request.
pub fn check(messages: &[Value], model: &str) -> Checked {
    ensure(!messages.is_empty(), || Fault::invalid("messages: at least one message is required"))?;
    let last = messages.len() - 1;
    for (index, message) in messages.iter().enumerate() {
        check_message(index, message, index == last)?;
    }
    check_results(messages)?;
    check_last(&messages[last], model)
}

/// With a budget to think, the answer that calls of tools were made in began with a thought.
pub fn check_thought(messages: &[Value]) -> Checked {
    let Some((index, answer)) = messages.iter().enumerate().rfind(|(_, message)| message["role"] == "assistant") else {
        return Ok(());
    };
    let calls = items(&answer["content"]).iter().any(|block| block["type"] == "tool_use");
    let first = text(&answer["content"][0]["type"]);
    let thought = ["thinking", "redacted_thinking"].contains(&first);
    let message = format!(
        "messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
    );
    ensure(thought || !calls, || Fault::invalid(message))
}

fn check_message(index: usize, message: &Value, last: bool) -> Checked {
    let role = text(&message["role"]);
    let system = format!(
        "messages: Unexpected role \"{role}\". The Messages API accepts a top-level `system` parameter, not \"{role}\" as an input message role."
    );
    ensure(role == "user" || role == "assistant", || Fault::invalid(system))?;
    if let Some(name) = unknown(message, &["role", "content"]) {
        return Err(Fault::invalid(format!("messages.{index}.{name}: Extra inputs are not permitted")));
    }
    let content = &message["content"];
    let place = format!("messages.{index}.content");
    ensure(content.is_string() || content.is_array(), || Fault::invalid(format!("{place}: Field required")))?;
    let empty = content == "" || content.as_array().is_some_and(Vec::is_empty);
    let said = format!(
        "messages.{index}: all messages must have non-empty content except for the optional final assistant message"
    );
    ensure(!empty || last && role == "assistant", || Fault::invalid(said))?;
    let blank = content.as_str().is_some_and(|text| text.trim().is_empty() && !text.is_empty());
    ensure(!blank, blank_text)?;
    let check = |(at, block)| check_block(&format!("{place}.{at}"), block, role, BLOCKS);
    items(content).iter().enumerate().try_for_each(check)
}

fn check_block(place: &str, block: &Value, role: &str, known: &[&str]) -> Checked {
    let kind = text(&block["type"]);
    let message = format!(
        "{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {}",
        known.join(", ")
    );
    ensure(known.contains(&kind), || Fault::invalid(message))?;
    let fields = FIELDS.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, fields)| fields);
    if let Some(name) = unknown(block, fields).filter(|_| !fields.is_empty()) {
        return Err(Fault::invalid(format!("{place}.{kind}.{name}: Extra inputs are not permitted")));
    }
    match kind {
        "text" => {
            let text =
                block["text"].as_str().ok_or_else(|| Fault::invalid(format!("{place}.text.text: Field required")))?;
            ensure(!text.is_empty(), || Fault::invalid("messages: text content blocks must be non-empty"))?;
            ensure(!text.trim().is_empty(), blank_text)
        }
        "image" => check_source(place, &block["source"], &["image/jpeg", "image/png", "image/gif", "image/webp"]),
        "document" => {
            let message = format!("{place}: `document` blocks are only permitted in `user` messages");
            ensure(role == "user", || Fault::invalid(message))?;
            check_source(place, &block["source"], &["application/pdf"])
        }
        "thinking" => {
            let message = format!("{place}: Invalid `signature` in `thinking` block");
            ensure(block["signature"] == SIGNATURE, || Fault::invalid(message))
        }
        "tool_use" => {
            let message = format!("{place}: `tool_use` blocks can only be in `assistant` messages");
            ensure(role == "assistant", || Fault::invalid(message))?;
            let message = format!("{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'");
            ensure(is_name(text(&block["id"]), 256), || Fault::invalid(message))?;
            let message = format!("{place}.tool_use.input: Input should be a valid dictionary");
            ensure(block["input"].is_object(), || Fault::invalid(message))
        }
        "tool_result" => {
            let message = format!("{place}: `tool_result` blocks can only be in `user` messages");
            ensure(role == "user", || Fault::invalid(message))?;
            let check = |(at, piece)| check_block(&format!("{place}.tool_result.content.{at}"), piece, role, PIECES);
            items(&block["content"]).iter().enumerate().try_for_each(check)
        }
        _ => Ok(()),
    }
}

fn blank_text() -> Fault {
    Fault::invalid("messages: text content blocks must contain non-whitespace text")
}

fn check_source(place: &str, source: &Value, media: &[&str]) -> Checked {
    let holds = match text(&source["type"]) {
        "base64" => media.contains(&text(&source["media_type"])) && is_base64(text(&source["data"])),
        "url" => text(&source["url"]).starts_with("http"),
        "text" => source["media_type"] == "text/plain" && !text(&source["data"]).is_empty(),
        "file" => source["file_id"].is_string(),
        "content" => true,
        _ => false,
    };
    ensure(holds, || {
        Fault::invalid(format!(
            "{place}.source: Input should be one of the sources that are known, with all its fields"
        ))
    })
}

/// All calls of a message are answered in the next, and all answers there are to these calls, before anything else.
fn check_results(messages: &[Value]) -> Checked {
    let ids = |message: Option<&Value>, kind: &str, id: &str| -> Vec<String> {
        let blocks = message.map(|message| items(&message["content"])).unwrap_or_default();
        blocks.iter().filter(|block| block["type"] == kind).map(|block| text(&block[id]).to_owned()).collect()
    };
    for index in 0..=messages.len() {
        let before = index.checked_sub(1).and_then(|before| messages.get(before));
        let calls = ids(before, "tool_use", "id");
        let results = ids(messages.get(index), "tool_result", "tool_use_id");
        if let Some(id) = results.iter().find(|id| !calls.contains(id)) {
            let message = format!(
                "messages.{index}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            );
            return Err(Fault::invalid(message));
        }
        let open: Vec<_> = calls.into_iter().filter(|id| !results.contains(id)).collect();
        let message = format!(
            "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
            index.saturating_sub(1),
            open.join(", ")
        );
        ensure(open.is_empty(), || Fault::invalid(message))?;
    }
    Ok(())
}

fn check_last(message: &Value, model: &str) -> Checked {
    if message["role"] != "assistant" {
        return Ok(());
    }
    let prefill =
        "This model does not support assistant message prefill. The conversation must end with a user message.";
    ensure(GOES_ON.iter().any(|part| model.contains(part)), || Fault::invalid(prefill))?;
    let last = message["content"].as_str().or_else(|| items(&message["content"]).last()?["text"].as_str());
    let trailing = last.is_some_and(|text| text.ends_with(char::is_whitespace));
    ensure(!trailing, || Fault::invalid("messages: final assistant content cannot end with trailing whitespace"))
}
