//! A messages request, as a conversation.

use super::content;
use crate::{
    conversation::{Choice, Conversation, Effort, Names, Output, Reasoning, Role, Sampling, Tool, Turn},
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
};

const NAMES: Names = Names {
    turns: "messages",
    limit: "max_tokens",
    temperature: "temperature",
    top_p: "top_p",
    top_k: "top_k",
    seed: "seed",
    presence_penalty: "presence_penalty",
    frequency_penalty: "frequency_penalty",
    stop: "stop_sequences",
    tools: "tools",
    choice: "tool_choice",
    parallel: "tool_choice.disable_parallel_tool_use",
    output: "output_config.format",
    reasoning: "thinking",
    user: "metadata.user_id",
};

/// What only Anthropic can do.
const OURS_ALONE: &[(&str, &str)] = &[("container", "null"), ("mcp_servers", "[]")];

/// What tells Anthropic how to run the request, not what to answer.
const HINTS: &[&str] = &[
    "cache_control",
    "context_management",
    "diagnostics",
    "inference_geo",
    "service_tier",
    "speed",
    "user_profile_id",
    "workspace_id",
    "betas",
];

/// What tells Anthropic how to treat a tool, not what the tool is.
const TOOL_HINTS: &[&str] =
    &["cache_control", "defer_loading", "eager_input_streaming", "input_examples", "allowed_callers"];

/// Reads a request.
pub(crate) fn read_request<'a>(body: Node<'a>, losses: &mut Losses) -> Result<Conversation<'a>, Invalid> {
    let root = Place::ROOT;
    let mut object = Object::read(body, root)?;
    let mut turns = system(&mut object, losses)?;
    turns.extend(content::read_turns(object.items("messages")?, &root.field("messages"), losses)?);
    if turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
        losses.part_hint("messages", "that the answer goes on from the last one");
    }
    let (choice, parallel) = choice(&mut object, losses)?;
    let (output, effort) = output(&mut object, losses)?;
    let thinking = thinking(&mut object, losses)?;
    let conversation = Conversation {
        names: &NAMES,
        model: object.needed_text("model")?,
        stream: object.flag("stream")?.unwrap_or_default(),
        usage_asked: true,
        limit: object.whole("max_tokens")?,
        sampling: Sampling {
            temperature: object.number("temperature")?,
            top_p: object.number("top_p")?,
            top_k: object.whole("top_k")?,
            ..Sampling::default()
        },
        stop: content::texts(object.items("stop_sequences")?, root.field("stop_sequences"))?,
        turns,
        tools: tools(&mut object, losses)?,
        choice,
        parallel,
        output,
        reasoning: match (thinking, effort) {
            (Some(Reasoning::Off), _) => Some(Reasoning::Off),
            (Some(Reasoning::On) | None, Some(effort)) => Some(Reasoning::Effort(effort)),
            (thinking, _) => thinking,
        },
        user: user(&mut object, losses)?,
    };
    object.lose(OURS_ALONE, losses);
    object.lose_hints(HINTS, losses);
    object.end(losses);
    Ok(conversation)
}

/// Instructions: a string, or an array of texts. They are said first.
fn system<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Vec<Turn<'a>>, Invalid> {
    let parts = content::read_content(object.take("system"), Place::ROOT.field("system"), losses)?;
    Ok(if parts.is_empty() { Vec::new() } else { vec![Turn::new(Role::System, 0, parts)] })
}

fn tools<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Vec<Tool<'a>>, Invalid> {
    let place = Place::ROOT.field("tools");
    let mut tools = Vec::new();
    for (index, node) in object.items("tools")?.into_iter().enumerate() {
        let place = place.index(index);
        let mut tool = Object::read(node, place)?;
        if !matches!(tool.text("type")?.as_deref(), None | Some("custom")) {
            losses.part(place, "a tool that Anthropic itself runs or defines");
            continue;
        }
        tools.push(Tool {
            name: tool.needed_text("name")?,
            description: tool.text("description")?,
            schema: tool.object("input_schema")?,
            strict: tool.flag("strict")?,
        });
        tool.lose_hints(TOOL_HINTS, losses);
        tool.end(losses);
    }
    Ok(tools)
}

type ToolUse<'a> = (Option<Choice<'a>>, Option<bool>);

fn choice<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<ToolUse<'a>, Invalid> {
    let place = Place::ROOT.field("tool_choice");
    let Some(node) = object.take("tool_choice") else { return Ok((None, None)) };
    let mut choice = Object::read(node, place)?;
    let alone = choice.flag("disable_parallel_tool_use")?;
    let chosen = match choice.needed_text("type")?.as_ref() {
        "auto" => Choice::Auto,
        "any" => Choice::Any,
        "none" => Choice::None,
        "tool" => Choice::Tool(choice.needed_text("name")?),
        _ => return Err(Invalid::new(place.field("type"), "must be `auto`, `any`, `tool` or `none`")),
    };
    choice.end(losses);
    Ok((Some(chosen), alone.map(|alone| !alone)))
}

fn output<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<(Output<'a>, Option<Effort>), Invalid> {
    let place = Place::ROOT.field("output_config");
    let Some(node) = object.take("output_config") else { return Ok((Output::Any, None)) };
    let mut config = Object::read(node, place)?;
    let effort = config.text("effort")?;
    let effort = effort
        .map(|name| Effort::of(&name).ok_or_else(|| Invalid::new(place.field("effort"), "is no effort that is known")));
    let output = match config.object("format")? {
        None => Output::Any,
        Some(node) => {
            let mut format = Object::read(node, place.field("format"))?;
            format.take("type");
            let schema = format.object("schema")?;
            format.end(losses);
            schema.map_or(Output::Json, |schema| Output::Schema { name: None, schema, strict: Some(true) })
        }
    };
    config.end(losses);
    Ok((output, effort.transpose()?))
}

fn thinking(object: &mut Object<'_, '_>, losses: &mut Losses) -> Result<Option<Reasoning>, Invalid> {
    let place = Place::ROOT.field("thinking");
    let Some(node) = object.take("thinking") else { return Ok(None) };
    let mut thinking = Object::read(node, place)?;
    let budget = thinking.whole("budget_tokens")?;
    let reasoning = match (thinking.needed_text("type")?.as_ref(), budget) {
        ("disabled", _) => Reasoning::Off,
        ("enabled", Some(budget)) => Reasoning::Budget(budget),
        ("enabled" | "adaptive" | "between_tools", _) => Reasoning::On,
        _ => return Err(Invalid::new(place.field("type"), "is no kind of thinking that is known")),
    };
    thinking.lose_hints(&["display"], losses);
    thinking.end(losses);
    Ok(Some(reasoning))
}

fn user<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<std::borrow::Cow<'a, str>>, Invalid> {
    let Some(node) = object.take("metadata") else { return Ok(None) };
    let mut metadata = Object::read(node, Place::ROOT.field("metadata"))?;
    let user = metadata.text("user_id")?;
    metadata.end(losses);
    Ok(user)
}
