//! Translates an answer that comes whole.

use policy::{catalogue::Format, request::Api};

use crate::{
    anthropic,
    conversation::Block,
    json::Node,
    ollama, openai,
    redact::{self, Placeholders, Restorer},
    relay::{Division, Relay},
    responses,
    stamp::Stamp,
};
use policy::usage::Usage;

/// An answer in the client's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The body.
    pub body: Vec<u8>,
    /// What the answer used.
    pub usage: Usage,
}

/// An answer is not what the provider's format promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider's answer cannot be read")]
pub struct Unreadable(());

/// Translates an answer with status 200 for a client of `api`, and puts values back in the place of placeholders.
///
/// Also from a format to the API of the same provider, where values have to be put back.
///
/// # Errors
///
/// If it is no answer of the provider's format, or if the API's answers are not translated: a 502.
pub fn whole(
    api: Api,
    format: Format,
    body: &[u8],
    placeholders: &Placeholders,
    stamp: &Stamp,
) -> Result<Whole, Unreadable> {
    let body = Node::parse(body).ok_or(Unreadable(()))?;
    let answer = match format {
        Format::Openai => openai::read_answer(body),
        Format::Anthropic => anthropic::read_answer(body),
        Format::Ollama => ollama::read_answer(body),
    };
    let mut answer = answer.ok_or(Unreadable(()))?;
    if !placeholders.is_empty() {
        answer.blocks.iter_mut().for_each(|block| restore(block, placeholders));
    }
    let body = match api {
        Api::Chat => openai::write_answer(&answer, stamp),
        Api::Messages => anthropic::write_answer(&answer, stamp),
        Api::OllamaChat => ollama::write_answer(&answer, stamp),
        Api::Responses => responses::write_answer(&answer, stamp),
        _ => return Err(Unreadable(())),
    };
    Ok(Whole { body, usage: answer.usage })
}

/// An answer with status 200 in the format that the client speaks, as it came but for the values in the place of
/// placeholders.
///
/// # Errors
///
/// If it is no JSON: a 502.
pub fn restored(api: Api, body: &[u8], placeholders: &Placeholders) -> Result<Whole, Unreadable> {
    let mut relay = Relay::new(api, Division::Whole, false);
    relay.feed(body);
    let body = redact::restored(body, placeholders).ok_or(Unreadable(()))?;
    Ok(Whole { body, usage: relay.usage() })
}

fn restore(block: &mut Block<'_>, placeholders: &Placeholders) {
    let (text, restorer) = match block {
        Block::Text(text) | Block::Refusal(text) | Block::Thinking { text, .. } => (text, Restorer::text()),
        Block::ToolCall { arguments, .. } => (arguments, Restorer::json()),
    };
    *text = restorer.restore(text, placeholders).into();
}
