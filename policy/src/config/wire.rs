//! How providers are spoken to, as written.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

/// What to do with a request that the provider's format cannot wholly express.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// Refuse it if the loss could change the answer's meaning.
    #[default]
    Strict,
    /// Drop what cannot be expressed, and say so.
    Lenient,
}

/// How a server or a model differs from what its format and the model's name tell. What is left out is as they tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QuirksConfig {
    /// Whether `temperature`, `top_p` and `top_k` may be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<bool>,
    /// How thinking is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking>,
    /// What OpenAI-like servers call the limit on an answer's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitName>,
    /// The limit where the client sets none and the format needs one, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_limit: Option<u64>,
    /// Whether a JSON Schema for the answer may be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<bool>,
    /// Whether an OpenAI-like server may be asked to tell the usage in a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_usage: Option<bool>,
}

/// How a model is asked to think before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Thinking {
    /// Not at all.
    None,
    /// By a number of tokens.
    Budget,
    /// By a level.
    Effort,
}

/// The name of the limit on an answer's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// The old name, which every compatible server knows.
    MaxTokens,
    /// The new name, which OpenAI's thinking models insist on.
    MaxCompletionTokens,
}

/// Whose key a provider gets, and in which header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyConfig {
    /// The client's own, in the header of the provider's format.
    Client,
    /// The one that Envoy holds, in this header.
    Held(KeyHeader),
}

/// A header that holds a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyHeader {
    /// Its name.
    pub header: String,
    /// What stands before the key: `Bearer `.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

// === impl QuirksConfig ===

impl QuirksConfig {
    /// These, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        let Self { sampling, thinking, limit, default_limit, schema, stream_usage } = self;
        Self {
            sampling: sampling.or(others.sampling),
            thinking: thinking.or(others.thinking),
            limit: limit.or(others.limit),
            default_limit: default_limit.or(others.default_limit),
            schema: schema.or(others.schema),
            stream_usage: stream_usage.or(others.stream_usage),
        }
    }
}

// === impl KeyConfig ===

impl<'de> Deserialize<'de> for KeyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("key", &["header", "prefix"], KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = KeyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`client` or a map such as `{header: api-key}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<KeyConfig, E> {
        if text == "client" { Ok(KeyConfig::Client) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeyConfig, A::Error> {
        KeyHeader::deserialize(MapAccessDeserializer::new(map)).map(KeyConfig::Held)
    }
}
