//! A conversation, as a chat completions request.

use std::collections::BTreeSet;

use super::{parameters, schema};
use crate::{
    conversation::{Choice, Conversation, Output, Part, Role, Source, Tool, Turn},
    json::{self, Items, Members, Node, Place},
    loss::Losses,
    quirks::Quirks,
};

/// Writes a request for `model`.
pub(crate) fn write_request(
    conversation: &Conversation<'_>,
    model: &str,
    quirks: &Quirks,
    losses: &mut Losses,
) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.text("model", model);
        body.array("messages", |messages| write_turns(messages, conversation, losses));
        write_tools(body, conversation, losses);
        parameters::write(body, conversation, quirks, losses);
        write_output(body, conversation, losses);
        body.flag("stream", conversation.stream);
        if conversation.stream && quirks.stream_usage {
            body.object("stream_options", |options| options.flag("include_usage", true));
        }
    });
    out
}

fn write_tools(body: &mut Members<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    if conversation.tools.is_empty() {
        return;
    }
    body.array("tools", |tools| {
        for tool in &conversation.tools {
            let strict = tool.strict.map(|strict| strict && tool.schema.is_some_and(schema::is_strict));
            if strict != tool.strict {
                losses.part_hint(conversation.names.tools, "that arguments keep strictly to the schema");
            }
            tools.object(|o| write_tool(o, tool, strict));
        }
    });
    match &conversation.choice {
        None => {}
        Some(Choice::Auto) => body.text("tool_choice", "auto"),
        Some(Choice::None) => body.text("tool_choice", "none"),
        Some(Choice::Any) => body.text("tool_choice", "required"),
        Some(Choice::Tool(name)) => body.object("tool_choice", |choice| {
            choice.text("type", "function");
            choice.object("function", |function| function.text("name", name));
        }),
    }
    if let Some(parallel) = conversation.parallel {
        body.flag("parallel_tool_calls", parallel);
    }
}

/// A tool's definition. Ollama has taken it over, but for its being strict.
pub(crate) fn write_tool(object: &mut Members<'_>, tool: &Tool<'_>, strict: Option<bool>) {
    object.text("type", "function");
    object.object("function", |function| {
        function.text("name", &tool.name);
        function.some_text("description", tool.description.as_deref());
        match tool.schema {
            Some(schema) => function.raw("parameters", schema),
            None => function.object("parameters", |schema| {
                schema.text("type", "object");
                schema.raw("properties", Node::EMPTY_OBJECT);
            }),
        }
        if let Some(strict) = strict {
            function.flag("strict", strict);
        }
    });
}

fn write_output(body: &mut Members<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    match &conversation.output {
        Output::Any => {}
        Output::Json => body.object("response_format", |format| format.text("type", "json_object")),
        Output::Schema { name, schema, strict: asked } => body.object("response_format", |format| {
            let strict = asked.map(|strict| strict && schema::is_strict(*schema));
            if strict != *asked {
                losses.part_hint(conversation.names.output, "that the answer keeps strictly to the schema");
            }
            format.text("type", "json_schema");
            format.object("json_schema", |o| {
                o.text("name", name.as_deref().unwrap_or("answer"));
                o.raw("schema", *schema);
                if let Some(strict) = strict {
                    o.flag("strict", strict);
                }
            });
        }),
    }
}

fn write_turns(messages: &mut Items<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    let list = Place::ROOT.field(conversation.names.turns);
    let mut called = BTreeSet::new();
    for turn in &conversation.turns {
        let place = list.index(turn.index);
        match turn.role {
            Role::System => messages.object(|message| {
                message.text("role", "system");
                write_content(message, &turn.parts.iter().collect::<Vec<_>>(), place, losses);
            }),
            Role::Assistant => {
                called = calls(turn);
                messages.object(|message| write_assistant(message, turn, place, losses));
            }
            Role::User => write_user(messages, turn, &called, place, losses),
        }
    }
}

/// The ids of the calls in a turn. A result that answers none of the last is refused by OpenAI.
fn calls<'t>(turn: &'t Turn<'_>) -> BTreeSet<&'t str> {
    let id = |part: &'t Part<'_>| if let Part::ToolCall { id, .. } = part { Some(&**id) } else { None };
    turn.parts.iter().filter_map(id).collect()
}

/// Results of tools, each a message of its own that directly follows the calls, then the rest. Images cannot stand in a
/// result, so they follow as the user's.
fn write_user(
    messages: &mut Items<'_>,
    turn: &Turn<'_>,
    called: &BTreeSet<&str>,
    place: Place<'_>,
    losses: &mut Losses,
) {
    let mut rest: Vec<&Part<'_>> = Vec::new();
    for part in &turn.parts {
        let Part::ToolResult { id, parts, failed, .. } = part else { continue };
        if !called.contains(&**id) {
            losses.part(place, "a result that answers no call before it");
            rest.extend(parts);
            continue;
        }
        let (texts, others): (Vec<_>, Vec<_>) = parts.iter().partition(|part| matches!(part, Part::Text(_)));
        messages.object(|message| {
            message.text("role", "tool");
            message.text("tool_call_id", id);
            write_content(message, &texts, place, losses);
        });
        if *failed {
            losses.part_hint(place, "that a tool failed");
        }
        if !others.is_empty() {
            losses.part_hint(place, "that an image is a tool's");
            rest.extend(others);
        }
    }
    rest.extend(turn.parts.iter().filter(|part| !matches!(part, Part::ToolResult { .. })));
    if !rest.is_empty() || turn.parts.is_empty() {
        messages.object(|message| {
            message.text("role", "user");
            write_content(message, &rest, place, losses);
        });
    }
}

fn write_assistant(message: &mut Members<'_>, turn: &Turn<'_>, place: Place<'_>, losses: &mut Losses) {
    let is_call = |part: &&Part<'_>| matches!(part, Part::ToolCall { .. });
    let (calls, rest): (Vec<_>, Vec<_>) = turn.parts.iter().partition(is_call);
    let thinks = |part: &&Part<'_>| matches!(part, Part::Thinking { .. });
    let (thoughts, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(thinks);
    message.text("role", "assistant");
    if !thoughts.is_empty() {
        losses.part_hint(place, "thinking");
    }
    if !rest.is_empty() || calls.is_empty() {
        write_content(message, &rest, place, losses);
    }
    if !calls.is_empty() {
        message.array("tool_calls", |list| calls.iter().for_each(|call| list.object(|o| write_call(o, call))));
    }
}

fn write_call(object: &mut Members<'_>, call: &Part<'_>) {
    let Part::ToolCall { id, name, arguments } = call else { return };
    object.text("id", id);
    object.text("type", "function");
    object.object("function", |function| {
        function.text("name", name);
        function.text("arguments", arguments.text());
    });
}

fn write_content(message: &mut Members<'_>, parts: &[&Part<'_>], place: Place<'_>, losses: &mut Losses) {
    for part in parts {
        if let Part::Speaker(name) = part {
            message.text("name", name);
        }
    }
    let parts: Vec<_> = parts.iter().filter(|part| !matches!(part, Part::Speaker(_))).collect();
    match parts.as_slice() {
        [] => message.text("content", ""),
        [Part::Text(text)] => message.text("content", text),
        parts => message.array("content", |content| {
            parts.iter().for_each(|part| write_part(content, part, place, losses));
        }),
    }
}

fn write_part(content: &mut Items<'_>, part: &Part<'_>, place: Place<'_>, losses: &mut Losses) {
    match part {
        Part::Text(text) | Part::Document { source: Source::Text(text), .. } => content.object(|o| {
            o.text("type", "text");
            o.text("text", text);
        }),
        Part::Image(source) => content.object(|o| {
            o.text("type", "image_url");
            o.object("image_url", |image| write_source(image, "url", source));
        }),
        Part::Document { source: source @ Source::Inline { .. }, name } => content.object(|o| {
            o.text("type", "file");
            o.object("file", |file| {
                file.text("filename", name.as_deref().unwrap_or("document.pdf"));
                write_source(file, "file_data", source);
            });
        }),
        Part::Document { source: Source::Url(_), .. } => losses.part(place, "a document by its address"),
        Part::Thinking { .. } | Part::Speaker(_) | Part::ToolCall { .. } | Part::ToolResult { .. } => {
            losses.part(place, "a part out of place");
        }
    }
}

fn write_source(object: &mut Members<'_>, name: &str, source: &Source<'_>) {
    match source {
        Source::Inline { media, data } => object.texts(name, &["data:", media, ";base64,", data]),
        Source::Url(url) | Source::Text(url) => object.text(name, url),
    }
}
