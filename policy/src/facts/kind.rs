//! The closed sets that facts draw on.

use serde::{Deserialize, Serialize};

/// What a model can do, and what a request may need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// See images.
    Vision,
    /// Call tools.
    Tools,
    /// Answer in JSON by a schema.
    Json,
    /// Hear or speak.
    Audio,
}

/// A kind of content that cannot be read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Opaque {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// A document such as a PDF, sent along.
    File,
    /// Something stored elsewhere: a file id, a previous response, a URL.
    Reference,
    /// A tool that the provider itself runs or calls: web search, code, MCP.
    RemoteTool,
    /// Any other bytes, such as base64 of nothing known.
    Binary,
}

/// Why a body could not be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unreadable {
    /// It is not well-formed JSON.
    Malformed,
    /// It ends too early.
    Truncated,
    /// It nests too deep.
    TooDeep,
    /// It is larger than may be read.
    TooLarge,
    /// It names a top-level key twice.
    DuplicateKey,
    /// Its content type is not one that can be read.
    ContentType,
    /// Its content coding is unknown.
    ContentCoding,
    /// Its content coding is broken, or unpacks to too much.
    Undecodable,
    /// It holds more to look at than the work budget allows.
    OverBudget,
}

// === impl Capability, Opaque, Unreadable ===

impl Capability {
    /// The name that a policy and a record give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Tools => "tools",
            Self::Json => "json",
            Self::Audio => "audio",
        }
    }
}

impl Opaque {
    /// The name that a policy and a record give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Reference => "reference",
            Self::RemoteTool => "remote-tool",
            Self::Binary => "binary",
        }
    }
}

impl Unreadable {
    /// The name that a policy, a record and a metric give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::DuplicateKey => "duplicate-key",
            Self::ContentType => "content-type",
            Self::ContentCoding => "content-coding",
            Self::Undecodable => "undecodable",
            Self::OverBudget => "over-budget",
        }
    }
}
