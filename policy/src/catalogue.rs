//! The providers and models that a policy may choose from.

mod endpoint;
mod price;
mod template;
mod way;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::{
    endpoint::{Endpoint, InvalidEndpoint},
    price::{EXPECTED_OUTPUT_TOKENS, InvalidPrice, NanoUsd, Price, Prices, Rates},
    template::{InvalidTemplate, PathTemplate},
    way::Way,
};
use crate::{
    config::{KeyHeader, QuirksConfig},
    facts::{Capability, Name, Opaque},
    level::Level,
    request::Api,
};

/// Someone who runs models: where, in which format it is spoken to, and what it may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its unique name.
    pub name: Name,
    /// The format that it speaks.
    pub format: Format,
    /// The Envoy cluster that leads to it.
    pub cluster: Name,
    /// Where it is, in the policy's own words; `local` is on the own machines.
    pub zone: Name,
    /// The highest level that it may see.
    pub cleared: Level,
    /// The kinds of opaque content that it may see.
    pub opaque: OpaqueClearance,
    /// Its address, for whoever renders Envoy's configuration, and the base path of its interface.
    pub endpoint: Endpoint,
    /// The paths of its interface, if they are not the format's own.
    pub path: Option<PathTemplate>,
    /// The header in which it takes its key.
    pub key: KeyHeader,
    /// Whether it gets the client's own key, and Envoy holds none.
    pub takes_client_key: bool,
    /// How it differs from what its format and the models' names tell.
    pub quirks: QuirksConfig,
}

/// The opaque content that a provider may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpaqueClearance {
    /// Of any kind: the provider is cleared for the highest level.
    All,
    /// Of these kinds.
    Only(BTreeSet<Opaque>),
}

/// A model at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its unique name in the catalogue.
    pub name: Name,
    /// The place of its provider in [`Catalogue::providers`].
    pub provider: usize,
    /// What the provider calls it.
    pub id: Name,
    /// How many tokens prompt and answer may have together; unknown if absent.
    pub context: Option<u64>,
    /// What it is capable of.
    pub can: BTreeSet<Capability>,
    /// What it costs.
    pub prices: Prices,
    /// How it differs from what its name tells, its provider's quirks included.
    pub quirks: QuirksConfig,
}

/// All providers and models, in the order of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub(crate) providers: Vec<Provider>,
    pub(crate) models: Vec<Model>,
}

/// The format of a provider's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// OpenAI's, and that of all who copy it.
    Openai,
    /// Anthropic's.
    Anthropic,
    /// Ollama's, with those that it copies.
    Ollama,
}

// === impl Catalogue ===

impl Catalogue {
    /// All providers, in the order of the document.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of this name.
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// All models, in the order of the document.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model that a client means by this name: the model so called, or else the first whose provider calls it so.
    pub fn find(&self, asked: &str) -> Option<&Model> {
        let named = self.models.iter().find(|model| model.name == asked);
        named.or_else(|| self.models.iter().find(|model| model.id == asked))
    }
}

// === impl OpaqueClearance ===

impl OpaqueClearance {
    /// Whether content of this kind may be seen.
    pub fn covers(&self, kind: Opaque) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.contains(&kind),
        }
    }
}

// === impl Format ===

impl Format {
    /// The name that a policy and a record give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// Whether a request of this kind can get to a provider of this format.
    ///
    /// What no format knows, [`Api::Other`], is passed on as it is where a rule says so by name; but not to Ollama, where
    /// an unknown path may pull a model, make one, or run one in its makers' cloud. No provider is asked what is answered
    /// from the catalogue.
    pub fn serves(self, api: Api) -> bool {
        Way::of(api, self) != Way::NotServed
    }

    /// The header in which a provider of this format takes its key.
    pub fn key_header(self) -> KeyHeader {
        match self {
            Self::Anthropic => KeyHeader { header: "x-api-key".into(), prefix: String::new() },
            Self::Openai | Self::Ollama => KeyHeader { header: "authorization".into(), prefix: "Bearer ".into() },
        }
    }

    /// Where a provider of this format is if the policy does not say.
    pub fn default_endpoint(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com",
            Self::Anthropic => "https://api.anthropic.com",
            Self::Ollama => "http://127.0.0.1:11434",
        }
    }
}
