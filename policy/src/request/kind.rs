//! What a request needs of a model, and what in it cannot be read: two closed sets.

use serde::{Deserialize, Serialize};

/// What a model can do, and what a request may need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Takes images or video.
    Vision,
    /// Calls tools or functions.
    Tools,
    /// Answers in JSON when it must.
    Json,
    /// Takes sound, or answers in it.
    Audio,
}

/// A kind of content that cannot be read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Opaque {
    /// A picture, inside the body or by address.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// A file or document: inside the body, by address, or by id.
    File,
    /// Content that the provider stored before: an earlier answer, a conversation, a prompt, a container.
    Reference,
    /// A tool that the provider runs and that fetches content or sends it on.
    RemoteTool,
    /// Text in the form of token numbers.
    Tokens,
    /// Content that a provider encrypted, to be sent back as it is.
    Sealed,
    /// A kind of content part that is not known and carries something other than plain text.
    Unknown,
}

// === impl Capability ===

impl Capability {
    /// Every capability, in the order of declaration.
    pub const ALL: [Self; 4] = [Self::Vision, Self::Tools, Self::Json, Self::Audio];

    /// The name that policies and records use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Tools => "tools",
            Self::Json => "json",
            Self::Audio => "audio",
        }
    }
}

// === impl Opaque ===

impl Opaque {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::Image,
        Self::Audio,
        Self::Video,
        Self::File,
        Self::Reference,
        Self::RemoteTool,
        Self::Tokens,
        Self::Sealed,
        Self::Unknown,
    ];

    /// The name that policies and records use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Reference => "reference",
            Self::RemoteTool => "remote-tool",
            Self::Tokens => "tokens",
            Self::Sealed => "sealed",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_and_kind_is_written_by_its_name() {
        for capability in Capability::ALL {
            assert_eq!(serde_json::to_value(capability).unwrap(), capability.name());
        }
        for kind in Opaque::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
