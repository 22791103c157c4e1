//! Answers of Ollama's chat, whole.

use std::borrow::Cow;

use crate::{
    conversation::{Answer, Block, Stop},
    json::{self, Members, Node, Object},
    stamp::Stamp,
};
use policy::usage::{Tokens, Usage};

/// Reads an answer; `None` if it is none.
pub(crate) fn read_answer(body: Node<'_>) -> Option<Answer<'_>> {
    let mut answer = Object::answered(Some(body));
    let mut message = Object::answered(Some(answer.take("message")?));
    let mut said = |name| message.take(name).and_then(Node::text).filter(|text| !text.is_empty());
    let mut blocks: Vec<Block<'_>> =
        said("thinking").map(|text| Block::Thinking { text, signature: None }).into_iter().collect();
    blocks.extend(said("content").map(Block::Text));
    let calls = message.take("tool_calls").and_then(Node::items).unwrap_or_default();
    let called = !calls.is_empty();
    blocks.extend(calls.into_iter().enumerate().filter_map(|(index, call)| {
        let (id, name, arguments) = read_call(call)?;
        let id = id.unwrap_or_else(|| format!("call_{}", index + 1).into());
        Some(Block::ToolCall { id, name, arguments: arguments.into() })
    }));
    let reason = answer.take("done_reason").and_then(Node::text);
    Some(Answer {
        id: None,
        model: answer.take("model").and_then(Node::text).unwrap_or_default(),
        blocks,
        stop: stop(reason.as_deref()).given(called),
        usage: read_usage(&mut answer),
    })
}

type Call<'a> = (Option<Cow<'a, str>>, Cow<'a, str>, &'a str);

/// A call: its id if it has one, its tool's name, and the JSON of its arguments.
pub(super) fn read_call(node: Node<'_>) -> Option<Call<'_>> {
    let mut call = Object::answered(Some(node));
    let mut function = Object::answered(call.take("function"));
    let arguments = function.take("arguments").filter(|arguments| arguments.is_object());
    let id = call.take("id").and_then(Node::text).filter(|id| !id.is_empty());
    Some((id, function.take("name")?.text()?, arguments.map_or("{}", Node::json)))
}

/// Why an answer ended.
pub(super) fn stop(reason: Option<&str>) -> Stop {
    match reason {
        Some("length") => Stop::Length,
        _ => Stop::Done,
    }
}

/// Reads the counts. A prompt that Ollama had in its cache is not counted by old versions: then there is none.
pub(crate) fn read_usage(answer: &mut Object<'_, '_>) -> Usage {
    let mut count = |name| answer.take(name).and_then(Node::whole);
    match (count("prompt_eval_count"), count("eval_count")) {
        (None, None) => Usage::Missing,
        (input, output) => Usage::Complete(Tokens {
            input: input.unwrap_or_default(),
            output: output.unwrap_or_default(),
            ..Tokens::default()
        }),
    }
}

/// Writes that an answer ended, why, and what it used.
pub(super) fn write_end(object: &mut Members<'_>, stop: &Stop, usage: &Usage) {
    object.flag("done", true);
    object.text("done_reason", if *stop == Stop::Length { "length" } else { "stop" });
    if let Some(tokens) = usage.tokens() {
        object.whole("prompt_eval_count", tokens.input);
        object.whole("eval_count", tokens.output);
    }
}

/// Writes a call.
pub(super) fn write_call(call: &mut Members<'_>, id: &str, name: &str, arguments: &str) {
    call.text("id", id);
    call.object("function", |function| {
        function.text("name", name);
        function.arguments("arguments", arguments);
    });
}

/// Writes an answer.
pub(crate) fn write_answer(answer: &Answer<'_>, stamp: &Stamp) -> Vec<u8> {
    let (mut texts, mut thoughts) = (Vec::new(), Vec::new());
    for block in &answer.blocks {
        match block {
            Block::Text(text) | Block::Refusal(text) => texts.push(&**text),
            Block::Thinking { text, .. } => thoughts.push(&**text),
            Block::ToolCall { .. } => {}
        }
    }
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.text("model", &answer.model);
        body.text("created_at", &stamp.time());
        body.object("message", |message| {
            message.text("role", "assistant");
            message.texts("content", &texts);
            if !thoughts.is_empty() {
                message.texts("thinking", &thoughts);
            }
            message.some_array("tool_calls", |calls| {
                for block in &answer.blocks {
                    let Block::ToolCall { id, name, arguments } = block else { continue };
                    calls.object(|call| write_call(call, id, name, arguments));
                }
            });
        });
        write_end(body, &answer.stop, &answer.usage);
    });
    out
}
