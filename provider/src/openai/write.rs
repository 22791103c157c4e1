//! A conversation, as a chat completions request.

use crate::{
    conversation::{Choice, Conversation, Output, Part, Reasoning, Role, Source, Tool, Turn},
    json::{self, Items, Members, Node, Place},
    loss::Losses,
    quirks::{LimitName, Quirks, Thinking},
};

/// OpenAI takes so many texts to stop at.
const MOST_STOPS: usize = 4;

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
        write_tools(body, conversation);
        write_parameters(body, conversation, quirks, losses);
        write_output(body, &conversation.output);
        body.flag("stream", conversation.stream);
        if conversation.stream && quirks.stream_usage {
            body.object("stream_options", |options| options.flag("include_usage", true));
        }
    });
    out
}

fn write_parameters(body: &mut Members<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    let (names, sampling) = (conversation.names, conversation.sampling);
    if let Some(limit) = conversation.limit {
        let name = match quirks.limit {
            LimitName::MaxTokens => "max_tokens",
            LimitName::MaxCompletionTokens => "max_completion_tokens",
        };
        body.whole(name, limit);
    }
    body.some_number("temperature", sampling.temperature);
    body.some_number("top_p", sampling.top_p);
    body.some_number("presence_penalty", sampling.presence_penalty);
    body.some_number("frequency_penalty", sampling.frequency_penalty);
    if let Some(seed) = sampling.seed {
        body.signed("seed", seed);
    }
    if sampling.top_k.is_some() {
        losses.meaning(names.top_k);
    }
    if conversation.stop.len() > MOST_STOPS {
        losses.part(names.stop, "more than four");
    }
    if !conversation.stop.is_empty() {
        body.array("stop", |stops| conversation.stop.iter().take(MOST_STOPS).for_each(|stop| stops.text(stop)));
    }
    write_reasoning(body, conversation, quirks, losses);
    body.some_text("user", conversation.user.as_deref());
}

fn write_reasoning(body: &mut Members<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    let Some(reasoning) = conversation.reasoning else { return };
    match (quirks.thinking, reasoning, reasoning.effort()) {
        // A model that does not think needs no word not to; `none` is what the newest understand.
        (Thinking::None, Reasoning::Off, _) | (_, Reasoning::On, _) => {}
        (Thinking::None, ..) => losses.hint(conversation.names.reasoning),
        (_, Reasoning::Off, _) => body.text("reasoning_effort", "none"),
        (_, _, effort) => body.some_text("reasoning_effort", effort.map(|effort| effort.name())),
    }
    if matches!(reasoning, Reasoning::Budget(_)) && quirks.thinking != Thinking::None {
        losses.part_hint(conversation.names.reasoning, "the exact budget");
    }
}

fn write_tools(body: &mut Members<'_>, conversation: &Conversation<'_>) {
    if conversation.tools.is_empty() {
        return;
    }
    body.array("tools", |tools| conversation.tools.iter().for_each(|tool| tools.object(|o| write_tool(o, tool))));
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

/// A tool's definition. Ollama has taken it over.
pub(crate) fn write_tool(object: &mut Members<'_>, tool: &Tool<'_>) {
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
        if let Some(strict) = tool.strict {
            function.flag("strict", strict);
        }
    });
}

fn write_output(body: &mut Members<'_>, output: &Output<'_>) {
    match output {
        Output::Any => {}
        Output::Json => body.object("response_format", |format| format.text("type", "json_object")),
        Output::Schema { name, schema, strict } => body.object("response_format", |format| {
            format.text("type", "json_schema");
            format.object("json_schema", |o| {
                o.text("name", name.as_deref().unwrap_or("answer"));
                o.raw("schema", *schema);
                if let Some(strict) = strict {
                    o.flag("strict", *strict);
                }
            });
        }),
    }
}

fn write_turns(messages: &mut Items<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    let list = Place::ROOT.field(conversation.names.turns);
    for turn in &conversation.turns {
        let place = list.index(turn.index);
        match turn.role {
            Role::System => messages.object(|message| {
                message.text("role", "system");
                write_content(message, &turn.parts.iter().collect::<Vec<_>>(), place, losses);
            }),
            Role::Assistant => messages.object(|message| write_assistant(message, turn, place, losses)),
            Role::User => write_user(messages, turn, place, losses),
        }
    }
}

/// Results of tools, each a message of its own that directly follows the calls, then the rest. Images cannot stand in a
/// result, so they follow as the user's.
fn write_user(messages: &mut Items<'_>, turn: &Turn<'_>, place: Place<'_>, losses: &mut Losses) {
    let mut rest: Vec<&Part<'_>> = Vec::new();
    for part in &turn.parts {
        let Part::ToolResult { id, parts, failed, .. } = part else { continue };
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
