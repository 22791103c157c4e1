//! A chat completions request, as a conversation.

use super::content;
use crate::{
    conversation::{Choice, Conversation, Effort, Names, Output, Reasoning, Sampling, Tool},
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
};

const NAMES: Names = Names {
    turns: "messages",
    limit: "max_completion_tokens",
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
    output: "response_format",
    reasoning: "reasoning_effort",
    user: "user",
};

/// What only OpenAI can do, and the value that asks for nothing.
const OURS_ALONE: &[(&str, &str)] = &[
    ("n", "1"),
    ("logprobs", "false"),
    ("top_logprobs", "0"),
    ("logit_bias", "{}"),
    ("prediction", "null"),
    ("audio", "null"),
    ("modalities", r#"["text"]"#),
    ("functions", "[]"),
    ("function_call", r#""none""#),
    ("moderation", "null"),
    ("verbosity", r#""medium""#),
    ("web_search_options", "null"),
];

/// What tells OpenAI how to run the request, not what to answer.
const HINTS: &[&str] =
    &["metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"];

/// Reads a request.
pub(crate) fn read_request<'a>(body: Node<'a>, losses: &mut Losses) -> Result<Conversation<'a>, Invalid> {
    let root = Place::ROOT;
    let mut object = Object::read(body, root)?;
    let limit = object.whole("max_tokens")?;
    let (user, id) = (object.text("user")?, object.text("safety_identifier")?);
    if user.is_some() && id.is_some() && user != id {
        losses.hint("user");
    }
    let conversation = Conversation {
        names: &NAMES,
        model: object.needed_text("model")?,
        stream: object.flag("stream")?.unwrap_or_default(),
        usage_asked: usage_asked(&mut object)?,
        limit: object.whole("max_completion_tokens")?.or(limit),
        sampling: Sampling {
            temperature: object.number("temperature")?,
            top_p: object.number("top_p")?,
            top_k: object.whole("top_k")?,
            seed: object.signed("seed")?,
            presence_penalty: object.number("presence_penalty")?.filter(|penalty| *penalty != 0.0),
            frequency_penalty: object.number("frequency_penalty")?.filter(|penalty| *penalty != 0.0),
        },
        stop: stop(&mut object)?,
        turns: content::read_turns(object.items("messages")?, &root.field("messages"), losses)?,
        tools: tools(&mut object, losses)?,
        choice: choice(&mut object, losses)?,
        parallel: object.flag("parallel_tool_calls")?,
        output: output(&mut object, losses)?,
        reasoning: reasoning(&mut object)?,
        user: id.or(user),
    };
    object.lose(OURS_ALONE, losses);
    object.lose_hints(HINTS, losses);
    object.end(losses);
    Ok(conversation)
}

fn usage_asked(object: &mut Object<'_, '_>) -> Result<bool, Invalid> {
    let Some(node) = object.object("stream_options")? else { return Ok(false) };
    Ok(Object::read(node, Place::ROOT.field("stream_options"))?.flag("include_usage")?.unwrap_or_default())
}

/// A string, or an array of strings.
fn stop<'a>(object: &mut Object<'a, '_>) -> Result<Vec<std::borrow::Cow<'a, str>>, Invalid> {
    let wrong = || Invalid::new(Place::ROOT.field("stop"), "must be a string or an array of strings");
    let Some(node) = object.take("stop") else { return Ok(Vec::new()) };
    if let Some(one) = node.text() {
        return Ok(vec![one]);
    }
    node.items().ok_or_else(wrong)?.into_iter().map(|item| item.text().ok_or_else(wrong)).collect()
}

fn tools<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Vec<Tool<'a>>, Invalid> {
    let place = Place::ROOT.field("tools");
    let mut tools = Vec::new();
    for (index, node) in object.items("tools")?.into_iter().enumerate() {
        let place = place.index(index);
        let mut tool = Object::read(node, place)?;
        match (tool.text("type")?.as_deref(), tool.object("function")?) {
            (Some("function") | None, Some(function)) => {
                tools.push(self::function(function, place.field("function"), losses)?);
                tool.end(losses);
            }
            (Some("function") | None, None) => return Err(Invalid::new(place.field("function"), "is missing")),
            _ => losses.part(place, "a tool that is no function"),
        }
    }
    Ok(tools)
}

/// A function's definition.
pub(crate) fn function<'a>(node: Node<'a>, place: Place<'_>, losses: &mut Losses) -> Result<Tool<'a>, Invalid> {
    function_of(Object::read(node, place)?, losses)
}

/// A function's definition, of which something was read already.
pub(crate) fn function_of<'a>(mut function: Object<'a, '_>, losses: &mut Losses) -> Result<Tool<'a>, Invalid> {
    let tool = Tool {
        name: function.needed_text("name")?,
        description: function.text("description")?,
        schema: function.object("parameters")?,
        strict: function.flag("strict")?,
    };
    function.end(losses);
    Ok(tool)
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
    match (choice.text("type")?.as_deref(), choice.object("function")?) {
        (Some("function"), Some(function)) => {
            Ok(Some(Choice::Tool(Object::read(function, place.field("function"))?.needed_text("name")?)))
        }
        _ => {
            losses.meaning(place);
            Ok(None)
        }
    }
}

fn output<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Output<'a>, Invalid> {
    let place = Place::ROOT.field("response_format");
    let Some(node) = object.take("response_format") else { return Ok(Output::Any) };
    let mut format = Object::read(node, place)?;
    let output = match format.needed_text("type")?.as_ref() {
        "text" => Output::Any,
        "json_object" => Output::Json,
        "json_schema" => {
            let place = place.field("json_schema");
            let node = format.object("json_schema")?.ok_or_else(|| Invalid::new(place, "is missing"))?;
            schema(Object::read(node, place)?, losses)?
        }
        _ => {
            losses.meaning(place.field("type"));
            Output::Any
        }
    };
    format.end(losses);
    Ok(output)
}

/// A schema for the answer, with its name. Chat completions and responses put it in different places.
pub(crate) fn schema<'a>(mut object: Object<'a, '_>, losses: &mut Losses) -> Result<Output<'a>, Invalid> {
    let name = object.text("name")?;
    let strict = object.flag("strict")?;
    object.lose_hints(&["description"], losses);
    let schema = object.object("schema")?;
    object.end(losses);
    Ok(schema.map_or(Output::Json, |schema| Output::Schema { name, schema, strict }))
}

fn reasoning(object: &mut Object<'_, '_>) -> Result<Option<Reasoning>, Invalid> {
    object
        .text("reasoning_effort")?
        .map(|effort| effort_named(&effort, Place::ROOT.field("reasoning_effort")))
        .transpose()
}

/// What one of OpenAI's names for an effort asks for.
pub(crate) fn effort_named(name: &str, place: Place<'_>) -> Result<Reasoning, Invalid> {
    match name {
        "none" => Ok(Reasoning::Off),
        _ => Effort::of(name).map(Reasoning::Effort).ok_or_else(|| Invalid::new(place, "is no effort that is known")),
    }
}
