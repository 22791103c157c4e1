//! Whether a body asks OpenAI's chat to tell the usage in the stream, and what would make it ask.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create#chat_create-stream_options>

use crate::document::Literal;
use crate::plan::Edit;

/// What the body says of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StreamOptions {
    /// The body is no object.
    #[default]
    NoObject,
    /// The body has no options; it begins here, behind its brace.
    Absent(u64),
    /// The options are `null`, here.
    Null(u64),
    /// There are options; they begin here, behind their brace, with a key or none.
    Given { at: u64, empty: bool },
    /// There are options which say no, or nothing that can be understood, in these bytes.
    Declined { at: u64, length: u64 },
    /// The body asks, or has options of no known kind.
    Settled,
}

// === impl StreamOptions ===

impl StreamOptions {
    /// A key stands in the options: `include_usage`, or another.
    pub(super) fn key(&mut self, include_usage: bool) {
        match self {
            // What it is comes next; what is no literal stays as it is.
            _ if include_usage => *self = Self::Settled,
            Self::Given { empty, .. } => *empty = false,
            _ => {}
        }
    }

    /// The options themselves are a literal.
    pub(super) fn literal(&mut self, literal: Literal, at: u64) {
        if literal == Literal::Null {
            *self = Self::Null(at);
        }
    }

    /// `include_usage` in the options is a literal.
    pub(super) fn include(&mut self, literal: Literal, at: u64) {
        *self = match literal {
            Literal::True => Self::Settled,
            Literal::False => Self::Declined { at, length: 5 },
            Literal::Null => Self::Declined { at, length: 4 },
        };
    }

    /// What makes the body ask; `None` if it does.
    pub(super) fn ask(self) -> Option<Edit> {
        let (at, length, with) = match self {
            Self::NoObject | Self::Settled => return None,
            // INVARIANT: the body is no empty object, for a stream is asked for.
            Self::Absent(at) => (at, 0, r#""stream_options":{"include_usage":true},"#),
            // `null` is there already; a second member of the name would be refused.
            Self::Null(at) => (at, 4, r#"{"include_usage":true}"#),
            Self::Given { at, empty: true } => (at, 0, r#""include_usage":true"#),
            Self::Given { at, empty: false } => (at, 0, r#""include_usage":true,"#),
            Self::Declined { at, length } => (at, length, "true"),
        };
        let from = usize::try_from(at).ok()?;
        Some(Edit { from, to: from.checked_add(usize::try_from(length).ok()?)?, with: with.to_owned() })
    }
}
