//! Which bytes of a body are text: a strict, streaming reader of JSON.
//!
//! A [`Scanner`] is fed a body chunk by chunk, split anywhere, and tells a [`Sink`] what it meets: the structure as
//! cheap events, and every key, string and number as [`Block`]s of raw bytes. It builds no tree, does not recurse, and
//! holds at most one block and [`DEPTH_MOST`] frames.
//!
//! It accepts exactly [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) in UTF-8, less what two readers may read in
//! two ways, because a provider must not see another document than we did:
//!
//! - A key that stands twice in one object is refused; at the top level also if only its case differs, since Go's
//!   `encoding/json`, which Ollama uses, ignores case.
//! - An escape of half a surrogate pair is refused: some parsers keep it, some replace it, some drop it, and providers
//!   refuse it themselves.
//! - A byte order mark, `NaN`, comments and a second document are refused, though some parsers take them.
//!
//! Numbers and strings may be of any length.

mod block;
mod frame;
mod malformed;
mod number;
mod scanner;
mod text;
mod unescape;

pub use block::{Block, Kind};
pub(crate) use frame::fold;
pub use malformed::Malformed;
pub use scanner::Scanner;
pub use unescape::{raw_span, unescape};

/// The deepest nesting of objects and arrays that is read.
///
/// Requests nest about a dozen levels, JSON Schemas in tools some more.
pub const DEPTH_MOST: usize = 256;

/// The most keys that the open objects may hold together: the keys are remembered (8 bytes each) to find duplicates.
pub const KEYS_MOST: usize = 65_536;

/// The longest key, in bytes unescaped, that [`Place::key`] shows.
pub const KEY_SHOWN: usize = 64;

/// The most raw bytes in one block.
pub const BLOCK: usize = 64 * 1024;

/// How many bytes, at least, a block shares with the one before in the same string.
///
/// So whatever is at most this long stands whole in some block.
pub const OVERLAP: usize = 1024;

/// What a [`Scanner`] tells of a document, in the order of the document.
///
/// What was told before an error stays told: the document is only known to be well-formed when
/// [`Scanner::finish`] says so.
pub trait Sink {
    /// An object or array begins.
    fn begin(&mut self, container: Container, place: Place<'_>);

    /// The innermost object or array ended; `end` is the offset in the body after its bracket.
    fn end(&mut self, container: Container, end: u64);

    /// `true`, `false` or `null`.
    fn literal(&mut self, literal: Literal, place: Place<'_>);

    /// A key, string or number, or a part of a long one.
    fn block(&mut self, block: &Block<'_>);
}

/// Where in a document something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The offset of its first byte in the body; of a string, that of the opening quote.
    pub at: u64,
    /// How many objects and arrays are open around it.
    pub depth: usize,
    /// The nearest key it stands under, unescaped; that of the array for an element, that of the object for a key.
    /// Empty if there is none or it is longer than [`KEY_SHOWN`].
    pub key: &'a [u8],
}

/// A value that holds others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

/// A value with a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
