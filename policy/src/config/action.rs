//! What a written rule does.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer, value::SeqAccessDeserializer},
};

use super::shorthand::List;
use crate::facts::Capability;

/// Whether a rule decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It decides.
    #[default]
    Enforce,
    /// What it would have decided is recorded, and the next rules are asked.
    Shadow,
}

/// What happens to a request that matches.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ActionConfig {
    /// It goes to one of these models.
    Route(SelectionConfig),
    /// It is refused.
    Deny(DenyConfig),
    /// It goes to one of these models, with placeholders in the place of what was found, and the values come back in the
    /// answer.
    Redact(RedactConfig),
}

/// Which models, and in which order. What is left out does not narrow the choice.
///
/// A list of models alone stands for `{models: [...]}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectionConfig {
    /// These models, in this order: names of the catalogue, aliases, and `$asked` for what the client asks for.
    pub models: Option<Vec<String>>,
    /// Only models in one of these zones; where no models are listed, those of the first come first.
    pub zone: List<String>,
    /// Only models of one of these providers; where no models are listed, those of the first come first.
    pub provider: List<String>,
    /// Only models that can do all of this.
    pub can: List<Capability>,
    /// Which of them comes first.
    pub prefer: Prefer,
}

/// Which candidate comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Prefer {
    /// The one that is listed first.
    #[default]
    Listed,
    /// The one that is taken to cost least; one without a price comes last.
    Cheapest,
    /// Those in zone `local`, then the others.
    Local,
}

/// How a request is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DenyConfig {
    /// What the client is told.
    pub message: Option<String>,
    /// The HTTP status, 400 to 499; 403 if left out.
    pub status: Option<u16>,
}

/// What is replaced by placeholders, and where the request goes then. What counts for a provider's clearance is the level
/// of what stays.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RedactConfig {
    /// What was found with one of these labels. Where neither labels nor detectors are given: everything that was found.
    #[serde(default)]
    pub labels: List<String>,
    /// What one of these detectors found.
    #[serde(default)]
    pub detectors: List<String>,
    /// In these zones, a provider that is cleared for the request gets it as it is; `local`, if left out.
    pub raw_in: Option<List<String>>,
    /// It goes to one of these models.
    pub route: SelectionConfig,
}

// === impl SelectionConfig ===

/// A selection written as a map.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    /// These models, in this order: names of the catalogue, aliases, and `$asked` for what the client asks for.
    models: Option<Vec<String>>,
    /// Only models in one of these zones; where no models are listed, those of the first come first.
    #[serde(default)]
    zone: List<String>,
    /// Only models of one of these providers; where no models are listed, those of the first come first.
    #[serde(default)]
    provider: List<String>,
    /// Only models that can do all of this.
    #[serde(default)]
    can: List<Capability>,
    /// Which of them comes first.
    #[serde(default)]
    prefer: Prefer,
}

impl<'de> Deserialize<'de> for SelectionConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SelectionVisitor)
    }
}

struct SelectionVisitor;

impl<'de> Visitor<'de> for SelectionVisitor {
    type Value = SelectionConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of models or a map such as `{zone: local}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<SelectionConfig, A::Error> {
        let models = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
        Ok(SelectionConfig { models: Some(models), ..SelectionConfig::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SelectionConfig, A::Error> {
        let Selection { models, zone, provider, can, prefer } =
            Selection::deserialize(MapAccessDeserializer::new(map))?;
        Ok(SelectionConfig { models, zone, provider, can, prefer })
    }
}
