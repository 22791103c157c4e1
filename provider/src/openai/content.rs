//! The messages of a chat completions request.

use std::borrow::Cow;

use crate::{
    conversation::{Arguments, Part, Role, Source, Turn},
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
};

/// What other servers put into an assistant's message, and what OpenAI itself puts there for reading.
const HINTS: &[&str] = &["annotations", "reasoning", "reasoning_details", "audio"];

/// Reads all messages.
pub(super) fn read_turns<'a>(
    messages: Vec<Node<'a>>,
    place: &Place<'_>,
    losses: &mut Losses,
) -> Result<Vec<Turn<'a>>, Invalid> {
    let turn = |(index, node)| {
        let object = Object::read(node, place.index(index))?;
        let (role, parts) = read_message(object, losses)?;
        Ok(Turn::new(role, index, parts))
    };
    messages.into_iter().enumerate().map(turn).collect()
}

fn read_message<'a>(mut message: Object<'a, '_>, losses: &mut Losses) -> Result<(Role, Vec<Part<'a>>), Invalid> {
    let place = message.place();
    let mut parts = Vec::new();
    if let Some(name) = message.text("name")? {
        parts.push(Part::Speaker(name));
    }
    let role = match message.needed_text("role")?.as_ref() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => {
            read_assistant(&mut message, &mut parts, losses)?;
            Role::Assistant
        }
        "tool" | "function" => {
            let id = message.text("tool_call_id")?.unwrap_or_default();
            let name = parts.pop().and_then(|part| if let Part::Speaker(name) = part { Some(name) } else { None });
            let content = read_content(message.take("content"), place.field("content"), losses)?;
            parts.push(Part::ToolResult { id, name, parts: content, failed: false });
            message.end(losses);
            return Ok((Role::User, parts));
        }
        _ => return Err(Invalid::new(place.field("role"), "is no role that is known")),
    };
    parts.extend(read_content(message.take("content"), place.field("content"), losses)?);
    if role == Role::Assistant {
        parts.extend(read_calls(&mut message, losses)?);
    }
    message.end(losses);
    Ok((role, parts))
}

fn read_assistant<'a>(
    message: &mut Object<'a, '_>,
    parts: &mut Vec<Part<'a>>,
    losses: &mut Losses,
) -> Result<(), Invalid> {
    if let Some(text) = message.text("reasoning_content")? {
        parts.push(Part::Thinking { text, signature: None });
    }
    parts.extend(message.text("refusal")?.map(Part::Text));
    message.lose_hints(HINTS, losses);
    message.lose(&[("function_call", "null")], losses);
    Ok(())
}

fn read_calls<'a>(message: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Vec<Part<'a>>, Invalid> {
    let place = message.place();
    let place = place.field("tool_calls");
    let mut calls = Vec::new();
    for (index, node) in message.items("tool_calls")?.into_iter().enumerate() {
        let place = place.index(index);
        let mut call = Object::read(node, place)?;
        let id = call.needed_text("id")?;
        call.take("index");
        match (call.text("type")?.as_deref(), call.object("function")?) {
            (Some("function") | None, Some(function)) => {
                let mut function = Object::read(function, place.field("function"))?;
                let name = function.needed_text("name")?;
                let arguments = Arguments::Text(function.text("arguments")?.unwrap_or_default());
                function.end(losses);
                calls.push(Part::ToolCall { id, name, arguments });
            }
            _ => losses.part(place, "a call of a tool that is no function"),
        }
        call.end(losses);
    }
    Ok(calls)
}

/// A message's content: a string, or an array of parts.
fn read_content<'a>(
    content: Option<Node<'a>>,
    place: Place<'_>,
    losses: &mut Losses,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(content) = content else { return Ok(Vec::new()) };
    if let Some(text) = content.text() {
        return Ok(vec![Part::Text(text)]);
    }
    let items = content.items().ok_or_else(|| Invalid::new(place, "must be a string or an array of parts"))?;
    let mut parts = Vec::new();
    for (index, node) in items.into_iter().enumerate() {
        parts.extend(read_part(Object::read(node, place.index(index))?, losses)?);
    }
    Ok(parts)
}

fn read_part<'a>(mut object: Object<'a, '_>, losses: &mut Losses) -> Result<Option<Part<'a>>, Invalid> {
    let place = object.place();
    let part = match object.needed_text("type")?.as_ref() {
        "text" => Some(Part::Text(object.needed_text("text")?)),
        "refusal" => Some(Part::Text(object.needed_text("refusal")?)),
        "image_url" => Some(Part::Image(image(&mut object, losses)?)),
        "file" => file(&mut object, losses)?,
        "input_audio" => {
            losses.part(place, "audio");
            object.take("input_audio");
            None
        }
        _ => {
            losses.part(place, "a part of a kind that is not known");
            return Ok(None);
        }
    };
    object.lose_hints(&["prompt_cache_breakpoint", "cache_control"], losses);
    object.end(losses);
    Ok(part)
}

fn image<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Source<'a>, Invalid> {
    let place = object.place();
    let place = place.field("image_url");
    let node = object.object("image_url")?.ok_or_else(|| Invalid::new(place, "is missing"))?;
    let mut image = Object::read(node, place)?;
    let source = source(image.needed_text("url")?, place.field("url"))?;
    if image.text("detail")?.is_some_and(|detail| detail != "auto") {
        losses.hint(place.field("detail"));
    }
    image.end(losses);
    Ok(source)
}

fn file<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<Part<'a>>, Invalid> {
    let place = object.place();
    let place = place.field("file");
    let node = object.object("file")?.ok_or_else(|| Invalid::new(place, "is missing"))?;
    let mut file = Object::read(node, place)?;
    let name = file.text("filename")?;
    file.lose(&[("file_id", "null")], losses);
    let part = match file.text("file_data")? {
        Some(data) => Some(Part::Document { source: inline(data, place.field("file_data"))?, name }),
        None => None,
    };
    file.end(losses);
    Ok(part)
}

/// A file's bytes, which no address can stand for.
pub(crate) fn inline<'a>(data: Cow<'a, str>, place: Place<'_>) -> Result<Source<'a>, Invalid> {
    match source(data, place)? {
        Source::Url(_) => Err(Invalid::new(place, "must be `data:` with a media type and base64")),
        inline => Ok(inline),
    }
}

/// An address, or `data:image/png;base64,...`, <https://www.rfc-editor.org/rfc/rfc2397>.
pub(crate) fn source<'a>(url: Cow<'a, str>, place: Place<'_>) -> Result<Source<'a>, Invalid> {
    if !url.starts_with("data:") {
        return Ok(Source::Url(url));
    }
    match url {
        Cow::Borrowed(url) => split(url).map(|(media, data)| (media.into(), data.into())),
        Cow::Owned(url) => split(&url).map(|(media, data)| (media.to_owned().into(), data.to_owned().into())),
    }
    .map(|(media, data)| Source::Inline { media, data })
    .ok_or_else(|| Invalid::new(place, "must be an address, or `data:` with a media type and base64"))
}

fn split(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let (media, parameters) = head.split_once(';')?;
    (parameters.split(';').next_back() == Some("base64") && !media.is_empty()).then_some((media, data))
}
