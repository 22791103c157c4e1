//! A conversation, as a messages request.

use std::borrow::Cow;

use super::results::{self, Message};
use crate::{
    conversation::{Arguments, Choice, Conversation, Output, Part, Reasoning, Role, Source, Tool},
    json::{self, Items, Members, Node, Object, Place},
    loss::Losses,
    quirks::{Quirks, Thinking},
};

/// The images that Anthropic takes.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The least number of tokens that a model may be told to think.
const LEAST_BUDGET: u64 = 1024;

/// The highest temperature.
const HOTTEST: f64 = 1.0;

/// Writes a request for `model`.
pub(crate) fn write_request(
    conversation: &Conversation<'_>,
    model: &str,
    quirks: &Quirks,
    losses: &mut Losses,
) -> Vec<u8> {
    let mut out = Vec::new();
    let limit = conversation.limit.unwrap_or(quirks.default_limit);
    if conversation.limit.is_none() {
        losses.part_hint(conversation.names.limit, "without a limit");
    }
    json::object(&mut out, |body| {
        body.text("model", model);
        body.whole("max_tokens", limit);
        let system = results::system(conversation, losses);
        body.some_text("system", Some(&*system).filter(|system| !system.is_empty()));
        body.array("messages", |list| write_messages(list, conversation, losses));
        write_tools(body, conversation);
        let thinks = write_reasoning(body, conversation, limit, quirks, losses);
        write_sampling(body, conversation, quirks, thinks, losses);
        write_stops(body, conversation, losses);
        if let Some(user) = &conversation.user {
            body.object("metadata", |metadata| metadata.text("user_id", user));
        }
        body.flag("stream", conversation.stream);
    });
    out
}

fn write_sampling(
    body: &mut Members<'_>,
    conversation: &Conversation<'_>,
    quirks: &Quirks,
    thinks: bool,
    losses: &mut Losses,
) {
    let (names, mut sampling) = (conversation.names, conversation.sampling);
    let unsupported = [
        (names.seed, sampling.seed.is_some()),
        (names.presence_penalty, sampling.presence_penalty.is_some()),
        (names.frequency_penalty, sampling.frequency_penalty.is_some()),
    ];
    unsupported.iter().filter(|(_, set)| *set).for_each(|(name, _)| losses.meaning(*name));
    // One is what the API itself takes for both if they are not set.
    sampling.top_p = sampling.top_p.filter(|top_p| *top_p != 1.0);
    sampling.temperature = sampling.temperature.filter(|temperature| *temperature != 1.0);
    if !quirks.sampling || thinks {
        // A model that thinks draws as it wants to.
        for (name, set) in [
            (names.temperature, sampling.temperature.take().is_some()),
            (names.top_p, sampling.top_p.take().is_some()),
            (names.top_k, sampling.top_k.take().is_some()),
        ] {
            if set {
                losses.meaning(name);
            }
        }
    }
    if sampling.temperature.is_some_and(|temperature| temperature > HOTTEST) {
        losses.part(names.temperature, "above one");
        sampling.temperature = Some(HOTTEST);
    }
    if sampling.temperature.is_some() && sampling.top_p.take().is_some() {
        losses.part(names.top_p, "beside a temperature");
    }
    body.some_number("temperature", sampling.temperature);
    body.some_number("top_p", sampling.top_p);
    if let Some(top_k) = sampling.top_k {
        body.whole("top_k", top_k);
    }
}

fn write_stops(body: &mut Members<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    let (stops, blank): (Vec<_>, Vec<_>) = conversation.stop.iter().partition(|stop| !stop.trim().is_empty());
    if !blank.is_empty() {
        losses.part(conversation.names.stop, "nothing but white space");
    }
    if !stops.is_empty() {
        body.array("stop_sequences", |list| stops.iter().for_each(|stop| list.text(stop)));
    }
}

/// Writes how much to think, and what the answer must be, and tells whether the model will think.
fn write_reasoning(
    body: &mut Members<'_>,
    conversation: &Conversation<'_>,
    limit: u64,
    quirks: &Quirks,
    losses: &mut Losses,
) -> bool {
    let asked = conversation.reasoning.filter(|reasoning| *reasoning != Reasoning::Off);
    let budget = asked.map(|reasoning| match reasoning {
        Reasoning::Budget(budget) => budget,
        other => other.effort().map_or(8192, |effort| effort.budget()),
    });
    let budget = budget.map(|budget| budget.clamp(LEAST_BUDGET, limit.saturating_sub(1).max(LEAST_BUDGET)));
    let effort = asked.and_then(Reasoning::effort);
    // A tool that must be called leaves no room for thought.
    let forced = matches!(conversation.choice, Some(Choice::Any | Choice::Tool(_)));
    let (thinks, effort) = match (quirks.thinking, budget) {
        (_, None) => (false, None),
        (Thinking::Budget, Some(budget)) if budget < limit && !forced => {
            body.object("thinking", |thinking| {
                thinking.text("type", "enabled");
                thinking.whole("budget_tokens", budget);
            });
            (true, None)
        }
        (Thinking::Effort, Some(_)) if !forced => {
            body.object("thinking", |thinking| thinking.text("type", "adaptive"));
            (true, effort)
        }
        _ => {
            losses.hint(conversation.names.reasoning);
            (false, None)
        }
    };
    let schema = schema(conversation, quirks, losses);
    if effort.is_some() || schema.is_some() {
        body.object("output_config", |config| {
            // `minimal` is OpenAI's alone.
            config.some_text("effort", effort.map(|effort| effort.max(crate::conversation::Effort::Low).name()));
            if let Some(schema) = schema {
                config.object("format", |format| {
                    format.text("type", "json_schema");
                    format.raw("schema", schema);
                });
            }
        });
    }
    thinks
}

fn schema<'a>(conversation: &Conversation<'a>, quirks: &Quirks, losses: &mut Losses) -> Option<Node<'a>> {
    match conversation.output {
        Output::Any => None,
        Output::Schema { schema, .. } if quirks.schema => Some(schema),
        Output::Json | Output::Schema { .. } => {
            losses.meaning(conversation.names.output);
            None
        }
    }
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

fn write_messages(list: &mut Items<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    let turns = Place::ROOT.field(conversation.names.turns);
    let mut previous: Option<&Message<'_, '_>> = None;
    let messages = results::messages(conversation);
    for message in &messages {
        // Anthropic takes neither an empty message nor white space alone; nothing is said by either.
        list.some_object(|o| {
            o.text("role", if message.role == Role::Assistant { "assistant" } else { "user" });
            o.some_array("content", |blocks| write_blocks(blocks, message, previous, &turns, losses))
        });
        previous = Some(message);
    }
}

fn write_blocks(
    blocks: &mut Items<'_>,
    message: &Message<'_, '_>,
    previous: Option<&Message<'_, '_>>,
    turns: &Place<'_>,
    losses: &mut Losses,
) {
    for (index, part) in &message.parts {
        let place = turns.index(*index);
        match part {
            Part::ToolResult { id, parts, .. } if !results::answers(previous, id) => {
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
