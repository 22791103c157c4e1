use std::borrow::Cow;

use crate::json::Node;

/// A request for the next turn of a conversation.
pub(crate) struct Conversation<'a> {
    /// What the client's API calls things, to name them in losses.
    pub names: &'static Names,
    pub model: Cow<'a, str>,
    pub turns: Vec<Turn<'a>>,
    pub tools: Vec<Tool<'a>>,
    pub choice: Option<Choice<'a>>,
    /// Whether several tools may be called in one turn, if the client says.
    pub parallel: Option<bool>,
    /// The most tokens that an answer may have.
    pub limit: Option<u64>,
    pub sampling: Sampling,
    pub stop: Vec<Cow<'a, str>>,
    pub output: Output<'a>,
    pub reasoning: Option<Reasoning>,
    /// The client's name for the person behind the request.
    pub user: Option<Cow<'a, str>>,
    pub stream: bool,
    /// Whether the client wants to be told the usage in a stream.
    pub usage_asked: bool,
}

/// What an API calls the things that a conversation has.
pub(crate) struct Names {
    pub turns: &'static str,
    pub limit: &'static str,
    pub temperature: &'static str,
    pub top_p: &'static str,
    pub top_k: &'static str,
    pub seed: &'static str,
    pub presence_penalty: &'static str,
    pub frequency_penalty: &'static str,
    pub stop: &'static str,
    pub tools: &'static str,
    pub choice: &'static str,
    pub parallel: &'static str,
    pub output: &'static str,
    pub reasoning: &'static str,
    pub user: &'static str,
}

/// One message, or part of one.
pub(crate) struct Turn<'a> {
    pub role: Role,
    pub parts: Vec<Part<'a>>,
    /// Where it stands among the client's messages.
    pub index: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
}

/// A piece of a message.
pub(crate) enum Part<'a> {
    Text(Cow<'a, str>),
    Image(Source<'a>),
    Document {
        source: Source<'a>,
        name: Option<Cow<'a, str>>,
    },
    /// The name of the person who speaks, where several do.
    Speaker(Cow<'a, str>),
    Thinking {
        text: Cow<'a, str>,
        signature: Option<Cow<'a, str>>,
    },
    ToolCall {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        arguments: Arguments<'a>,
    },
    ToolResult {
        id: Cow<'a, str>,
        name: Option<Cow<'a, str>>,
        parts: Vec<Part<'a>>,
        failed: bool,
    },
}

/// Where an image's or a document's bytes are.
#[derive(Clone)]
pub(crate) enum Source<'a> {
    /// Here, in base64.
    Inline { media: Cow<'a, str>, data: Cow<'a, str> },
    /// At an address that the provider fetches.
    Url(Cow<'a, str>),
    /// Here, as plain text.
    Text(Cow<'a, str>),
}

/// What a tool is called with.
pub(crate) enum Arguments<'a> {
    /// An object.
    Object(Node<'a>),
    /// An object, as the text of a string.
    Text(Cow<'a, str>),
}

/// A function that the model may call.
pub(crate) struct Tool<'a> {
    pub name: Cow<'a, str>,
    pub description: Option<Cow<'a, str>>,
    /// The JSON Schema of its arguments.
    pub schema: Option<Node<'a>>,
    pub strict: Option<bool>,
}

/// Which tools the model is to call.
pub(crate) enum Choice<'a> {
    Auto,
    None,
    /// At least one.
    Any,
    /// This one.
    Tool(Cow<'a, str>),
}

/// How the next token is drawn.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sampling {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<u64>,
    pub seed: Option<i64>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
}

/// What the answer's text must be.
pub(crate) enum Output<'a> {
    Any,
    /// Some JSON object.
    Json,
    /// JSON of this schema.
    Schema {
        name: Option<Cow<'a, str>>,
        schema: Node<'a>,
        strict: Option<bool>,
    },
}

/// How much the model is to think before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reasoning {
    Off,
    /// As much as it sees fit.
    On,
    Effort(Effort),
    /// At most so many tokens.
    Budget(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    ExtraHigh,
    Max,
}

// === impl Turn ===

impl<'a> Turn<'a> {
    pub(crate) fn new(role: Role, index: usize, parts: Vec<Part<'a>>) -> Self {
        Self { role, parts, index }
    }
}

// === impl Arguments ===

impl Arguments<'_> {
    /// The object's JSON; nothing called with is `{}`. `None` if it is no object.
    pub(crate) fn object(&self) -> Option<Node<'_>> {
        match self {
            Self::Object(node) => Some(*node),
            Self::Text(text) if text.trim().is_empty() => Some(Node::EMPTY_OBJECT),
            Self::Text(text) => match Node::parse_text(text)? {
                node if node.is_object() => Some(node),
                node => (node.json() == "null").then_some(Node::EMPTY_OBJECT),
            },
        }
    }

    /// The object's JSON as text.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Object(node) => node.json(),
            Self::Text(text) if text.trim().is_empty() => "{}",
            Self::Text(text) => text,
        }
    }
}

// === impl Reasoning ===

impl Reasoning {
    /// The effort that comes nearest; `None` if there is to be none, or the model shall choose.
    ///
    /// The bounds are those of agentgateway's translation, <https://github.com/agentgateway/agentgateway>.
    pub(crate) fn effort(self) -> Option<Effort> {
        match self {
            Self::Off | Self::On => None,
            Self::Effort(effort) => Some(effort),
            Self::Budget(..=2048) => Some(Effort::Low),
            Self::Budget(2049..=8192) => Some(Effort::Medium),
            Self::Budget(_) => Some(Effort::High),
        }
    }
}

// === impl Effort ===

impl Effort {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Minimal, "minimal"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::ExtraHigh, "xhigh"),
        (Self::Max, "max"),
    ];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(effort, _)| *effort)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("medium", |(_, name)| name)
    }

    /// A budget of thinking tokens that comes near.
    pub(crate) fn budget(self) -> u64 {
        match self {
            Self::Minimal | Self::Low => 1024,
            Self::Medium => 8192,
            Self::High => 16_384,
            Self::ExtraHigh | Self::Max => 32_768,
        }
    }
}
