//! How a request of one API gets to a provider of a format.

use super::Format;
use crate::request::Api;

/// How a request gets to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it is, but for the model's name and what it takes to have usage told.
    Same,
    /// Translated into the provider's own format.
    Translated,
    /// Not at all: the provider offers nothing like it.
    NotServed,
}

// === impl Way ===

impl Way {
    /// The way of an API's requests to a provider of a format.
    ///
    /// Chat goes to Ollama in Ollama's own format: its copies of OpenAI's and Anthropic's APIs drop `tool_choice`, `n`,
    /// `max_completion_tokens` and more without a word.
    pub fn of(api: Api, format: Format) -> Self {
        use Api::{
            Chat, Completions, CountTokens, Embeddings, Messages, Models, OllamaChat, OllamaEmbed, OllamaGenerate,
            OllamaShow, OllamaTags, Other, Responses,
        };
        match (api, format) {
            (Chat | Responses, Format::Openai)
            | (Completions | Embeddings, Format::Openai | Format::Ollama)
            | (Messages | CountTokens, Format::Anthropic)
            | (OllamaChat | OllamaGenerate | OllamaEmbed, Format::Ollama)
            | (Other, Format::Openai | Format::Anthropic) => Self::Same,
            (Chat | Responses | Messages | OllamaChat, _) => Self::Translated,
            (Completions | Embeddings | CountTokens | OllamaGenerate | OllamaEmbed | Other, _)
            | (Models | OllamaTags | OllamaShow, _) => Self::NotServed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_reach_every_provider_and_the_rest_only_those_who_have_it() {
        let served = |format: Format, way: Way| -> Vec<_> {
            Api::ALL.into_iter().filter(|api| Way::of(*api, format) == way).map(Api::name).collect()
        };
        assert_eq!(served(Format::Openai, Way::Same), ["chat", "completions", "responses", "embeddings", "other"]);
        assert_eq!(served(Format::Openai, Way::Translated), ["messages", "ollama-chat"]);
        assert_eq!(served(Format::Anthropic, Way::Same), ["messages", "count-tokens", "other"]);
        assert_eq!(served(Format::Anthropic, Way::Translated), ["chat", "responses", "ollama-chat"]);
        let own = ["completions", "embeddings", "ollama-chat", "ollama-generate", "ollama-embed"];
        assert_eq!(served(Format::Ollama, Way::Same), own);
        assert_eq!(served(Format::Ollama, Way::Translated), ["chat", "responses", "messages"]);
    }
}
