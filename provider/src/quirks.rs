//! How models and servers of one format differ in what they take.

use policy::catalogue::Format;
use policy::config::QuirksConfig;
pub(crate) use policy::config::{LimitName, Thinking};

/// What a model at a provider takes, where its format leaves it open.
///
/// [`Quirks::of`] knows the providers' own models by name; for a server that is merely compatible, its operator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// Whether `temperature`, `top_p` and `top_k` may be set, and at OpenAI the penalties and `stop`.
    pub sampling: bool,
    /// How thinking is asked for.
    pub thinking: Thinking,
    /// What OpenAI-like servers call the limit on an answer's length.
    pub limit: LimitName,
    /// The limit where the client sets none and the format needs one, in tokens.
    pub default_limit: u64,
    /// Whether a JSON Schema for the answer may be set.
    pub schema: bool,
    /// Whether an OpenAI-like server may be asked to tell the usage in a stream.
    pub stream_usage: bool,
}

/// Anthropic needs a limit. This is what agentgateway sets where the client sets none.
const DEFAULT_LIMIT: u64 = 4096;

/// The same for models that think unless they are told not to: what they think counts, too.
const DEFAULT_LIMIT_WITH_THOUGHTS: u64 = 32_768;

/// Anthropic's models that are not as the newest are, by a part of their names; the first that fits counts.
///
/// Sampling was taken from Opus 4.7 on, budgets as well, <https://platform.claude.com/docs/en/build-with-claude/effort>;
/// structured outputs came with the 4.5 models and Opus 4.1,
/// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>.
const ANTHROPIC: &[(&str, Quirks)] = &[
    ("claude-instant", anthropic(Thinking::None, false)),
    ("claude-2", anthropic(Thinking::None, false)),
    ("claude-3-7", anthropic(Thinking::Budget, false)),
    ("claude-3", anthropic(Thinking::None, false)),
    ("opus-4-1", anthropic(Thinking::Budget, true)),
    ("opus-4-5", anthropic(Thinking::Budget, true)),
    ("sonnet-4-5", anthropic(Thinking::Budget, true)),
    ("haiku-4-5", anthropic(Thinking::Budget, true)),
    ("opus-4-6", anthropic(Thinking::Effort, true)),
    ("sonnet-4-6", anthropic(Thinking::Effort, true)),
    ("opus-4-0", anthropic(Thinking::Budget, false)),
    ("sonnet-4-0", anthropic(Thinking::Budget, false)),
    ("opus-4-2025", anthropic(Thinking::Budget, false)),
    ("sonnet-4-2025", anthropic(Thinking::Budget, false)),
];

/// OpenAI's models that think, by how their names begin. While they do, they draw as they want to,
/// <https://platform.openai.com/docs/guides/latest-model#gpt-5-4-parameter-compatibility>.
const OPENAI_THINKING: &[&str] = &["gpt-5", "gpt-6", "o1", "o3", "o4"];

/// Models of OpenAI's that think, but that others serve: they take what the server takes.
const OPENAI_OPEN: &str = "gpt-oss";

/// What models of OpenAI's are called that do not think, though their names begin like those of some that do.
const OPENAI_CHAT: &str = "-chat";

/// OpenAI's own models, by how their names begin.
const OPENAI: &[&str] = &["gpt-3.5", "gpt-4", "gpt-5", "gpt-6", "chatgpt", "o1", "o3", "o4"];

/// Models in Ollama's library that think, by how their names begin, <https://ollama.com/search?c=thinking>.
const OLLAMA_THINKING: &[&str] =
    &["gpt-oss", "deepseek-r1", "deepseek-v3.", "qwen3", "magistral", "glm-4.", "glm-5", "kimi-k2", "minimax-m2"];

const fn anthropic(thinking: Thinking, schema: bool) -> Quirks {
    let limit = LimitName::MaxTokens;
    Quirks { sampling: true, thinking, limit, default_limit: DEFAULT_LIMIT, schema, stream_usage: true }
}

// === impl Quirks ===

impl Quirks {
    /// These, but for what somebody who knows says otherwise.
    #[must_use]
    pub fn with(self, told: QuirksConfig) -> Self {
        let QuirksConfig { sampling, thinking, limit, default_limit, schema, stream_usage } = told;
        Self {
            sampling: sampling.unwrap_or(self.sampling),
            thinking: thinking.unwrap_or(self.thinking),
            limit: limit.unwrap_or(self.limit),
            default_limit: default_limit.unwrap_or(self.default_limit),
            schema: schema.unwrap_or(self.schema),
            stream_usage: stream_usage.unwrap_or(self.stream_usage),
        }
    }

    /// Whether a model of Anthropic's goes on with an answer that the client has begun. Those that are told their effort
    /// do not, <https://platform.claude.com/docs/en/api/errors#prefill-not-supported>.
    pub(crate) fn goes_on(&self) -> bool {
        self.thinking != Thinking::Effort
    }

    /// What is known of a model by the id that its provider gives it.
    pub fn of(format: Format, model: &str) -> Self {
        let begins = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
        let thinking = |thinks: bool| if thinks { Thinking::Effort } else { Thinking::None };
        let open = Self {
            sampling: true,
            thinking: Thinking::None,
            limit: LimitName::MaxTokens,
            default_limit: DEFAULT_LIMIT,
            schema: true,
            stream_usage: true,
        };
        match format {
            Format::Openai => {
                let limit = if begins(OPENAI) { LimitName::MaxCompletionTokens } else { LimitName::MaxTokens };
                let thinks = begins(OPENAI_THINKING) && !model.contains(OPENAI_CHAT);
                let thinking = thinking(thinks || model.starts_with(OPENAI_OPEN));
                Self { sampling: !thinks, thinking, limit, ..open }
            }
            Format::Ollama => Self { thinking: thinking(begins(OLLAMA_THINKING)), ..open },
            Format::Anthropic => {
                let known = ANTHROPIC.iter().find(|(part, _)| model.contains(part)).map(|(_, quirks)| *quirks);
                known.unwrap_or(Self {
                    sampling: false,
                    thinking: Thinking::Effort,
                    default_limit: DEFAULT_LIMIT_WITH_THOUGHTS,
                    ..open
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_their_names() {
        let of = |format, model| {
            let Quirks { sampling, thinking, limit, .. } = Quirks::of(format, model);
            (sampling, thinking, limit)
        };
        use LimitName::{MaxCompletionTokens, MaxTokens};
        for (format, model, expected) in [
            (Format::Openai, "gpt-4o", (true, Thinking::None, MaxCompletionTokens)),
            (Format::Openai, "gpt-5-mini", (false, Thinking::Effort, MaxCompletionTokens)),
            (Format::Openai, "gpt-5-chat-latest", (true, Thinking::None, MaxCompletionTokens)),
            (Format::Openai, "gpt-oss:20b", (true, Thinking::Effort, MaxTokens)),
            (Format::Openai, "mistral-large-latest", (true, Thinking::None, MaxTokens)),
            (Format::Anthropic, "claude-sonnet-4-5", (true, Thinking::Budget, MaxTokens)),
            (Format::Anthropic, "us.anthropic.claude-opus-4-6-v1:0", (true, Thinking::Effort, MaxTokens)),
            (Format::Anthropic, "claude-opus-4-7", (false, Thinking::Effort, MaxTokens)),
            (Format::Anthropic, "claude-sonnet-5-5", (false, Thinking::Effort, MaxTokens)),
            (Format::Ollama, "llama3.1:8b", (true, Thinking::None, MaxTokens)),
            (Format::Ollama, "qwen3:4b", (true, Thinking::Effort, MaxTokens)),
        ] {
            assert_eq!(of(format, model), expected, "{model}");
        }
    }
}
