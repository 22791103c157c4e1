//! A conversation, as a messages request.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    parameters,
    results::{self, Message},
};
use crate::{
    conversation::{Arguments, Choice, Conversation, Part, Role, Source, Tool},
    json::{self, Items, Members, Node, Object, Place},
    loss::Losses,
    quirks::Quirks,
};

/// The images that Anthropic takes.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Writes a request for `model`.
pub(crate) fn write_request(
    conversation: &Conversation<'_>,
    model: &str,
    quirks: &Quirks,
    losses: &mut Losses,
) -> Vec<u8> {
    let mut out = Vec::new();
    let limit = conversation.limit.unwrap_or_else(|| parameters::default_limit(conversation, quirks));
    if conversation.limit.is_none() {
        losses.part_hint(conversation.names.limit, "without a limit");
    }
    json::object(&mut out, |body| {
        body.text("model", model);
        body.whole("max_tokens", limit);
        let system = results::system(conversation, losses);
        body.some_text("system", Some(&*system).filter(|system| !system.is_empty()));
        body.array("messages", |list| write_messages(list, conversation, quirks, losses));
        write_tools(body, conversation);
        parameters::write(body, conversation, limit, quirks, losses);
        if let Some(user) = &conversation.user {
            body.object("metadata", |metadata| metadata.text("user_id", user));
        }
        body.flag("stream", conversation.stream);
    });
    out
}

fn write_tools(body: &mut Members<'_>, conversation: &Conversation<'_>) {
    if conversation.tools.is_empty() {
        return;
    }
    body.array("tools", |tools| conversation.tools.iter().for_each(|tool| tools.object(|o| write_tool(o, tool))));
    let alone = conversation.parallel == Some(false);
    let choice = match &conversation.choice {
        None if !alone => return,
        None | Some(Choice::Auto) => ("auto", None),
        Some(Choice::Any) => ("any", None),
        Some(Choice::None) => ("none", None),
        Some(Choice::Tool(name)) => ("tool", Some(name)),
    };
    body.object("tool_choice", |object| {
        object.text("type", choice.0);
        object.some_text("name", choice.1.map(|name| &**name));
        if alone && choice.0 != "none" {
            object.flag("disable_parallel_tool_use", true);
        }
    });
}

fn write_tool(object: &mut Members<'_>, tool: &Tool<'_>) {
    object.text("name", &tool.name);
    object.some_text("description", tool.description.as_deref());
    object.object("input_schema", |schema| {
        let given = tool.schema.unwrap_or(Node::EMPTY_OBJECT);
        let typed = Object::answered(Some(given)).take("type").is_some();
        if !typed {
            // Anthropic insists on it.
            schema.text("type", "object");
        }
        schema.inside(given);
    });
    if let Some(strict) = tool.strict.filter(|strict| *strict) {
        object.flag("strict", strict);
    }
}

fn write_messages(list: &mut Items<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    let turns = Place::ROOT.field(conversation.names.turns);
    let mut called = BTreeSet::new();
    let mut messages = results::messages(conversation);
    if let Some(begun) = messages.pop_if(|last| last.role == Role::Assistant && !quirks.goes_on()) {
        let index = begun.parts.first().map_or(0, |(index, _)| *index);
        losses.part(turns.index(index), "an answer that was begun, with which this model does not go on");
    }
    for message in &messages {
        // Anthropic takes neither an empty message nor white space alone; nothing is said by either.
        list.some_object(|o| {
            o.text("role", if message.role == Role::Assistant { "assistant" } else { "user" });
            o.some_array("content", |blocks| write_blocks(blocks, message, &called, &turns, losses))
        });
        called = results::called(message);
    }
}

fn write_blocks(
    blocks: &mut Items<'_>,
    message: &Message<'_, '_>,
    called: &BTreeSet<&str>,
    turns: &Place<'_>,
    losses: &mut Losses,
) {
    for (index, part) in &message.parts {
        let place = turns.index(*index);
        match part {
            Part::ToolResult { id, parts, .. } if !called.contains(&**id) => {
                losses.part(place, "a result that answers no call before it");
                parts.iter().for_each(|part| write_block(blocks, part, place, losses));
            }
            part => write_block(blocks, part, place, losses),
        }
    }
}

fn write_block(blocks: &mut Items<'_>, part: &Part<'_>, place: Place<'_>, losses: &mut Losses) {
    match part {
        Part::Text(text) if text.trim().is_empty() => {}
        Part::Text(text) => blocks.object(|o| {
            o.text("type", "text");
            o.text("text", text);
        }),
        Part::Image(Source::Inline { media, .. }) if !IMAGES.contains(&&**media) => {
            losses.part(place, "an image of a kind that Anthropic does not take");
        }
        Part::Image(source) => blocks.object(|o| {
            o.text("type", "image");
            write_source(o, source);
        }),
        Part::Document { source: Source::Inline { media, .. }, .. } if media != "application/pdf" => {
            losses.part(place, "a document that is no PDF");
        }
        Part::Document { source, name } => blocks.object(|o| {
            o.text("type", "document");
            write_source(o, source);
            o.some_text("title", name.as_deref());
        }),
        Part::Speaker(_) => losses.part(place, "the speaker's name"),
        Part::Thinking { text, signature: Some(signature) } => blocks.object(|o| {
            o.text("type", "thinking");
            o.text("thinking", text);
            o.text("signature", signature);
        }),
        Part::Thinking { .. } => losses.part_hint(place, "thinking that nobody signed"),
        Part::ToolCall { id, name, arguments } => blocks.object(|o| {
            o.text("type", "tool_use");
            o.text("id", &allowed_id(id));
            o.text("name", name);
            write_input(o, arguments, place, losses);
        }),
        Part::ToolResult { id, parts, failed, .. } => blocks.object(|o| {
            o.text("type", "tool_result");
            o.text("tool_use_id", &allowed_id(id));
            o.some_array("content", |blocks| {
                parts.iter().for_each(|part| write_block(blocks, part, place, losses));
            });
            if *failed {
                o.flag("is_error", true);
            }
        }),
    }
}

fn write_input(object: &mut Members<'_>, arguments: &Arguments<'_>, place: Place<'_>, losses: &mut Losses) {
    match arguments.object() {
        Some(input) => object.raw("input", input),
        None => {
            losses.part(place, "arguments of a call that are no JSON object");
            object.object("input", |input| input.text("arguments", arguments.text()));
        }
    }
}

fn write_source(object: &mut Members<'_>, source: &Source<'_>) {
    object.object("source", |o| match source {
        Source::Inline { media, data } => {
            o.text("type", "base64");
            o.text("media_type", media);
            o.text("data", data);
        }
        Source::Url(url) => {
            o.text("type", "url");
            o.text("url", url);
        }
        Source::Text(text) => {
            o.text("type", "text");
            o.text("media_type", "text/plain");
            o.text("data", text);
        }
    });
}

/// Anthropic takes letters, digits, `_` and `-` in the ids of calls.
fn allowed_id<'a>(id: &'a str) -> Cow<'a, str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match id.chars().all(allowed) && !id.is_empty() {
        true => Cow::Borrowed(id),
        false if id.is_empty() => Cow::Borrowed("call"),
        false => id.chars().map(|c| if allowed(c) { c } else { '_' }).collect(),
    }
}
