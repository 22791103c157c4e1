//! Answers of chat completions, whole.

use std::borrow::Cow;

use super::usage::{read_usage, write_usage};
use crate::{
    conversation::{Answer, Block, Stop},
    json::{self, Members, Node, Object},
    stamp::Stamp,
};

/// Reads an answer; `None` if it is none.
pub(crate) fn read_answer(body: Node<'_>) -> Option<Answer<'_>> {
    let mut answer = Object::answered(Some(body));
    let choice = answer.take("choices")?.items()?.into_iter().next()?;
    let mut choice = Object::answered(Some(choice));
    let mut message = Object::answered(choice.take("message"));
    let mut blocks = Vec::new();
    if let Some(text) = said(&mut message, &["reasoning_content", "reasoning"]) {
        blocks.push(Block::Thinking { text, signature: None });
    }
    blocks.extend(said(&mut message, &["content"]).map(Block::Text));
    blocks.extend(said(&mut message, &["refusal"]).map(Block::Refusal));
    let calls = message.take("tool_calls").and_then(Node::items).unwrap_or_default();
    let called = !calls.is_empty();
    blocks.extend(calls.into_iter().enumerate().filter_map(|(index, call)| read_call(index, call)));
    let reason = choice.take("finish_reason").and_then(Node::text);
    let stop = stop(reason.as_deref().unwrap_or_default()).unwrap_or(Stop::Done);
    Some(Answer {
        id: answer.take("id").and_then(Node::text),
        model: answer.take("model").and_then(Node::text).unwrap_or_default(),
        blocks,
        stop: stop.given(called),
        usage: read_usage(answer.take("usage")),
    })
}

fn said<'a>(message: &mut Object<'a, '_>, names: &[&str]) -> Option<Cow<'a, str>> {
    names.iter().find_map(|name| message.take(name)?.text().filter(|text| !text.is_empty()))
}

fn read_call<'a>(index: usize, call: Node<'a>) -> Option<Block<'a>> {
    let mut call = Object::answered(Some(call));
    let mut function = Object::answered(call.take("function"));
    let id = call.take("id").and_then(Node::text).filter(|id| !id.is_empty());
    let arguments = function.take("arguments").and_then(Node::text).filter(|text| !text.trim().is_empty());
    Some(Block::ToolCall {
        id: id.unwrap_or_else(|| format!("call_{}", index + 1).into()),
        name: function.take("name")?.text()?,
        arguments: arguments.unwrap_or(Cow::Borrowed("{}")),
    })
}

/// Why an answer ended; `None` if it has not.
pub(super) fn stop(reason: &str) -> Option<Stop> {
    match reason {
        "" => None,
        "length" => Some(Stop::Length),
        "tool_calls" | "function_call" => Some(Stop::ToolCalls),
        "content_filter" => Some(Stop::Refused),
        _ => Some(Stop::Done),
    }
}

/// OpenAI's word for why an answer ended.
pub(super) fn finish_reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done | Stop::Sequence(_) | Stop::Paused => "stop",
        Stop::Length => "length",
        Stop::ToolCalls => "tool_calls",
        Stop::Refused => "content_filter",
    }
}

/// The id that an answer has, or else gets.
pub(super) fn id(given: Option<&str>, stamp: &Stamp) -> String {
    given.map_or_else(|| format!("chatcmpl-{}", stamp.id), str::to_owned)
}

/// Writes an answer.
pub(crate) fn write_answer(answer: &Answer<'_>, stamp: &Stamp) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.text("id", &id(answer.id.as_deref(), stamp));
        body.text("object", "chat.completion");
        body.whole("created", stamp.seconds);
        body.text("model", &answer.model);
        body.array("choices", |choices| {
            choices.object(|choice| {
                choice.whole("index", 0);
                choice.object("message", |message| write_message(message, answer));
                choice.null("logprobs");
                choice.text("finish_reason", finish_reason(&answer.stop));
            });
        });
        write_usage(body, &answer.usage);
    });
    out
}

fn write_message(message: &mut Members<'_>, answer: &Answer<'_>) {
    let (mut texts, mut refusals, mut thoughts) = (Vec::new(), Vec::new(), Vec::new());
    for block in &answer.blocks {
        match block {
            Block::Text(text) => texts.push(&**text),
            Block::Refusal(text) => refusals.push(&**text),
            Block::Thinking { text, .. } if !text.is_empty() => thoughts.push(&**text),
            Block::Thinking { .. } | Block::ToolCall { .. } => {}
        }
    }
    message.text("role", "assistant");
    for (name, parts) in [("content", &texts), ("refusal", &refusals)] {
        match parts.as_slice() {
            [] => message.null(name),
            parts => message.texts(name, parts),
        }
    }
    if !thoughts.is_empty() {
        message.texts("reasoning_content", &thoughts);
    }
    message.some_array("tool_calls", |calls| {
        for block in &answer.blocks {
            let Block::ToolCall { id, name, arguments } = block else { continue };
            calls.object(|call| {
                call.text("id", id);
                call.text("type", "function");
                call.object("function", |function| {
                    function.text("name", name);
                    function.text("arguments", arguments);
                });
            });
        }
    });
}
