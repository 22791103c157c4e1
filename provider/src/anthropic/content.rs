//! The content blocks of a messages request.

use std::borrow::Cow;

use crate::{
    conversation::{Arguments, Part, Role, Source, Turn},
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
};

/// Reads all messages.
pub(super) fn read_turns<'a>(
    messages: Vec<Node<'a>>,
    place: &Place<'_>,
    losses: &mut Losses,
) -> Result<Vec<Turn<'a>>, Invalid> {
    let turn = |(index, node)| {
        let place = place.index(index);
        let mut message = Object::read(node, place)?;
        let role = match message.needed_text("role")?.as_ref() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(Invalid::new(place.field("role"), "must be `user` or `assistant`")),
        };
        let parts = read_content(message.take("content"), place.field("content"), losses)?;
        message.end(losses);
        Ok(Turn::new(role, index, parts))
    };
    messages.into_iter().enumerate().map(turn).collect()
}

/// A string, or an array of blocks.
pub(super) fn read_content<'a>(
    content: Option<Node<'a>>,
    place: Place<'_>,
    losses: &mut Losses,
) -> Result<Vec<Part<'a>>, Invalid> {
    read_blocks(content, place, losses, read_block)
}

/// Strings of an array.
pub(super) fn texts<'a>(items: Vec<Node<'a>>, place: Place<'_>) -> Result<Vec<Cow<'a, str>>, Invalid> {
    let wrong = || Invalid::new(place, "must be an array of strings");
    items.into_iter().map(|item| item.text().ok_or_else(wrong)).collect()
}

type ReadBlock<'a> = fn(&str, &mut Object<'a, '_>, &mut Losses) -> Result<Option<Part<'a>>, Invalid>;

fn read_blocks<'a>(
    content: Option<Node<'a>>,
    place: Place<'_>,
    losses: &mut Losses,
    read: ReadBlock<'a>,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(content) = content else { return Ok(Vec::new()) };
    if let Some(text) = content.text() {
        return Ok(vec![Part::Text(text)]);
    }
    let items = content.items().ok_or_else(|| Invalid::new(place, "must be a string or an array of blocks"))?;
    let mut parts = Vec::new();
    for (index, node) in items.into_iter().enumerate() {
        let mut object = Object::read(node, place.index(index))?;
        let kind = object.needed_text("type")?;
        object.lose_hints(&["cache_control", "citations", "caller"], losses);
        if kind == "redacted_thinking" {
            losses.part_hint(object.place(), "redacted thinking");
            continue;
        }
        match read(&kind, &mut object, losses)? {
            Some(part) => {
                parts.push(part);
                object.end(losses);
            }
            None => losses.part(object.place(), "a block of a kind that only Anthropic knows"),
        }
    }
    Ok(parts)
}

fn read_block<'a>(kind: &str, object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<Part<'a>>, Invalid> {
    Ok(Some(match kind {
        "thinking" => Part::Thinking {
            text: object.needed_text("thinking")?,
            // It is empty where the thoughts are another provider's, and came through us.
            signature: object.text("signature")?.filter(|signature| !signature.is_empty()),
        },
        "tool_use" => Part::ToolCall {
            id: object.needed_text("id")?,
            name: object.needed_text("name")?,
            arguments: Arguments::Object(object.object("input")?.unwrap_or(Node::EMPTY_OBJECT)),
        },
        "tool_result" => {
            let place = object.place();
            let content = object.take("content");
            Part::ToolResult {
                id: object.needed_text("tool_use_id")?,
                name: None,
                parts: read_blocks(content, place.field("content"), losses, read_piece)?,
                failed: object.flag("is_error")?.unwrap_or_default(),
            }
        }
        kind => return read_piece(kind, object, losses),
    }))
}

/// A block that may stand in a tool's result as well.
fn read_piece<'a>(kind: &str, object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<Part<'a>>, Invalid> {
    Ok(match kind {
        "text" => Some(Part::Text(object.needed_text("text")?)),
        "image" => {
            object.lose_hints(&["transformations"], losses);
            source(object, losses)?.map(Part::Image)
        }
        "document" => {
            object.lose_hints(&["context"], losses);
            let name = object.text("title")?;
            source(object, losses)?.map(|source| Part::Document { source, name })
        }
        _ => None,
    })
}

/// `None` if only Anthropic can find what it points to.
fn source<'a>(object: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<Source<'a>>, Invalid> {
    let place = object.place();
    let place = place.field("source");
    let node = object.object("source")?.ok_or_else(|| Invalid::new(place, "is missing"))?;
    let mut source = Object::read(node, place)?;
    let read = match source.needed_text("type")?.as_ref() {
        "base64" => {
            Some(Source::Inline { media: source.needed_text("media_type")?, data: source.needed_text("data")? })
        }
        "url" => Some(Source::Url(source.needed_text("url")?)),
        "text" => {
            source.take("media_type");
            Some(Source::Text(source.needed_text("data")?))
        }
        _ => return Ok(None),
    };
    source.end(losses);
    Ok(read)
}
