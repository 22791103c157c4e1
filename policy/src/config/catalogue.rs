//! Providers and models as written.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

use super::shorthand::List;
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
    /// What it costs: `free`, or US dollars per million tokens by kind.
    pub price: Option<PriceConfig>,
}

/// What a model costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PriceConfig {
    /// Nothing.
    Free,
    /// US dollars per million tokens.
    Usd {
        /// Of the prompt.
        input: f64,
        /// Of the prompt where it comes from the provider's cache; as `input` if left out.
        cached: Option<f64>,
        /// Of the answer.
        output: f64,
    },
}

// === impl PriceConfig ===

/// The written form of a price other than `free`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Price"))]
#[serde(deny_unknown_fields)]
pub(super) struct Usd {
    /// Of the prompt.
    input: f64,
    /// Of the prompt where it comes from the provider's cache; as `input` if left out.
    cached: Option<f64>,
    /// Of the answer.
    output: f64,
}

impl<'de> Deserialize<'de> for PriceConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("price", &["input", "output"], PriceVisitor)
    }
}

struct PriceVisitor;

impl<'de> Visitor<'de> for PriceVisitor {
    type Value = PriceConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`free` or a map such as `{input: 2.50, output: 10.00}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PriceConfig, E> {
        if text == "free" { Ok(PriceConfig::Free) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PriceConfig, A::Error> {
        let Usd { input, cached, output } = Usd::deserialize(MapAccessDeserializer::new(map))?;
        Ok(PriceConfig::Usd { input, cached, output })
    }
}
