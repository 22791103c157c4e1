//! Translates a request into a provider's format, and tells how its answer comes back.

use policy::{
    catalogue::Format,
    config::{QuirksConfig, Strictness},
    request::Api,
};

use crate::{
    anthropic,
    conversation::Conversation,
    json::{Node, Place},
    loss::{Invalid, Loss, Losses, Refusal},
    ollama, openai,
    quirks::Quirks,
    responses,
};

/// The provider that a request is translated for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// The format that it speaks.
    pub format: Format,
    /// What it calls the model; `None` leaves the client's name.
    pub model: Option<&'t str>,
    /// How the model differs from what its name tells.
    pub quirks: QuirksConfig,
    /// What to do about what the format cannot express.
    pub strictness: Strictness,
}

/// A request in the provider's format.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The body.
    pub body: Vec<u8>,
    /// The path to send it to, behind the provider's base path.
    pub path: &'static str,
    /// What the provider will not learn.
    pub losses: Vec<Loss>,
    /// Whether the answer is to come in pieces.
    pub stream: bool,
    /// Whether the client wants to be told the usage in a stream. Only OpenAI's chat clients choose.
    pub usage_asked: bool,
}

/// Translates a request that a client sent to `api`, whatever the provider's format, its own included.
///
/// # Errors
///
/// If the body is not what the API takes, if the provider cannot be given what matters in it, or if the provider has
/// nothing like the API: each is a 400, whose message names the field.
pub fn request(api: Api, body: &[u8], target: &Target<'_>) -> Result<Translated, Refusal> {
    let mut losses = Losses::default();
    let body = Node::parse(body).ok_or_else(|| Invalid::new(Place::ROOT, "is no JSON in UTF-8"))?;
    let conversation = read(api, body, &mut losses)?;
    let model = target.model.unwrap_or(&conversation.model);
    let quirks = Quirks::of(target.format, model).with(target.quirks);
    let write = match target.format {
        Format::Openai => openai::write_request,
        Format::Anthropic => anthropic::write_request,
        Format::Ollama => ollama::write_request,
    };
    let body = write(&conversation, model, &quirks, &mut losses);
    Ok(Translated {
        body,
        path: path(target.format),
        losses: losses.settle(target.strictness)?,
        stream: conversation.stream,
        usage_asked: conversation.usage_asked,
    })
}

/// Where a provider of a format takes conversations.
fn path(format: Format) -> &'static str {
    match format {
        Format::Openai => "/v1/chat/completions",
        Format::Anthropic => "/v1/messages",
        Format::Ollama => "/api/chat",
    }
}

fn read<'a>(api: Api, body: Node<'a>, losses: &mut Losses) -> Result<Conversation<'a>, Refusal> {
    Ok(match api {
        Api::Chat => openai::read_request(body, losses)?,
        Api::Messages => anthropic::read_request(body, losses)?,
        Api::OllamaChat => ollama::read_request(body, losses)?,
        Api::Responses => responses::read_request(body, losses)?,
        _ => return Err(Refusal::NotServed),
    })
}
