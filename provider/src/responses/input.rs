//! The input of a request for a response: a text, or a list of items.

use crate::{
    conversation::{Arguments, Part, Role, Turn},
    json::{Node, Object, Place},
    loss::{Invalid, Losses},
    openai,
};

/// Members of an item that say how it came about.
const HISTORY: &[&str] =
    &["id", "status", "phase", "namespace", "caller", "internal_chat_message_metadata_passthrough"];

/// Reads the input behind what is there already.
pub(super) fn read_turns<'a>(
    input: Option<Node<'a>>,
    turns: &mut Vec<Turn<'a>>,
    losses: &mut Losses,
) -> Result<(), Invalid> {
    let place = Place::ROOT.field("input");
    let input = input.ok_or_else(|| Invalid::new(place, "is missing"))?;
    if let Some(text) = input.text() {
        turns.push(Turn::new(Role::User, 0, vec![Part::Text(text)]));
        return Ok(());
    }
    let items = input.items().ok_or_else(|| Invalid::new(place, "must be a string or an array of items"))?;
    for (index, node) in items.into_iter().enumerate() {
        let mut item = Object::read(node, place.index(index))?;
        let Some((role, parts)) = read_item(&mut item, losses)? else { continue };
        for name in HISTORY {
            item.take(name);
        }
        item.end(losses);
        match turns.last_mut().filter(|last| role == Role::Assistant && last.role == role) {
            // What the model said and called in one turn stands in items of its own each.
            Some(last) => last.parts.extend(parts),
            None => turns.push(Turn::new(role, index, parts)),
        }
    }
    Ok(())
}

fn read_item<'a>(item: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<(Role, Vec<Part<'a>>)>, Invalid> {
    let place = item.place();
    let kind = item.text("type")?;
    Ok(Some(match kind.as_deref() {
        None | Some("message") => {
            let role = match item.needed_text("role")?.as_ref() {
                "system" | "developer" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => return Err(Invalid::new(place.field("role"), "is no role that is known")),
            };
            (role, read_content(item.take("content"), place.field("content"), losses)?)
        }
        Some("function_call") => {
            let (id, name) = (item.needed_text("call_id")?, item.needed_text("name")?);
            let arguments = Arguments::Text(item.text("arguments")?.unwrap_or_default());
            (Role::Assistant, vec![Part::ToolCall { id, name, arguments }])
        }
        Some("function_call_output") => {
            let (id, name) = (item.needed_text("call_id")?, item.text("name")?);
            let parts = read_content(item.take("output"), place.field("output"), losses)?;
            (Role::User, vec![Part::ToolResult { id, name, parts, failed: false }])
        }
        Some("reasoning") => {
            losses.part_hint(place, "reasoning");
            return Ok(None);
        }
        Some(_) => {
            losses.part(place, "an item of a kind that only OpenAI knows");
            return Ok(None);
        }
    }))
}

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
        let mut part = Object::read(node, place.index(index))?;
        parts.extend(read_part(&mut part, losses)?);
        part.lose_hints(&["annotations", "logprobs", "prompt_cache_breakpoint"], losses);
        part.end(losses);
    }
    Ok(parts)
}

fn read_part<'a>(part: &mut Object<'a, '_>, losses: &mut Losses) -> Result<Option<Part<'a>>, Invalid> {
    let place = part.place();
    part.lose(&[("file_id", "null")], losses);
    Ok(match part.needed_text("type")?.as_ref() {
        "input_text" | "output_text" | "text" => Some(Part::Text(part.needed_text("text")?)),
        "refusal" => Some(Part::Text(part.needed_text("refusal")?)),
        "input_image" => {
            if part.text("detail")?.is_some_and(|detail| detail != "auto") {
                losses.hint(place.field("detail"));
            }
            let url = part.text("image_url")?;
            url.map(|url| openai::source(url, place.field("image_url"))).transpose()?.map(Part::Image)
        }
        "input_file" => {
            part.lose_hints(&["detail"], losses);
            let name = part.text("filename")?;
            let (url, data) = (part.text("file_url")?, part.text("file_data")?);
            let source = match (url, data) {
                (Some(url), _) => Some(openai::source(url, place.field("file_url"))?),
                (None, Some(data)) => Some(openai::inline(data, place.field("file_data"))?),
                (None, None) => None,
            };
            source.map(|source| Part::Document { source, name })
        }
        _ => {
            losses.part(place, "a part of a kind that is not known");
            part.take("input_audio");
            None
        }
    })
}
