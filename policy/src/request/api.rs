//! Which API a request calls, told by its method and the end of its path.

use serde::{Deserialize, Serialize};

/// The operation that a request calls, as far as its body has a known meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// OpenAI's `POST /v1/chat/completions`.
    Chat,
    /// OpenAI's older `POST /v1/completions`.
    Completions,
    /// OpenAI's `POST /v1/responses`.
    Responses,
    /// OpenAI's `POST /v1/embeddings`.
    Embeddings,
    /// `GET /v1/models` and `GET /v1/models/{id}`, which OpenAI and Anthropic share. Answered from the catalogue.
    Models,
    /// Anthropic's `POST /v1/messages`.
    Messages,
    /// Anthropic's `POST /v1/messages/count_tokens`.
    CountTokens,
    /// Ollama's `POST /api/chat`.
    OllamaChat,
    /// Ollama's `POST /api/generate`.
    OllamaGenerate,
    /// Ollama's `POST /api/embed` and the older `/api/embeddings`.
    OllamaEmbed,
    /// Ollama's `GET /api/tags`. Answered from the catalogue.
    OllamaTags,
    /// Ollama's `POST /api/show`. Answered from the catalogue.
    OllamaShow,
    /// Anything else.
    Other,
}

/// Whose conventions an API follows: the shape of its errors and streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// `{"error": {"message", "type", "param", "code"}}`, server-sent events.
    OpenAi,
    /// `{"type": "error", "error": {"type", "message"}}`, server-sent events with names.
    Anthropic,
    /// `{"error": "text"}`, a JSON document a line.
    Ollama,
}

// === impl Api ===

impl Api {
    /// Every operation, in the order of declaration.
    pub const ALL: [Self; 13] = [
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
        Self::OllamaShow,
        Self::Other,
    ];

    /// Every operation that rules decide, in the order of declaration: all but those that are answered from the catalogue.
    pub const DECIDED: [Self; 10] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Embeddings,
        Self::Messages,
        Self::CountTokens,
        Self::OllamaChat,
        Self::OllamaGenerate,
        Self::OllamaEmbed,
        Self::Other,
    ];

    /// The API that a method and a path (with or without query) call.
    ///
    /// Paths match by their end, because gateways and SDKs put prefixes before them. A path that a server might resolve
    /// to another (`..`, percent-encoding) matches none.
    pub fn of(method: &str, path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut last = path.rsplit('/').filter(|segment| !segment.is_empty());
        let ends = [last.next(), last.next(), last.next()].map(Option::unwrap_or_default);
        // HEAD asks for what GET would answer, without the body.
        let method = if method == "HEAD" { "GET" } else { method };
        if path.split('/').any(|segment| segment == "..") {
            return Self::Other;
        }
        // No server resolves this path, and the SDKs encode what stands in a model's name.
        if matches!((method, ends), ("GET", ["models", ..] | [_, "models", _] | [_, _, "models"])) {
            return Self::Models;
        }
        if path.contains('%') {
            return Self::Other;
        }
        match (method, ends) {
            ("POST", ["completions", "chat", _]) => Self::Chat,
            ("POST", ["chat", "api", _]) => Self::OllamaChat,
            ("POST", ["generate", "api", _]) => Self::OllamaGenerate,
            ("POST", ["embed" | "embeddings", "api", _]) => Self::OllamaEmbed,
            ("GET", ["tags", "api", _]) => Self::OllamaTags,
            ("POST", ["show", "api", _]) => Self::OllamaShow,
            ("POST", ["messages", "v1", _]) => Self::Messages,
            ("POST", ["count_tokens", "messages", "v1"]) => Self::CountTokens,
            ("POST", ["completions", ..]) => Self::Completions,
            ("POST", ["responses", ..]) => Self::Responses,
            ("POST", ["embeddings", ..]) => Self::Embeddings,
            _ => Self::Other,
        }
    }

    /// The name that policies and records use.
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
            Self::OllamaShow => "ollama-show",
            Self::Other => "other",
        }
    }

    /// Whether a request of this kind is for one model, named in its body.
    pub fn takes_model(self) -> bool {
        !self.is_answered() && self != Self::Other
    }

    /// Whether a request of this kind is answered from the catalogue, and goes to no provider.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Models | Self::OllamaTags | Self::OllamaShow)
    }

    /// Whether an answer streams when the body does not say: Ollama's own operations do.
    pub fn streams_by_default(self) -> bool {
        matches!(self, Self::OllamaChat | Self::OllamaGenerate)
    }

    /// Whether this is one of Ollama's own operations.
    pub fn is_ollama(self) -> bool {
        matches!(
            self,
            Self::OllamaChat | Self::OllamaGenerate | Self::OllamaEmbed | Self::OllamaTags | Self::OllamaShow
        )
    }
}

// === impl Family ===

impl Family {
    /// Whose conventions a request to this path follows, judged by the path's segments alone; OpenAI's, if nothing says
    /// otherwise.
    pub fn of(path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut before = "";
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            match (before, segment) {
                ("api", last) if OLLAMA.contains(&last) => return Self::Ollama,
                ("v1", "messages" | "complete") | (_, "anthropic") => return Self::Anthropic,
                _ => before = segment,
            }
        }
        Self::OpenAi
    }
}

/// The operations of Ollama's own API, each after `/api/`.
const OLLAMA: [&str; 15] = [
    "chat",
    "generate",
    "embed",
    "embeddings",
    "tags",
    "show",
    "ps",
    "pull",
    "push",
    "create",
    "copy",
    "delete",
    "blobs",
    "version",
    "me",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_path_tells_the_api() {
        for (method, path, api) in [
            ("POST", "/v1/chat/completions", Api::Chat),
            ("POST", "/v1/chat/completions?api-version=2024-10-21", Api::Chat),
            ("POST", "/openai/deployments/gpt-4o/chat/completions", Api::Chat),
            ("POST", "//v1//chat/completions/", Api::Chat),
            ("POST", "/v1/completions", Api::Completions),
            ("POST", "/v1/responses", Api::Responses),
            ("POST", "/v1/embeddings", Api::Embeddings),
            ("GET", "/v1/models", Api::Models),
            ("GET", "/v1/models/gpt-4o", Api::Models),
            ("HEAD", "/v1/models", Api::Models),
            ("GET", "/v1/models/acme%2Fgpt%3A4", Api::Models),
            ("GET", "/v1/models/acme/gpt:4", Api::Models),
            ("POST", "/v1/messages?beta=true", Api::Messages),
            ("POST", "/gateway/v1/messages", Api::Messages),
            ("POST", "/v1/messages/count_tokens", Api::CountTokens),
            ("POST", "/api/chat", Api::OllamaChat),
            ("POST", "/api/generate", Api::OllamaGenerate),
            ("POST", "/api/embed", Api::OllamaEmbed),
            ("POST", "/api/embeddings", Api::OllamaEmbed),
            ("GET", "/api/tags", Api::OllamaTags),
            ("POST", "/api/show", Api::OllamaShow),
        ] {
            assert_eq!(Api::of(method, path), api, "{method} {path}");
        }
    }

    #[test]
    fn what_is_not_known_for_sure_is_other() {
        for (method, path) in [
            ("GET", "/v1/chat/completions"),
            ("post", "/v1/chat/completions"),
            ("POST", "/v1/%63hat/completions"),
            ("POST", "/v1/x/../chat/completions"),
            ("POST", "/v1/threads/thread_1/messages"),
            ("GET", "/v1/responses/resp_1"),
            ("DELETE", "/v1/models/gpt-4o"),
            ("POST", "/v1/messages/batches"),
            ("POST", "/anthropic/v2/messages"),
            ("POST", "/api/pull"),
            ("GET", "/v1/models/../files"),
            ("POST", "/api/blobs/sha256:00"),
            ("GET", "/"),
            ("GET", ""),
        ] {
            assert_eq!(Api::of(method, path), Api::Other, "{method} {path}");
        }
    }

    #[test]
    fn the_path_tells_whose_conventions_hold() {
        for (path, family) in [
            ("/v1/chat/completions", Family::OpenAi),
            ("/v1/threads/thread_1/messages", Family::OpenAi),
            ("/v1/messages?beta=true", Family::Anthropic),
            ("/v1/messages/batches", Family::Anthropic),
            ("/anthropic/v2/messages", Family::Anthropic),
            ("/api/chat", Family::Ollama),
            ("/api/blobs/sha256:00", Family::Ollama),
            ("/api/other", Family::OpenAi),
            ("/", Family::OpenAi),
            ("", Family::OpenAi),
        ] {
            assert_eq!(Family::of(path), family, "{path}");
        }
    }

    #[test]
    fn rules_decide_what_is_not_answered() {
        let decided: Vec<_> = Api::ALL.into_iter().filter(|api| !api.is_answered()).collect();
        assert_eq!(decided, Api::DECIDED);
    }

    #[test]
    fn every_api_is_written_by_its_name() {
        for api in Api::ALL {
            assert_eq!(serde_json::to_value(api).unwrap(), api.name());
        }
    }
}
