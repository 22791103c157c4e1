use std::borrow::Cow;

use super::answer::Stop;
use policy::usage::Usage;

/// What happens in an answer that comes piece by piece.
///
/// INVARIANT, kept by [`Ordered`](super::Ordered): `Start` comes first, once; at most one block is open at a time;
/// a delta belongs to the open block and is of its kind; `End` or `Error` comes last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event<'a> {
    Start {
        id: Option<Cow<'a, str>>,
        model: Cow<'a, str>,
        usage: Usage,
    },
    Open(Kind<'a>),
    /// A piece of the open block: of its text, its thinking, or its arguments' JSON.
    Delta(Cow<'a, str>),
    /// What the provider signs the open block of thinking with.
    Signature(Cow<'a, str>),
    Close,
    End {
        stop: Stop,
        usage: Usage,
    },
    /// The provider failed: its status if it says one, and its words.
    Error {
        status: u16,
        message: Cow<'a, str>,
    },
}

/// What a block holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind<'a> {
    Text,
    Refusal,
    Thinking,
    ToolCall { id: Cow<'a, str>, name: Cow<'a, str> },
}
