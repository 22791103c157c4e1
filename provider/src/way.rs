//! How a request of one API gets to a provider of a format.

use policy::{catalogue::Format, request::Api};

/// How a request gets to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it is, but for the model's name and what it takes to have usage told.
    Same,
    /// Translated, to this path of the provider.
    Translated(&'static str),
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
            OllamaTags, Other, Responses,
        };
        match (api, format) {
            (Chat | Responses, Format::Openai)
            | (Completions | Embeddings, Format::Openai | Format::Ollama)
            | (Messages | CountTokens, Format::Anthropic)
            | (OllamaChat | OllamaGenerate | OllamaEmbed | OllamaTags, Format::Ollama)
            | (Models | Other, _) => Self::Same,
            (Chat | Responses | Messages | OllamaChat, format) => Self::Translated(path(format)),
            (Completions | Embeddings | CountTokens | OllamaGenerate | OllamaEmbed | OllamaTags, _) => Self::NotServed,
        }
    }
}

/// Where a provider of a format takes conversations.
pub(crate) fn path(format: Format) -> &'static str {
    match format {
        Format::Openai => "/v1/chat/completions",
        Format::Anthropic => "/v1/messages",
        Format::Ollama => "/api/chat",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_reach_every_provider_and_the_rest_only_those_who_have_it() {
        let formats = [Format::Openai, Format::Anthropic, Format::Ollama];
        for api in [Api::Chat, Api::Responses, Api::Messages, Api::OllamaChat] {
            assert!(formats.iter().all(|format| Way::of(api, *format) != Way::NotServed), "{}", api.name());
        }
        assert_eq!(Way::of(Api::Chat, Format::Ollama), Way::Translated("/api/chat"));
        assert_eq!(Way::of(Api::Embeddings, Format::Ollama), Way::Same);
        assert_eq!(Way::of(Api::Embeddings, Format::Anthropic), Way::NotServed);
        assert_eq!(Way::of(Api::CountTokens, Format::Openai), Way::NotServed);
    }
}
