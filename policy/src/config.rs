//! A policy as people write it. Holds nothing compiled.
//!
//! The types say what may be written: they make the JSON Schema, and [`read`] checks documents against them.

mod action;
mod catalogue;
mod condition;
mod fault;
mod node;
mod price;
mod read;
mod reader;
#[cfg(feature = "schema")]
mod schema;
mod sensitivity;
mod shorthand;
mod wire;

use std::collections::BTreeMap;

use serde::Deserialize;

#[cfg(feature = "schema")]
pub use self::schema::json_schema;
pub use self::{
    action::{ActionConfig, DenyConfig, Mode, Prefer, RedactConfig, SelectionConfig},
    catalogue::{ModelConfig, ProviderConfig},
    condition::{InvariantConfig, MatchConfig, NeverConfig, RangeMatch, SensitivityMatch, SetMatch, ValueMatch},
    node::Node,
    price::{Date, PriceConfig, UsdConfig},
    read::{Broken, Document, MAX_DOCUMENT, read},
    sensitivity::{IdentityConfig, Principal, SensitivityConfig, SourceConfig},
    shorthand::{Bytes, List, Time},
    wire::{KeyConfig, KeyHeader, LimitName, QuirksConfig, Strictness, Thinking},
};

/// A policy document.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// The version of this format.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// What the document is.
    pub kind: Kind,
    /// What the policy is called.
    pub metadata: MetadataConfig,
    /// What it says.
    pub spec: SpecConfig,
}

/// A version of the policy format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ApiVersion {
    /// The first.
    #[serde(rename = "policymesh.dev/v1")]
    V1,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// A policy.
    Policy,
}

/// What a policy is called.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MetadataConfig {
    /// Its name.
    pub name: String,
    /// Its version, in the author's own counting.
    pub version: Option<String>,
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpecConfig {
    /// Where it stands who the client is.
    pub identity: Option<IdentityConfig>,
    /// How sensitive content is, and how that is told.
    #[serde(default)]
    pub sensitivity: SensitivityConfig,
    /// Who runs models.
    pub providers: Vec<ProviderConfig>,
    /// The models: the catalogue.
    #[serde(default)]
    pub models: Vec<ModelConfig>,
    /// What a client may ask for besides a model's name.
    #[serde(default)]
    pub aliases: BTreeMap<String, SelectionConfig>,
    /// The rules; the first that matches decides. Where none does, the request is refused.
    #[serde(default)]
    pub rules: Vec<RuleConfig>,
    /// What must never happen, whatever the rules say.
    #[serde(default)]
    pub invariants: Vec<InvariantConfig>,
    /// What a client is told.
    #[serde(default)]
    pub response: ResponseConfig,
    /// What happens to a request that the chosen provider's format cannot wholly express.
    #[serde(default)]
    pub translation: Strictness,
    /// When the next candidate is tried.
    #[serde(default)]
    pub failover: FailoverConfig,
    /// How much is read.
    #[serde(default)]
    pub limits: LimitsConfig,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Its unique name: what a client, a record and a metric call it.
    pub name: String,
    /// Whether it decides, or only records what it would have decided.
    #[serde(default)]
    pub mode: Mode,
    /// What a request must be like; all of it. Left out, every request matches.
    #[serde(default, rename = "match")]
    pub condition: MatchConfig,
    /// What happens to a request that matches.
    pub action: ActionConfig,
}

/// What a client is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResponseConfig {
    /// How much of a decision its response headers reveal.
    #[serde(default)]
    pub reveal: Reveal,
}

/// How much of a decision the client is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reveal {
    /// Nothing.
    Nothing,
    /// The decision's id.
    Id,
    /// The id and the reason.
    #[default]
    Reason,
}

/// When the next candidate is tried, besides after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FailoverConfig {
    /// How long a provider may take to begin a streamed answer: a number of seconds, or a text such as `90s` or `500ms`.
    pub first_byte: Option<Time>,
}

/// How much is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// The largest body that is read, as it comes and once decoded: bytes, or a text such as `32MiB`.
    pub body: Option<Bytes>,
}
