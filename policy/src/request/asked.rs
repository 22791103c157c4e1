//! The facts that a body states about what it wants.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Capability, Opaque};
use crate::plan::Edit;

/// What a body asks for, as far as the decision needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The top-level `model`, if it is a string of at most [`Model::LONGEST`] bytes.
    pub model: Option<Model>,
    /// The top-level `stream`; absent if the body does not say (see [`super::Api::streams_by_default`]).
    pub stream: Option<bool>,
    /// What would make OpenAI's chat tell the usage in the stream; absent if the body asks for it, or is no object.
    pub ask_usage: Option<Edit>,
    /// Whether a message in Anthropic's form has a thought without a signature, which another provider had. Anthropic refuses it.
    pub unsigned: bool,
    /// The most tokens that the answer may have, the largest if several fields say.
    pub max_output_tokens: Option<u64>,
    /// What a model must be able to do.
    pub needs: BTreeSet<Capability>,
    /// What is in the body that cannot be read as text.
    pub opaque: BTreeSet<Opaque>,
    /// The estimated size of the input in tokens: an ASCII byte counts a quarter, another byte a half, an image 1,000,
    /// a byte of another medium's payload 1/32.
    pub tokens: u64,
}

/// The model asked for and where its name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name, unescaped. A client's text: never to be recorded as it is.
    pub name: String,
    /// The bytes of the (decoded) body that hold it, with its quotes.
    pub span: Range<u64>,
}

// === impl Model ===

impl Model {
    /// The longest name of a model, in bytes unescaped; a longer one counts as none.
    pub const LONGEST: usize = 256;
}
