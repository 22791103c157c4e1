//! What a request is, before anything is known of its content.

use serde::{Deserialize, Serialize};

/// The interface that a request speaks, told by its method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// OpenAI chat completions: `POST /v1/chat/completions`.
    Chat,
    /// OpenAI completions, the older kind: `POST /v1/completions`.
    Completions,
    /// OpenAI responses: `POST /v1/responses`.
    Responses,
    /// OpenAI embeddings: `POST /v1/embeddings`.
    Embeddings,
    /// The list of models, of OpenAI or Anthropic: `GET /v1/models`.
    Models,
    /// Anthropic messages: `POST /v1/messages`.
    Messages,
    /// Anthropic token counting: `POST /v1/messages/count_tokens`.
    CountTokens,
    /// Ollama chat: `POST /api/chat`.
    OllamaChat,
    /// Ollama generation: `POST /api/generate`.
    OllamaGenerate,
    /// Ollama embeddings: `POST /api/embed` and `POST /api/embeddings`.
    OllamaEmbed,
    /// Ollama's list of models: `GET /api/tags`.
    OllamaTags,
    /// Anything else.
    Other,
}

// === impl Api ===

impl Api {
    /// Every interface.
    pub const ALL: [Self; 12] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Embeddings,
        Self::Models,
        Self::Messages,
        Self::CountTokens,
        Self::OllamaChat,
        Self::OllamaGenerate,
        Self::OllamaEmbed,
        Self::OllamaTags,
        Self::Other,
    ];

    /// The name that a policy and a record give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Messages => "messages",
            Self::CountTokens => "count-tokens",
            Self::OllamaChat => "ollama-chat",
            Self::OllamaGenerate => "ollama-generate",
            Self::OllamaEmbed => "ollama-embed",
            Self::OllamaTags => "ollama-tags",
            Self::Other => "other",
        }
    }

    /// Whether a request of this kind is for one model, named in its body.
    pub fn takes_model(self) -> bool {
        !matches!(self, Self::Models | Self::OllamaTags | Self::Other)
    }
}
