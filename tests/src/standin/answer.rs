//! What a stand-in answers: a plausible document of the provider's API that says that it comes from a stand-in.

use bytes::Bytes;
use serde_json::{Value, json};

use super::fault::Fault;
use super::{Received, Shape, anthropic, ollama, openai};

/// An answer, part by part.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// What other headers the provider sends.
    pub headers: Vec<(&'static str, String)>,
    /// The body: the parts of a streamed answer, or one part.
    pub parts: Vec<Bytes>,
}

/// The answer of a provider of this shape.
pub fn answer(shape: Shape, received: &Received) -> Answer {
    let answered = match shape {
        Shape::OpenAi => openai::answer("OpenAI", received),
        Shape::Anthropic => anthropic::answer(received),
        Shape::Ollama => ollama::answer(received),
    };
    answered.unwrap_or_else(|fault| failure(shape, &fault)).with_headers_of(shape)
}

/// An error of a provider of this shape.
pub fn failure(shape: Shape, fault: &Fault) -> Answer {
    let headers = match fault.status {
        // A client that obeys waits for a second, and no test waits for longer.
        429 => vec![("retry-after", "1".to_owned())],
        _ => vec![],
    };
    let answer = Answer { status: fault.status, headers, ..Answer::json(&error(shape, fault)) };
    answer.with_headers_of(shape)
}

/// An error that comes in the middle of a stream.
pub fn failure_in_stream(shape: Shape, route: &str) -> Bytes {
    let fault = Fault::status(529, "a stand-in fails in the middle of its answer");
    let error = error(shape, &fault);
    match shape {
        Shape::OpenAi if route == "/v1/responses" => {
            let error = json!({"type": "error", "code": "server_error", "message": fault.message, "param": null, "sequence_number": 9});
            format!("event: error\ndata: {error}\n\n")
        }
        Shape::OpenAi => format!("data: {error}\n\n"),
        Shape::Anthropic => format!("event: error\ndata: {error}\n\n"),
        Shape::Ollama => format!("{error}\n"),
    }
    .into()
}

fn error(shape: Shape, fault: &Fault) -> Value {
    match shape {
        Shape::OpenAi => openai::failure(fault),
        Shape::Anthropic => anthropic::failure(fault),
        Shape::Ollama => json!({"error": fault.message}),
    }
}

// === impl Answer ===

impl Answer {
    /// A JSON document.
    pub fn json(document: &Value) -> Self {
        Self::whole("application/json", document.to_string())
    }

    /// Any document.
    pub fn whole(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status: 200, content_type: content_type.into(), headers: vec![], parts: vec![body.into()] }
    }

    /// Server-sent events: names (empty for none) and data.
    pub fn events(events: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let part = |(name, data)| match name {
            "" => format!("data: {data}\n\n").into(),
            _ => format!("event: {name}\ndata: {data}\n\n").into(),
        };
        let parts = events.into_iter().map(part).collect();
        Self { parts, ..Self::whole("text/event-stream; charset=utf-8", "") }
    }

    /// Newline-delimited JSON.
    pub fn lines(documents: impl IntoIterator<Item = Value>) -> Self {
        let parts = documents.into_iter().map(|document| format!("{document}\n").into()).collect();
        Self { parts, ..Self::whole("application/x-ndjson", "") }
    }

    /// Adds what each provider sends with all its answers.
    fn with_headers_of(mut self, shape: Shape) -> Self {
        let known: &[(&str, &str)] = match shape {
            Shape::OpenAi => openai::HEADERS,
            Shape::Anthropic => anthropic::HEADERS,
            Shape::Ollama => &[],
        };
        self.headers.extend(known.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self
    }
}
