//! Responses and the items of their output, as they are written.

use crate::{
    conversation::{Answer, Block, Stop},
    json::{self, Members, Node},
    stamp::Stamp,
};
use policy::usage::Usage;

/// What a response is made of, beside its output.
pub(super) struct Head<'h> {
    pub id: &'h str,
    pub model: &'h str,
    pub stamp: &'h Stamp,
    pub status: Status<'h>,
}

/// How far a response has come.
pub(super) enum Status<'h> {
    InProgress,
    Ended { stop: &'h Stop, usage: &'h Usage },
    Failed { status: u16, message: &'h str },
}

/// The id that a response has, or else gets.
pub(super) fn id(given: Option<&str>, stamp: &Stamp) -> String {
    given.map_or_else(|| format!("resp_{}", stamp.id), str::to_owned)
}

/// Writes an answer.
pub(crate) fn write_answer(answer: &Answer<'_>, stamp: &Stamp) -> Vec<u8> {
    let id = id(answer.id.as_deref(), stamp);
    let status = Status::Ended { stop: &answer.stop, usage: &answer.usage };
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        write_response(body, &Head { id: &id, model: &answer.model, stamp, status }, &answer.blocks);
    });
    out
}

/// Writes a response.
pub(super) fn write_response(object: &mut Members<'_>, head: &Head<'_>, blocks: &[Block<'_>]) {
    let Head { id, model, stamp, status } = head;
    object.text("id", id);
    object.text("object", "response");
    object.whole("created_at", stamp.seconds);
    write_status(object, status);
    object.text("model", model);
    object.array("output", |output| {
        for (index, block) in (0..).zip(blocks) {
            output.object(|item| write_item(item, id, index, Some(block), block));
        }
    });
    // What a response repeats of its request, and its clients insist on.
    object.null("instructions");
    object.raw("metadata", Node::EMPTY_OBJECT);
    object.flag("parallel_tool_calls", true);
    object.text("tool_choice", "auto");
    object.array("tools", |_| {});
    object.null("temperature");
    object.null("top_p");
    match status {
        Status::Ended { usage, .. } => write_usage(object, usage),
        Status::InProgress | Status::Failed { .. } => object.null("usage"),
    }
}

fn write_status(object: &mut Members<'_>, status: &Status<'_>) {
    let (word, incomplete) = match status {
        Status::InProgress => ("in_progress", None),
        Status::Failed { .. } => ("failed", None),
        Status::Ended { stop: Stop::Length, .. } => ("incomplete", Some("max_output_tokens")),
        Status::Ended { stop: Stop::Refused, .. } => ("incomplete", Some("content_filter")),
        Status::Ended { .. } => ("completed", None),
    };
    object.text("status", word);
    match incomplete {
        Some(reason) => object.object("incomplete_details", |details| details.text("reason", reason)),
        None => object.null("incomplete_details"),
    }
    match status {
        Status::Failed { status, message } => object.object("error", |error| {
            error.text("code", if *status == 429 { "rate_limit_exceeded" } else { "server_error" });
            error.text("message", message);
        }),
        _ => object.null("error"),
    }
}

fn write_usage(object: &mut Members<'_>, usage: &Usage) {
    let Some(tokens) = usage.tokens() else { return object.null("usage") };
    object.object("usage", |usage| {
        usage.whole("input_tokens", tokens.input);
        usage.object("input_tokens_details", |details| {
            details.whole("cached_tokens", tokens.cached);
            details.whole("cache_write_tokens", tokens.cache_written);
        });
        usage.whole("output_tokens", tokens.output);
        usage.object("output_tokens_details", |details| details.whole("reasoning_tokens", tokens.reasoning));
        usage.whole("total_tokens", tokens.input.saturating_add(tokens.output));
    });
}

/// The id of an item.
pub(super) fn item_id(response: &str, index: u64, block: &Block<'_>) -> String {
    let kind = match block {
        Block::Text(_) | Block::Refusal(_) => "msg",
        Block::Thinking { .. } => "rs",
        Block::ToolCall { .. } => "fc",
    };
    format!("{kind}_{response}_{index}")
}

/// Writes an item that is whole, or one that has just begun: then it has no content yet.
pub(super) fn write_item(
    item: &mut Members<'_>,
    response: &str,
    index: u64,
    whole: Option<&Block<'_>>,
    block: &Block<'_>,
) {
    item.text("id", &item_id(response, index, block));
    let status = if whole.is_some() { "completed" } else { "in_progress" };
    match block {
        Block::Text(_) | Block::Refusal(_) => {
            item.text("type", "message");
            item.text("status", status);
            item.text("role", "assistant");
            item.array("content", |content| {
                if let Some(block) = whole {
                    content.object(|part| write_part(part, block));
                }
            });
        }
        Block::Thinking { .. } => {
            item.text("type", "reasoning");
            item.array("summary", |summary| {
                if let Some(block) = whole {
                    summary.object(|part| write_part(part, block));
                }
            });
        }
        Block::ToolCall { id, name, arguments } => {
            item.text("type", "function_call");
            item.text("status", status);
            item.text("call_id", id);
            item.text("name", name);
            item.text("arguments", if whole.is_some() { arguments } else { "" });
        }
    }
}

/// Writes the part that holds a block's text.
pub(super) fn write_part(part: &mut Members<'_>, block: &Block<'_>) {
    match block {
        Block::Text(text) => {
            part.text("type", "output_text");
            part.text("text", text);
            part.array("annotations", |_| {});
            part.array("logprobs", |_| {});
        }
        Block::Refusal(text) => {
            part.text("type", "refusal");
            part.text("refusal", text);
        }
        Block::Thinking { text, .. } => {
            part.text("type", "summary_text");
            part.text("text", text);
        }
        Block::ToolCall { .. } => {}
    }
}
