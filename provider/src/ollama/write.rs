//! A conversation, as a chat request of Ollama.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    conversation::{Choice, Conversation, Effort, Output, Part, Reasoning, Role, Source, Turn},
    json::{self, Items, Members, Place},
    loss::Losses,
    openai,
    quirks::{Quirks, Thinking},
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
        write_options(body, conversation);
        match conversation.output {
            Output::Any => {}
            Output::Json => body.text("format", "json"),
            Output::Schema { schema, .. } => body.raw("format", schema),
        }
        write_reasoning(body, conversation, quirks, losses);
        body.flag("stream", conversation.stream);
    });
    if conversation.user.is_some() {
        losses.hint(conversation.names.user);
    }
    out
}

fn write_options(body: &mut Members<'_>, conversation: &Conversation<'_>) {
    let sampling = conversation.sampling;
    body.object("options", |options| {
        if let Some(limit) = conversation.limit {
            options.whole("num_predict", limit);
        }
        options.some_number("temperature", sampling.temperature);
        options.some_number("top_p", sampling.top_p);
        if let Some(top_k) = sampling.top_k {
            options.whole("top_k", top_k);
        }
        if let Some(seed) = sampling.seed {
            options.signed("seed", seed);
        }
        options.some_number("presence_penalty", sampling.presence_penalty);
        options.some_number("frequency_penalty", sampling.frequency_penalty);
        options.some_array("stop", |stops| conversation.stop.iter().for_each(|stop| stops.text(stop)));
    });
}

fn write_tools(body: &mut Members<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    match conversation.choice {
        // Ollama cannot be told which tool to call. Without tools, none is called.
        Some(Choice::None) => return,
        Some(Choice::Any | Choice::Tool(_)) => losses.meaning(conversation.names.choice),
        None | Some(Choice::Auto) => {}
    }
    if conversation.parallel == Some(false) && !conversation.tools.is_empty() {
        losses.meaning(conversation.names.parallel);
    }
    body.some_array("tools", |tools| {
        conversation.tools.iter().for_each(|tool| tools.object(|o| openai::write_tool(o, tool, None)));
    });
    if conversation.tools.iter().any(|tool| tool.strict == Some(true)) {
        losses.part_hint(conversation.names.tools, "that arguments keep strictly to the schema");
    }
}

fn write_reasoning(body: &mut Members<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    let Some(reasoning) = conversation.reasoning else { return };
    match (quirks.thinking, reasoning) {
        (Thinking::None, Reasoning::Off) => {}
        (Thinking::None, _) => losses.hint(conversation.names.reasoning),
        (_, Reasoning::Off) => body.flag("think", false),
        (_, Reasoning::On) => body.flag("think", true),
        (_, reasoning) => {
            // Ollama knows these three levels.
            let level = match reasoning.effort() {
                Some(Effort::Minimal | Effort::Low) => Effort::Low,
                None | Some(Effort::Medium) => Effort::Medium,
                Some(Effort::High | Effort::ExtraHigh | Effort::Max) => Effort::High,
            };
            if reasoning != Reasoning::Effort(level) {
                losses.part_hint(conversation.names.reasoning, "the exact amount");
            }
            body.text("think", level.name());
        }
    }
}

fn write_turns(messages: &mut Items<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    let list = Place::ROOT.field(conversation.names.turns);
    let mut tools: BTreeMap<&str, &str> = BTreeMap::new();
    for turn in &conversation.turns {
        let place = list.index(turn.index);
        for part in &turn.parts {
            match part {
                Part::ToolCall { id, name, .. } => {
                    tools.insert(id, name);
                }
                Part::ToolResult { id, name, parts, failed } => {
                    let of_call = tools.get(&**id).copied();
                    if *failed {
                        losses.part_hint(place, "that a tool failed");
                    }
                    messages.object(|message| {
                        message.text("role", "tool");
                        message.some_text("tool_name", name.as_deref().or(of_call));
                        message.some_text("tool_call_id", Some(&**id).filter(|id| !id.is_empty()));
                        write_content(message, parts, place, losses);
                    });
                }
                _ => {}
            }
        }
        let is_result = |part: &Part<'_>| matches!(part, Part::ToolResult { .. });
        if turn.parts.is_empty() || !turn.parts.iter().all(is_result) {
            messages.object(|message| write_turn(message, turn, place, losses));
        }
    }
}

fn write_turn(message: &mut Members<'_>, turn: &Turn<'_>, place: Place<'_>, losses: &mut Losses) {
    let role = match turn.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    message.text("role", role);
    write_content(message, &turn.parts, place, losses);
    message.some_array("tool_calls", |calls| {
        for part in &turn.parts {
            let Part::ToolCall { id, name, arguments } = part else { continue };
            calls.object(|call| {
                call.text("id", id);
                call.object("function", |function| {
                    function.text("name", name);
                    match arguments.object() {
                        Some(object) => function.raw("arguments", object),
                        None => {
                            losses.part(place, "arguments of a call that are no JSON object");
                            function.object("arguments", |object| object.text("arguments", arguments.text()));
                        }
                    }
                });
            });
        }
    });
}

/// One text, one text of thinking, and images.
fn write_content(message: &mut Members<'_>, parts: &[Part<'_>], place: Place<'_>, losses: &mut Losses) {
    let (mut texts, mut thoughts, mut images) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) | Part::Document { source: Source::Text(text), .. } => texts.push(&**text),
            Part::Thinking { text, signature } => {
                thoughts.push(&**text);
                if signature.is_some() {
                    losses.part_hint(place, "the signature of thinking");
                }
            }
            Part::Image(Source::Inline { data, .. }) => images.push(&**data),
            Part::Image(_) => losses.part(place, "an image by its address"),
            Part::Document { .. } => losses.part(place, "a document"),
            Part::Speaker(_) => losses.part(place, "the speaker's name"),
            Part::ToolCall { .. } | Part::ToolResult { .. } => {}
        }
    }
    message.text("content", &lines(&texts));
    if !thoughts.is_empty() {
        message.text("thinking", &lines(&thoughts));
    }
    message.some_array("images", |list| images.iter().for_each(|image| list.text(image)));
}

/// Texts of one message, each from a new line.
fn lines<'a>(texts: &[&'a str]) -> Cow<'a, str> {
    match texts {
        [one] => Cow::Borrowed(one),
        texts => Cow::Owned(texts.join("\n")),
    }
}
