//! What a written rule or invariant asks of a request.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::shorthand::List;
use crate::{
    facts::{Capability, Opaque},
    request::Api,
};

/// What a request must be like: all of what is given. A list is met by any one of its members.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MatchConfig {
    /// Its level.
    pub sensitivity: Option<SensitivityMatch>,
    /// The labels of what was found in it.
    pub labels: Option<SetMatch>,
    /// The detectors that found something in it.
    pub detectors: Option<SetMatch>,
    /// Who sends it.
    #[serde(default)]
    pub client: List<String>,
    /// The sender's team.
    #[serde(default)]
    pub team: List<String>,
    /// The interface that it speaks.
    #[serde(default)]
    pub api: List<Api>,
    /// The model or alias that it asks for.
    #[serde(default)]
    pub model: List<String>,
    /// What it needs a model to be capable of.
    #[serde(default)]
    pub needs: List<Capability>,
    /// The kinds of content in it that cannot be read as text.
    #[serde(default)]
    pub opaque: List<Opaque>,
    /// The estimated length of its prompt in tokens.
    pub tokens: Option<RangeMatch>,
    /// Whether its answer is to be streamed.
    pub stream: Option<bool>,
    /// Its headers, by name.
    #[serde(default)]
    pub header: BTreeMap<String, ValueMatch>,
    /// Envoy's attributes, by path: `connection.requested_server_name`.
    #[serde(default)]
    pub property: BTreeMap<String, ValueMatch>,
    /// Whether its body could not be read whole.
    pub unreadable: Option<bool>,
}

/// Bounds of a level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SensitivityMatch {
    /// This level or a higher one.
    pub at_least: Option<String>,
    /// A lower level than this.
    pub below: Option<String>,
    /// One of these levels.
    #[serde(default)]
    pub is: List<String>,
}

/// What a set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetMatch {
    /// At least one of these.
    #[serde(default)]
    pub any: List<String>,
    /// Every one of these.
    #[serde(default)]
    pub all: List<String>,
    /// Not one of these.
    #[serde(default)]
    pub none: List<String>,
}

/// Bounds of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RangeMatch {
    /// This or more.
    pub at_least: Option<u64>,
    /// Less than this.
    pub below: Option<u64>,
}

/// What a header or property must be like: all of what is given. It must be there, unless `present` is `false`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ValueMatch {
    /// One of these.
    #[serde(default)]
    pub equals: List<String>,
    /// It begins so.
    pub prefix: Option<String>,
    /// It ends so.
    pub suffix: Option<String>,
    /// Whether it is there at all.
    pub present: Option<bool>,
}

/// What must never happen, whatever the rules say.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InvariantConfig {
    /// Its unique name.
    pub name: String,
    /// A request like this never goes to such a provider or model.
    pub never: NeverConfig,
}

/// A request (as in a rule's match), and where it must never go.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NeverConfig {
    /// Its level.
    pub sensitivity: Option<SensitivityMatch>,
    /// The labels of what was found in it.
    pub labels: Option<SetMatch>,
    /// The detectors that found something in it.
    pub detectors: Option<SetMatch>,
    /// Who sends it.
    #[serde(default)]
    pub client: List<String>,
    /// The sender's team.
    #[serde(default)]
    pub team: List<String>,
    /// The interface that it speaks.
    #[serde(default)]
    pub api: List<Api>,
    /// What it needs a model to be capable of.
    #[serde(default)]
    pub needs: List<Capability>,
    /// The kinds of content in it that cannot be read as text.
    #[serde(default)]
    pub opaque: List<Opaque>,
    /// Whether its body could not be read whole.
    pub unreadable: Option<bool>,
    /// The zones where it never goes.
    #[serde(default)]
    pub zone: List<String>,
    /// The providers to which it never goes.
    #[serde(default)]
    pub provider: List<String>,
    /// The models to which it never goes.
    #[serde(default)]
    pub model: List<String>,
}
