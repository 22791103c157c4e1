//! Translates an answer that comes whole.

use policy::{catalogue::Format, request::Api};

use crate::{anthropic, json::Node, ollama, openai, stamp::Stamp, usage::Usage};

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

/// Translates an answer with status 200 for a client of `api`.
///
/// # Errors
///
/// If it is no answer of the provider's format, or if the API's answers are not translated: a 502.
pub fn whole(api: Api, format: Format, body: &[u8], stamp: &Stamp) -> Result<Whole, Unreadable> {
    let body = Node::parse(body).ok_or(Unreadable(()))?;
    let answer = match format {
        Format::Openai => openai::read_answer(body),
        Format::Anthropic => anthropic::read_answer(body),
        Format::Ollama => ollama::read_answer(body),
    };
    let answer = answer.ok_or(Unreadable(()))?;
    let body = match api {
        Api::Chat => openai::write_answer(&answer, stamp),
        Api::Messages => anthropic::write_answer(&answer, stamp),
        Api::OllamaChat => ollama::write_answer(&answer, stamp),
        _ => return Err(Unreadable(())),
    };
    Ok(Whole { body, usage: answer.usage })
}
