//! A chat request of Ollama, as a conversation.

use super::calls::Calls;
use crate::{
    conversation::{
        Arguments, Conversation, Effort, Names, Output, Part, Reasoning, Role, Sampling, Source, Tool, Turn,
    },
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
    openai,
};

const NAMES: Names = Names {
    turns: "messages",
    limit: "options.num_predict",
    temperature: "options.temperature",
    top_p: "options.top_p",
    top_k: "options.top_k",
    seed: "options.seed",
    presence_penalty: "options.presence_penalty",
    frequency_penalty: "options.frequency_penalty",
    stop: "options.stop",
    tools: "tools",
    choice: "tool_choice",
    parallel: "parallel_tool_calls",
    output: "format",
    reasoning: "think",
    user: "user",
};

/// How Ollama is to load and run a model.
const HINTS: &[&str] = &["keep_alive", "truncate", "shift"];

/// Options about the machine that the model runs on.
const MACHINE: &[&str] = &[
    "num_ctx",
    "num_keep",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "num_thread",
    "numa",
    "low_vram",
    "f16_kv",
    "logits_all",
    "vocab_only",
    "use_mmap",
    "use_mlock",
    "embedding_only",
    "draft_num_predict",
];

/// Ways of drawing tokens that others do not have, and the values that turn them off.
const DRAWING: &[(&str, &str)] = &[
    ("min_p", "0"),
    ("typical_p", "1"),
    ("tfs_z", "1"),
    ("repeat_last_n", "0"),
    ("repeat_penalty", "1"),
    ("mirostat", "0"),
    ("mirostat_tau", "null"),
    ("mirostat_eta", "null"),
    ("penalize_newline", "null"),
];

/// Reads a request.
pub(crate) fn read_request<'a>(body: Node<'a>, losses: &mut Losses) -> Result<Conversation<'a>, Invalid> {
    let root = Place::ROOT;
    let mut object = Object::read(body, root)?;
    let options = object.object("options")?.unwrap_or(Node::EMPTY_OBJECT);
    let mut options = Object::read(options, root.field("options"))?;
    let conversation = Conversation {
        names: &NAMES,
        model: object.needed_text("model")?,
        stream: object.flag("stream")?.unwrap_or(true),
        usage_asked: true,
        // Below zero: without a limit.
        limit: options.signed("num_predict")?.and_then(|limit| u64::try_from(limit).ok()),
        sampling: Sampling {
            temperature: options.number("temperature")?,
            top_p: options.number("top_p")?,
            top_k: options.whole("top_k")?,
            seed: options.signed("seed")?,
            presence_penalty: options.number("presence_penalty")?.filter(|penalty| *penalty != 0.0),
            frequency_penalty: options.number("frequency_penalty")?.filter(|penalty| *penalty != 0.0),
        },
        stop: strings(options.items("stop")?, root.field("options").field("stop"))?,
        turns: read_turns(object.items("messages")?, losses)?,
        tools: tools(object.items("tools")?, losses)?,
        choice: None,
        parallel: None,
        output: output(object.take("format"))?,
        reasoning: reasoning(object.take("think"))?,
        user: None,
    };
    options.lose(DRAWING, losses);
    options.lose_hints(MACHINE, losses);
    options.end(losses);
    object.lose(&[("logprobs", "false"), ("top_logprobs", "0")], losses);
    object.lose_hints(HINTS, losses);
    object.end(losses);
    Ok(conversation)
}

fn strings<'a>(items: Vec<Node<'a>>, place: Place<'_>) -> Result<Vec<std::borrow::Cow<'a, str>>, Invalid> {
    let wrong = || Invalid::new(place, "must be an array of strings");
    items.into_iter().map(|item| item.text().ok_or_else(wrong)).collect()
}

fn tools<'a>(items: Vec<Node<'a>>, losses: &mut Losses) -> Result<Vec<Tool<'a>>, Invalid> {
    let place = Place::ROOT.field("tools");
    let read = |(index, node)| {
        let place = place.index(index);
        let mut tool = Object::read(node, place)?;
        tool.take("type");
        let function = tool.object("function")?.ok_or_else(|| Invalid::new(place.field("function"), "is missing"))?;
        tool.end(losses);
        openai::function(function, place.field("function"), losses)
    };
    items.into_iter().enumerate().map(read).collect()
}

/// `json`, or a schema.
fn output(format: Option<Node<'_>>) -> Result<Output<'_>, Invalid> {
    let Some(node) = format else { return Ok(Output::Any) };
    match node.text().as_deref() {
        Some("") => Ok(Output::Any),
        Some("json") => Ok(Output::Json),
        None if node.is_object() => Ok(Output::Schema { name: None, schema: node, strict: None }),
        _ => Err(Invalid::new(Place::ROOT.field("format"), "must be `json` or a JSON Schema")),
    }
}

/// `true`, `false`, or a level.
fn reasoning(think: Option<Node<'_>>) -> Result<Option<Reasoning>, Invalid> {
    let Some(node) = think else { return Ok(None) };
    let level = |name: &str| Effort::of(name).map(Reasoning::Effort);
    match (node.flag(), node.text()) {
        (Some(true), _) => Ok(Some(Reasoning::On)),
        (Some(false), _) => Ok(Some(Reasoning::Off)),
        (None, Some(name)) if level(&name).is_some() => Ok(level(&name)),
        _ => Err(Invalid::new(Place::ROOT.field("think"), "must be `true`, `false` or a level")),
    }
}

fn read_turns<'a>(messages: Vec<Node<'a>>, losses: &mut Losses) -> Result<Vec<Turn<'a>>, Invalid> {
    let list = Place::ROOT.field("messages");
    let mut calls = Calls::default();
    let read = |(index, node)| {
        let (role, parts) = read_message(Object::read(node, list.index(index))?, &mut calls, losses)?;
        Ok(Turn::new(role, index, parts))
    };
    messages.into_iter().enumerate().map(read).collect()
}

fn read_message<'a>(
    mut message: Object<'a, '_>,
    calls: &mut Calls<'a>,
    losses: &mut Losses,
) -> Result<(Role, Vec<Part<'a>>), Invalid> {
    let place = message.place();
    let role = message.needed_text("role")?;
    let mut parts = Vec::new();
    if let Some(text) = message.text("thinking")?.filter(|text| !text.is_empty()) {
        parts.push(Part::Thinking { text, signature: None });
    }
    parts.extend(message.text("content")?.filter(|text| !text.is_empty()).map(Part::Text));
    for (index, image) in message.items("images")?.into_iter().enumerate() {
        parts.extend(read_image(image, place.field("images").index(index), losses)?);
    }
    parts.extend(read_calls(&mut message, calls, losses)?);
    let (id, name) = (message.text("tool_call_id")?, message.text("tool_name")?);
    message.end(losses);
    Ok(match &*role {
        "system" => (Role::System, parts),
        "user" => (Role::User, parts),
        "assistant" => (Role::Assistant, parts),
        "tool" => {
            let id = calls.result(id, name.as_deref());
            (Role::User, vec![Part::ToolResult { id, name, parts, failed: false }])
        }
        _ => return Err(Invalid::new(place.field("role"), "must be `system`, `user`, `assistant` or `tool`")),
    })
}

fn read_calls<'a>(
    message: &mut Object<'a, '_>,
    calls: &mut Calls<'a>,
    losses: &mut Losses,
) -> Result<Vec<Part<'a>>, Invalid> {
    let place = message.place();
    let place = place.field("tool_calls");
    let read = |(index, node)| {
        let place = place.index(index);
        let mut call = Object::read(node, place)?;
        let (id, place) = (call.text("id")?, place.field("function"));
        call.take("type");
        let function = call.object("function")?.ok_or_else(|| Invalid::new(place, "is missing"))?;
        call.end(losses);
        let mut function = Object::read(function, place)?;
        function.take("index");
        let name = function.needed_text("name")?;
        let arguments = function.object("arguments")?.unwrap_or(Node::EMPTY_OBJECT);
        function.end(losses);
        Ok(Part::ToolCall { id: calls.call(id, name.clone()), name, arguments: Arguments::Object(arguments) })
    };
    message.items("tool_calls")?.into_iter().enumerate().map(read).collect()
}

/// An image in base64, whose kind only its first bytes tell.
fn read_image<'a>(node: Node<'a>, place: Place<'_>, losses: &mut Losses) -> Result<Option<Part<'a>>, Invalid> {
    /// The beginnings of base64 of JPEG, PNG, GIF and WebP files (RIFF containers).
    const KINDS: [(&str, &str); 4] =
        [("/9j/", "image/jpeg"), ("iVBORw0KGgo", "image/png"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];
    let data = node.text().ok_or_else(|| Invalid::new(place, "must be a string"))?;
    let kind = KINDS.iter().find(|(start, _)| data.starts_with(start));
    if kind.is_none() {
        losses.part(place, "an image of a kind that is not known");
    }
    Ok(kind.map(|(_, media)| Part::Image(Source::Inline { media: (*media).into(), data })))
}
