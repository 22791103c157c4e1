//! Why a body could not be read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a body, or a part of it, could not be read as text; what could not be read counts as the highest level.
///
/// Holds nothing of the body, so it can stand in statistics, records and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unreadable {
    /// No JSON document by RFC 8259.
    MalformedJson,
    /// Something follows the JSON document.
    TrailingData,
    /// An object holds a key twice, so two readers may see two values.
    DuplicateKey,
    /// Nested deeper than [`crate::document::DEPTH_MOST`].
    TooDeep,
    /// More keys in open objects than [`crate::document::KEYS_MOST`].
    TooManyKeys,
    /// A string is no UTF-8.
    InvalidUtf8,
    /// A `\u` escape of half a character, which every parser reads in its own way.
    LoneSurrogate,
    /// A content coding that is not known, or too many of them.
    UnknownEncoding,
    /// The content coding is broken: wrong checksum, truncated, or followed by something else.
    CorruptEncoding,
    /// The decoded body is larger than allowed, or out of proportion to what came.
    TooLargeDecoded,
    /// A content type that is not read as JSON.
    UnknownContentType,
    /// The request's budget of work ran out before all of it was read.
    WorkExhausted,
    /// The body is larger than the filter may hold.
    Oversize,
}

// === impl Unreadable ===

impl Unreadable {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 13] = [
        Self::MalformedJson,
        Self::TrailingData,
        Self::DuplicateKey,
        Self::TooDeep,
        Self::TooManyKeys,
        Self::InvalidUtf8,
        Self::LoneSurrogate,
        Self::UnknownEncoding,
        Self::CorruptEncoding,
        Self::TooLargeDecoded,
        Self::UnknownContentType,
        Self::WorkExhausted,
        Self::Oversize,
    ];

    /// The name that statistics and records use.
    pub fn name(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed-json",
            Self::TrailingData => "trailing-data",
            Self::DuplicateKey => "duplicate-key",
            Self::TooDeep => "too-deep",
            Self::TooManyKeys => "too-many-keys",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::LoneSurrogate => "lone-surrogate",
            Self::UnknownEncoding => "unknown-encoding",
            Self::CorruptEncoding => "corrupt-encoding",
            Self::TooLargeDecoded => "too-large-decoded",
            Self::UnknownContentType => "unknown-content-type",
            Self::WorkExhausted => "work-exhausted",
            Self::Oversize => "oversize",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_written_by_its_name() {
        for reason in Unreadable::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }
}
