//! Answers of messages, whole.

use std::borrow::Cow;

use super::usage::{Counting, write_usage};
use crate::{
    conversation::{Answer, Block, Stop},
    json::{self, Items, Members, Node, Object},
    stamp::Stamp,
};

/// Reads an answer; `None` if it is none.
pub(crate) fn read_answer(body: Node<'_>) -> Option<Answer<'_>> {
    let mut answer = Object::answered(Some(body));
    let blocks: Vec<_> = answer.take("content")?.items()?.into_iter().filter_map(read_block).collect();
    let mut counting = Counting::default();
    counting.add(answer.take("usage"));
    let reason = answer.take("stop_reason").and_then(Node::text);
    let sequence = answer.take("stop_sequence").and_then(Node::text);
    Some(Answer {
        id: answer.take("id").and_then(Node::text),
        model: answer.take("model").and_then(Node::text).unwrap_or_default(),
        stop: stop(reason.as_deref().unwrap_or_default(), sequence),
        usage: counting.usage(true),
        blocks,
    })
}

fn read_block(node: Node<'_>) -> Option<Block<'_>> {
    let mut block = Object::answered(Some(node));
    match block.take("type")?.text()?.as_ref() {
        "text" => block.take("text")?.text().map(Block::Text),
        "thinking" => Some(Block::Thinking {
            text: block.take("thinking")?.text()?,
            signature: block.take("signature").and_then(Node::text),
        }),
        "tool_use" => Some(Block::ToolCall {
            id: block.take("id")?.text()?,
            name: block.take("name")?.text()?,
            arguments: block.take("input").filter(|input| input.is_object()).map_or("{}", Node::json).into(),
        }),
        _ => None,
    }
}

/// Why an answer ended.
pub(super) fn stop(reason: &str, sequence: Option<Cow<'_, str>>) -> Stop {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Stop::Length,
        "tool_use" => Stop::ToolCalls,
        "refusal" => Stop::Refused,
        "pause_turn" => Stop::Paused,
        "stop_sequence" => Stop::Sequence(sequence.unwrap_or_default().into_owned()),
        _ => Stop::Done,
    }
}

/// Writes why an answer ended.
pub(super) fn write_stop(object: &mut Members<'_>, stop: &Stop) {
    let (reason, sequence) = match stop {
        Stop::Done => ("end_turn", None),
        Stop::Length => ("max_tokens", None),
        Stop::ToolCalls => ("tool_use", None),
        Stop::Refused => ("refusal", None),
        Stop::Paused => ("pause_turn", None),
        Stop::Sequence(sequence) => ("stop_sequence", Some(sequence)),
    };
    object.text("stop_reason", reason);
    match sequence {
        Some(sequence) => object.text("stop_sequence", sequence),
        None => object.null("stop_sequence"),
    }
}

/// The id that an answer has, or else gets.
pub(super) fn id(given: Option<&str>, stamp: &Stamp) -> String {
    given.map_or_else(|| format!("msg_{}", stamp.id), str::to_owned)
}

/// Writes an answer.
pub(crate) fn write_answer(answer: &Answer<'_>, stamp: &Stamp) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.text("id", &id(answer.id.as_deref(), stamp));
        body.text("type", "message");
        body.text("role", "assistant");
        body.text("model", &answer.model);
        body.array("content", |blocks| answer.blocks.iter().for_each(|block| write_block(blocks, block)));
        write_stop(body, &answer.stop);
        write_usage(body, &answer.usage);
    });
    out
}

fn write_block(blocks: &mut Items<'_>, block: &Block<'_>) {
    blocks.object(|o| match block {
        Block::Text(text) | Block::Refusal(text) => {
            o.text("type", "text");
            o.text("text", text);
        }
        Block::Thinking { text, signature } => {
            o.text("type", "thinking");
            o.text("thinking", text);
            o.text("signature", signature.as_deref().unwrap_or_default());
        }
        Block::ToolCall { id, name, arguments } => {
            o.text("type", "tool_use");
            o.text("id", id);
            o.text("name", name);
            o.arguments("input", arguments);
        }
    });
}
