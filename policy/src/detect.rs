//! Text in, findings out: what in a text is personal, secret or confidential.
//!
//! A detector is data ([`DetectorConfig`]): what to look for, what confirms it, how sensitive it is. [`Detectors`] is a
//! compiled set of them. It scans text in blocks:
//!
//! - A block is at most [`MAX_BLOCK`] bytes of *unescaped* text. Longer text is cut into blocks that overlap by at least
//!   [`MAX_FINDING`] bytes, at character boundaries.
//! - A finding is at most [`MAX_FINDING`] bytes long, so each lies whole in some block. One in the overlap is seen in both
//!   blocks, with the same span once the block's place is added; one that touches the end of a block which is not the last
//!   may be only the beginning of a longer one, and is seen whole in the next.
//! - The work of a request is bounded by [`Work`]. Once it is spent, the text counts as unread.

mod base64;
pub mod config;
pub mod pack;
pub mod validate;

mod compile;
mod decode;
mod digits;
mod fold;
mod form;
mod language;
mod layers;
mod literals;
mod marks;
mod near;
mod numbers;
mod overlap;
mod pattern;
mod programs;
mod scan;
mod text;
mod view;
mod work;

pub use config::{Alone, Boundary, BulkConfig, Case, DetectorConfig, merge};
pub use pack::{pack, packs};
pub use work::Work;

use crate::level::{Level, Levels};
use crate::problem::Problem;
use std::sync::Arc;

/// The most bytes of text in one block.
pub const MAX_BLOCK: usize = 64 * 1024;
/// The most bytes of text that a finding covers, and so the least that two blocks of a text must share.
pub const MAX_FINDING: usize = pattern::MAX_MATCH;

/// A compiled set of detectors. Clones share it.
#[derive(Clone, Debug)]
pub struct Detectors(Arc<compile::Compiled>);

/// A compiled detector: what there is to say about a finding of it.
#[derive(Clone, Debug)]
pub struct Detector {
    /// Its unique name.
    pub id: String,
    /// What it finds, for people.
    pub name: String,
    /// What kind of thing it finds.
    pub label: String,
    /// The level that a finding raises a request to.
    pub level: Level,
    /// A higher level for many distinct findings in one request.
    pub bulk: Option<Bulk>,
}

/// So many distinct values in one request raise it to this level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// How many distinct values, at least.
    pub distinct: u32,
    /// The level that they raise the request to.
    pub level: Level,
}

/// The place of a detector in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetectorIndex(pub u16);

/// Something found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which detector found it.
    pub detector: DetectorIndex,
    /// Where it begins, in bytes of the text that was scanned.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether it is a specimen, such as a card number from a manual.
    pub test: bool,
    /// A digest of what was found, without case and separators, to count distinct values. It never leaves the process.
    pub value: u64,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// It may well be something else: it is told, but raises no level.
    Weak,
    /// It looks like it.
    Pattern,
    /// It looks like it, and a word nearby says so.
    Context,
    /// Its checksum or structure proves it.
    Validated,
}

/// Whether specimen values count as what they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TestValues {
    /// They are told, but raise no level.
    #[default]
    Ignore,
    /// They count like any other.
    Count,
}

/// What the scans of a text found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Findings, those of one block in the order of their place.
    pub findings: Vec<Finding>,
    /// Content that is not text: nothing is known of it.
    pub opaque: Vec<Opaque>,
}

/// A stretch of text that encodes something which is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// What it is, by its first bytes.
    pub kind: OpaqueKind,
    /// Where it begins, in bytes of the text that was scanned.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// What encoded content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpaqueKind {
    /// PNG, JPEG, GIF, WebP, ...
    Image,
    /// MP3, WAV, Ogg, FLAC, ...
    Audio,
    /// PDF.
    Pdf,
    /// Anything else: archives, executables, random bytes.
    Other,
}

// === impl Detectors ===

impl Detectors {
    /// Compiles written detectors, each with its path in the document that it comes from.
    ///
    /// With the set come warnings. Errors are told all at once.
    pub fn compile(
        written: &[(String, DetectorConfig)],
        levels: &Levels,
        test_values: TestValues,
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let (compiled, warnings) = compile::compile(written, levels, test_values)?;
        Ok((Self(Arc::new(compiled)), warnings))
    }

    /// The detector at this place.
    pub fn get(&self, index: DetectorIndex) -> Option<&Detector> {
        self.0.detectors.get(usize::from(index.0))
    }

    /// The place of the detector with this id.
    pub fn find(&self, id: &str) -> Option<DetectorIndex> {
        let place = self.0.detectors.iter().position(|detector| detector.id == id)?;
        u16::try_from(place).ok().map(DetectorIndex)
    }

    /// All detectors, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (DetectorIndex, &Detector)> {
        (0..).map(DetectorIndex).zip(&self.0.detectors)
    }

    /// Scans one block of unescaped text for what stands there as it is written or reads, and adds what it finds: what is
    /// encoded in it is left out, since it has no place of its own.
    pub fn scan_written(&self, text: &str, work: &mut Work, found: &mut Found) {
        layers::scan_written(&self.0, text, work, found);
    }

    /// Scans one block of unescaped text and adds what it finds.
    pub fn scan(&self, text: &str, work: &mut Work, found: &mut Found) {
        layers::scan(&self.0, text, work, found);
    }
}

#[cfg(test)]
mod tests;
