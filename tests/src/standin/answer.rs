//! What a stand-in answers: a plausible document of the provider's API that says that it comes from a stand-in.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Received, Shape, anthropic, ollama, openai};

/// An answer, part by part.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body: the parts of a streamed answer, or one part.
    pub parts: Vec<Bytes>,
}

/// The answer of a provider of this shape.
pub fn answer(shape: Shape, received: &Received) -> Answer {
    let path = received.path.split('?').next().unwrap_or_default();
    let body = received.json();
    let known = match shape {
        Shape::OpenAi => openai::answer("OpenAI", &received.method, path, &body),
        Shape::Anthropic => anthropic::answer(&received.method, path, &body),
        Shape::Ollama => ollama::answer(&received.method, path, &body),
    };
    known.unwrap_or_else(|| failure(shape, 404))
}

/// An error of a provider of this shape.
pub fn failure(shape: Shape, status: u16) -> Answer {
    let message = format!("a stand-in answers with status {status}");
    let error = match shape {
        Shape::OpenAi => openai::failure(status, &message),
        Shape::Anthropic => anthropic::failure(status, &message),
        Shape::Ollama => json!({"error": message}),
    };
    Answer { status, ..Answer::json(&error) }
}

/// What a stand-in says instead of a model's words.
pub fn words(provider: &str, body: &Value) -> Vec<String> {
    let model = body["model"].as_str().unwrap_or("no model");
    let size = body.to_string().len();
    [
        format!("This is a stand-in for {provider}, no language model. "),
        format!("It was asked for `{model}`, "),
        format!("with {size} bytes of JSON."),
    ]
    .into_iter()
    .chain(placeholder(&body.to_string()).map(|name| format!(" It reads {name} in brackets where you read <{name}>.")))
    .collect()
}

/// What stands between the brackets of the first placeholder in a text.
fn placeholder(text: &str) -> Option<String> {
    let mut inside = text.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
    let in_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    inside.find(|name| name.contains('_') && name.chars().all(in_name)).map(str::to_owned)
}

/// The first tool that the request offers with plausible arguments for it, unless tools were called already.
pub fn tool_call<'a>(tools: &'a Value, name: &str, schema: &str, called: bool) -> Option<(&'a str, Value)> {
    let tool = tools.get(0).filter(|_| !called)?;
    let properties = tool.pointer(schema).and_then(|schema| schema["properties"].as_object());
    let argument = |(name, schema): (&String, &Value)| (name.clone(), sample(schema));
    let arguments = properties.map(|properties| properties.iter().map(argument).collect()).unwrap_or_default();
    Some((tool.pointer(name)?.as_str()?, Value::Object(arguments)))
}

fn sample(schema: &Value) -> Value {
    match (schema["enum"].get(0), schema["type"].as_str()) {
        (Some(first), _) => first.clone(),
        (None, Some("number" | "integer")) => json!(1),
        (None, Some("boolean")) => json!(true),
        (None, Some("array")) => json!([]),
        (None, Some("object")) => json!({}),
        _ => json!("stand-in"),
    }
}

// === impl Answer ===

impl Answer {
    /// A JSON document.
    pub fn json(document: &Value) -> Self {
        Self { status: 200, content_type: "application/json".into(), parts: vec![document.to_string().into()] }
    }

    /// Server-sent events: names (empty for none) and data.
    pub fn events(events: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let part = |(name, data)| match name {
            "" => format!("data: {data}\n\n").into(),
            _ => format!("event: {name}\ndata: {data}\n\n").into(),
        };
        let parts = events.into_iter().map(part).collect();
        Self { status: 200, content_type: "text/event-stream; charset=utf-8".into(), parts }
    }

    /// Newline-delimited JSON.
    pub fn lines(documents: impl IntoIterator<Item = Value>) -> Self {
        let parts = documents.into_iter().map(|document| format!("{document}\n").into()).collect();
        Self { status: 200, content_type: "application/x-ndjson".into(), parts }
    }
}
