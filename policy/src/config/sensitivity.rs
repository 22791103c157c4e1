//! Who the client is and how sensitive content is, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::detect::{DetectorConfig, TestValues};

/// Where it stands who the client is, and in which team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// In this request header, which a filter before ours sets and strips from clients.
    pub header: Option<String>,
    /// In the connection's certificate.
    pub principal: Option<Principal>,
    /// In this claim of the token that Envoy's `jwt_authn` verified, with `payload_in_metadata: jwt_payload`.
    pub jwt_claim: Option<String>,
    /// Where the client's team stands.
    pub team: Option<SourceConfig>,
}

/// Where a name stands: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// In this request header, which a filter before ours sets and strips from clients.
    pub header: Option<String>,
    /// In the connection's certificate.
    pub principal: Option<Principal>,
    /// In this claim of the token that Envoy's `jwt_authn` verified, with `payload_in_metadata: jwt_payload`.
    pub jwt_claim: Option<String>,
}

/// What vouches for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// The client's certificate: its URI (as of SPIFFE), else its DNS name, else its subject.
    Mtls,
}

/// How sensitive content is, and how that is told.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SensitivityConfig {
    /// The names of the levels, lowest first; `public`, `internal`, `confidential`, `restricted` if left out.
    pub levels: Option<Vec<String>>,
    /// The packs of detectors that are used; all of them if left out.
    pub packs: Option<Vec<String>>,
    /// Which of your levels stands for each level that the packs are written for: `{public: green, internal: amber, ...}`.
    /// Not needed if yours have the same names, or other names and are as many.
    #[serde(default)]
    pub pack_levels: BTreeMap<String, String>,
    /// Detectors that are added, or changes to those of the packs.
    #[serde(default)]
    pub detectors: Vec<DetectorConfig>,
    /// Whether specimen values, such as card numbers from manuals, count as what they stand for.
    #[serde(default)]
    pub test_values: TestValues,
}
