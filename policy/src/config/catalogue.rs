//! Providers and models as written.

use serde::Deserialize;

use super::{
    price::PriceConfig,
    shorthand::List,
    wire::{KeyConfig, QuirksConfig},
};
use crate::{
    catalogue::Format,
    facts::{Capability, Opaque},
};

/// Someone who runs models.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its unique name.
    pub name: String,
    /// The format of its interface.
    pub format: Format,
    /// The Envoy cluster that leads to it.
    pub cluster: String,
    /// Where it is, in your own words. `local` is on your own machines: what goes there does not leave them.
    pub zone: String,
    /// The highest level that it may see.
    pub cleared: String,
    /// The kinds of content that cannot be read as text that it may see. One cleared for the highest level may see all.
    #[serde(default)]
    pub opaque: List<Opaque>,
    /// Its address, as a URL; the format's usual one if left out. Its path goes before those of the interface.
    pub endpoint: Option<String>,
    /// The path of its interface, if it is not the format's own: `{model}` stands for the model's id, `{operation}` for what
    /// comes after `/v1/` in the format's path, such as `chat/completions`.
    pub path: Option<String>,
    /// Whose key it gets, and in which header: `client` for the client's own; by default the one that Envoy holds, in the
    /// header of the format.
    pub key: Option<KeyConfig>,
    /// How it differs from what its format and the models' names tell.
    #[serde(default)]
    pub quirks: QuirksConfig,
}

/// A model at a provider.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Its unique name: what a client asks for.
    pub name: String,
    /// The name of its provider.
    pub provider: String,
    /// What the provider calls it; its name if left out.
    pub id: Option<String>,
    /// How many tokens prompt and answer may have together.
    pub context: Option<u64>,
    /// What it is capable of.
    #[serde(default)]
    pub can: List<Capability>,
    /// What it costs: `free`, or US dollars per million tokens by kind; a list where that changes with time or with the
    /// length of the prompt.
    pub price: Option<PriceConfig>,
    /// How it differs from its provider's other models.
    #[serde(default)]
    pub quirks: QuirksConfig,
}
