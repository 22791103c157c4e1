//! A request for a response, as a conversation.

use super::input;
use crate::{
    conversation::{Choice, Conversation, Names, Output, Reasoning, Role, Sampling, Tool, Turn},
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
    openai,
};

const NAMES: Names = Names {
    turns: "input",
    limit: "max_output_tokens",
    temperature: "temperature",
    top_p: "top_p",
    top_k: "top_k",
    seed: "seed",
    presence_penalty: "presence_penalty",
    frequency_penalty: "frequency_penalty",
    stop: "stop",
    tools: "tools",
    choice: "tool_choice",
    parallel: "parallel_tool_calls",
    output: "text.format",
    reasoning: "reasoning.effort",
    user: "user",
};

/// What OpenAI keeps for later requests. Without it a conversation has no beginning, so it is never just dropped.
const KEPT: [&str; 4] = ["previous_response_id", "conversation", "prompt", "background"];

/// What only OpenAI can do, and the value that asks for nothing.
const OURS_ALONE: &[(&str, &str)] = &[
    ("max_tool_calls", "null"),
    ("top_logprobs", "0"),
    ("moderation", "null"),
    ("truncation", r#""disabled""#),
    ("context_management", "[]"),
];

/// What tells OpenAI how to run the request, not what to answer.
const HINTS: &[&str] = &[
    "metadata",
    "store",
    "service_tier",
    "include",
    "stream_options",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "client_metadata",
];

/// Reads a request.
pub(crate) fn read_request<'a>(body: Node<'a>, losses: &mut Losses) -> Result<Conversation<'a>, Invalid> {
    let root = Place::ROOT;
    let mut object = Object::read(body, root)?;
    for name in KEPT {
        if object.take(name).is_some_and(|node| !node.says_nothing() && node.flag() != Some(false)) {
            return Err(Invalid::new(root.field(name), "needs what only another provider keeps"));
        }
    }
    let mut turns: Vec<Turn<'a>> = Vec::new();
    if let Some(text) = object.text("instructions")? {
        turns.push(Turn::new(Role::System, 0, vec![crate::conversation::Part::Text(text)]));
    }
    input::read_turns(object.take("input"), &mut turns, losses)?;
    let (user, id) = (object.text("user")?, object.text("safety_identifier")?);
    let conversation = Conversation {
        names: &NAMES,
        model: object.needed_text("model")?,
        stream: object.flag("stream")?.unwrap_or_default(),
        usage_asked: true,
        limit: object.whole("max_output_tokens")?,
        sampling: Sampling {
            temperature: object.number("temperature")?,
            top_p: object.number("top_p")?,
            ..Sampling::default()
        },
        stop: Vec::new(),
        turns,
        tools: tools(&mut object, losses)?,
        choice: choice(&mut object, losses)?,
        parallel: object.flag("parallel_tool_calls")?,
        output: output(&mut object, losses)?,
        reasoning: reasoning(&mut object, losses)?,
        user: id.or(user),
    };
    object.lose(OURS_ALONE, losses);
    object.lose_hints(HINTS, losses);
    object.end(losses);
    Ok(conversation)
}

fn tools<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Vec<Tool<'a>>, Invalid> {
    let place = Place::ROOT.field("tools");
    let mut tools = Vec::new();
    for (index, node) in object.items("tools")?.into_iter().enumerate() {
        let place = place.index(index);
        let mut tool = Object::read(node, place)?;
        match tool.needed_text("type")?.as_ref() {
            "function" => {
                tool.lose_hints(&["defer_loading", "allowed_callers", "output_schema"], losses);
                tools.push(openai::function_of(tool, losses)?);
            }
            _ => losses.part(place, "a tool that is no function"),
        }
    }
    Ok(tools)
}

fn choice<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<Choice<'a>>, Invalid> {
    let place = Place::ROOT.field("tool_choice");
    let Some(node) = object.take("tool_choice") else { return Ok(None) };
    match node.text().as_deref() {
        Some("auto") => return Ok(Some(Choice::Auto)),
        Some("none") => return Ok(Some(Choice::None)),
        Some("required") => return Ok(Some(Choice::Any)),
        Some(_) => return Err(Invalid::new(place, "must be `none`, `auto`, `required` or an object")),
        None => {}
    }
    let mut choice = Object::read(node, place)?;
    if choice.text("type")?.as_deref() == Some("function") {
        return Ok(Some(Choice::Tool(choice.needed_text("name")?)));
    }
    losses.meaning(place);
    Ok(None)
}

fn output<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Output<'a>, Invalid> {
    let place = Place::ROOT.field("text");
    let Some(node) = object.object("text")? else { return Ok(Output::Any) };
    let mut text = Object::read(node, place)?;
    text.lose(&[("verbosity", r#""medium""#)], losses);
    let format = text.object("format")?;
    text.end(losses);
    let Some(format) = format else { return Ok(Output::Any) };
    let place = place.field("format");
    let mut format = Object::read(format, place)?;
    match format.needed_text("type")?.as_ref() {
        "text" => Ok(Output::Any),
        "json_object" => Ok(Output::Json),
        "json_schema" => openai::schema(format, losses),
        _ => {
            losses.meaning(place);
            Ok(Output::Any)
        }
    }
}

fn reasoning(object: &mut Object<'_, '_>, losses: &mut Losses) -> Result<Option<Reasoning>, Invalid> {
    let place = Place::ROOT.field("reasoning");
    let Some(node) = object.object("reasoning")? else { return Ok(None) };
    let mut reasoning = Object::read(node, place)?;
    let effort = reasoning.text("effort")?;
    reasoning.lose_hints(&["summary", "generate_summary", "context", "mode"], losses);
    reasoning.end(losses);
    effort.map(|effort| openai::effort_named(&effort, place.field("effort"))).transpose()
}
