use std::borrow::Cow;

use policy::usage::Usage;

/// A whole answer.
pub(crate) struct Answer<'a> {
    /// The provider's id for it, if it gives one.
    pub id: Option<Cow<'a, str>>,
    /// The model that answered, as the provider calls it.
    pub model: Cow<'a, str>,
    pub blocks: Vec<Block<'a>>,
    pub stop: Stop,
    pub usage: Usage,
}

/// A piece of an answer.
#[derive(Debug)]
pub(crate) enum Block<'a> {
    Text(Cow<'a, str>),
    Refusal(Cow<'a, str>),
    Thinking {
        text: Cow<'a, str>,
        signature: Option<Cow<'a, str>>,
    },
    /// The arguments are the text of a JSON object.
    ToolCall {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        arguments: Cow<'a, str>,
    },
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The model was done.
    Done,
    /// It would have become too long.
    Length,
    /// The model wants tools to be called.
    ToolCalls,
    /// The provider or the model would not go on.
    Refused,
    /// A text came up at which the client wanted it to end.
    Sequence(String),
    /// A long turn was paused, to be continued by the client.
    Paused,
}

// === impl Stop ===

impl Stop {
    /// With tools called, an answer is not done: some providers say `stop` all the same.
    pub(crate) fn given(self, tools_called: bool) -> Self {
        match self {
            Self::Done if tools_called => Self::ToolCalls,
            other => other,
        }
    }
}
