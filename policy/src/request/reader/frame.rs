//! What the open objects and arrays of a body are for.

use super::field::Field;
use super::word::Word;
use crate::document::Container;
use crate::request::Api;

/// An open object or array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) container: Container,
    pub(super) scope: Scope,
    /// The key whose value comes next; in an array, the array's own.
    pub(super) field: Field,
    pub(super) word: Word,
    /// Whether there is an address or data in it, or in what it holds.
    pub(super) blob: bool,
    /// Whether it has a `source` that is not text.
    pub(super) foreign: bool,
    /// Whether it has an `id`, and whether a `role`.
    pub(super) id: bool,
    pub(super) role: bool,
}

/// What an object or array is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The document itself.
    Root,
    /// The top-level `input`, `prompt` or `context` as an array.
    Inputs,
    /// Any other array of messages, items or parts.
    Parts,
    /// A message, item or part.
    Part,
    /// The `source` of a part.
    Source,
    /// An image, recording or file inside of a part.
    Media,
    Tools,
    Tool,
    /// The format of the answer.
    Format,
    /// Ollama's `options`.
    Options,
    /// Any other object or array that a provider may give a meaning.
    Plain,
    /// What the client defines itself.
    Own,
}

// === impl Frame ===

impl Frame {
    /// The frame of an object or array that begins inside of `outer`.
    pub(super) fn within(outer: Option<&Self>, container: Container, api: Api) -> Self {
        let field = match (outer, container) {
            (Some(outer), Container::Array) => outer.field,
            _ => Field::Other,
        };
        let scope = Scope::within(outer, container, api);
        Self { container, scope, field, word: Word::Absent, blob: false, foreign: false, id: false, role: false }
    }
}

// === impl Scope ===

impl Scope {
    fn within(outer: Option<&Frame>, container: Container, api: Api) -> Self {
        use {Container as C, Field as F, Scope as S};
        let Some(outer) = outer else {
            return if container == C::Object { S::Root } else { S::Plain };
        };
        match (outer.scope, outer.container, outer.field, container) {
            (S::Own, ..) => S::Own,
            (S::Inputs | S::Parts, _, _, C::Object) => S::Part,
            (S::Tools, _, _, C::Object) => S::Tool,
            (scope, C::Array, ..) => scope,
            (S::Root, _, F::Input | F::Prompt | F::Context, C::Array) => S::Inputs,
            (S::Root, _, F::Options, C::Object) => S::Options,
            (S::Root, _, F::Format, _) if api.is_ollama() => S::Own,
            (_, _, F::Own, _) if api != Api::Other => S::Own,
            (S::Part, _, F::Input, _) if api != Api::Other => S::Own,
            (_, _, F::List | F::Input, C::Array) => S::Parts,
            (_, _, F::Format, C::Object) => S::Format,
            (_, _, F::Tools, C::Array) => S::Tools,
            (_, _, F::Source, C::Object) => S::Source,
            (_, _, field, C::Object) if field.opaque().is_some() => S::Media,
            _ => S::Plain,
        }
    }
}
