//! What a stand-in says in place of a model, before it is put into its provider's format.

use serde_json::{Value, json};

use super::fault::{items, text};

/// What an answer uses, the same whoever stands in: all of the input.
pub const INPUT: u64 = 9;
/// Of it, what came from a cache, where the conversation was had in part before.
pub const CACHED: u64 = 4;
/// Of it, what was put into a cache then.
pub const WRITTEN: u64 = 2;
/// All of the output, unless it is cut short.
pub const OUTPUT: u64 = 12;
/// Of it, what was thought, where something was.
pub const THOUGHT: u64 = 4;

/// What a request asks of a model, as far as a stand-in heeds it.
pub struct Asked<'a> {
    /// Who is stood in for.
    pub provider: &'a str,
    /// The whole request.
    pub body: &'a Value,
    /// The user's last words.
    pub prompt: String,
    /// The tools: names and schemas.
    pub tools: Vec<(&'a str, &'a Value)>,
    /// Which of them to call.
    pub choice: Choice<'a>,
    /// Whether several may be called.
    pub parallel: bool,
    /// Whether the last message is a tool's result.
    pub answered: bool,
    /// The most tokens of the answer.
    pub limit: Option<u64>,
    /// What the answer's JSON must look like.
    pub schema: Option<&'a Value>,
    /// Whether to think first.
    pub thinks: bool,
    /// Whether the model has spoken before.
    pub goes_on: bool,
}

/// Which tools to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// Those that the prompt names.
    Free,
    /// None.
    None,
    /// At least one.
    Any,
    /// This one.
    Tool(&'a str),
}

/// What is said.
pub struct Said {
    /// What was thought first.
    pub thought: Option<String>,
    /// The words, in the pieces of a stream. Empty if tools are called.
    pub words: Vec<String>,
    /// The tools that are called, with plausible arguments.
    pub calls: Vec<(String, Value)>,
    /// Whether the limit cut it short.
    pub cut: bool,
    /// What it is in tokens.
    pub output: u64,
    /// What of the input came from a cache, and what was put there.
    pub cached: (u64, u64),
}

// === impl Asked ===

impl Asked<'_> {
    /// What a stand-in says to it.
    pub fn said(&self) -> Said {
        let calls = self.calls();
        let cut = calls.is_empty() && self.limit.is_some_and(|limit| limit < OUTPUT);
        let words = match (calls.is_empty(), self.schema) {
            (false, _) => vec![],
            (true, Some(schema)) => vec![sample(schema).to_string()],
            (true, None) => self.words().into_iter().take(if cut { 1 } else { usize::MAX }).collect(),
        };
        let thought = self.thinks.then(|| "A stand-in does not think.".to_owned());
        let output = self.limit.filter(|_| cut).unwrap_or(OUTPUT);
        let cached = if self.goes_on { (CACHED, WRITTEN) } else { (0, 0) };
        Said { thought, words, calls, cut, output, cached }
    }

    fn words(&self) -> Vec<String> {
        let model = self.body["model"].as_str().unwrap_or("no model");
        let body = self.body.to_string();
        let told = [
            format!("This is a stand-in for {}, no language model. ", self.provider),
            format!("It was asked for `{model}`, "),
            format!("with {} bytes of JSON.", body.len()),
        ];
        let seen = placeholder(&body).map(|name| format!(" It reads {name} in brackets where you read <{name}>."));
        told.into_iter().chain(seen).collect()
    }

    fn calls(&self) -> Vec<(String, Value)> {
        if self.answered {
            return vec![];
        }
        let prompt = self.prompt.to_lowercase();
        let named = |(name, _): &&(&str, &Value)| prompt.contains(&name.to_lowercase());
        let chosen: Vec<_> = match self.choice {
            Choice::None => vec![],
            Choice::Free => self.tools.iter().filter(named).collect(),
            Choice::Any => match self.tools.iter().find(named) {
                Some(_) => self.tools.iter().filter(named).collect(),
                None => self.tools.iter().take(1).collect(),
            },
            Choice::Tool(chosen) => self.tools.iter().filter(|(name, _)| *name == chosen).collect(),
        };
        let most = if self.parallel { usize::MAX } else { 1 };
        chosen.into_iter().take(most).map(|(name, schema)| ((*name).to_owned(), object(schema))).collect()
    }
}

/// The text of a message's content: a string, or the texts of its parts.
pub fn said_in(content: &Value) -> String {
    let of_parts = || items(content).iter().map(|part| text(&part["text"])).collect::<Vec<_>>().join(" ");
    content.as_str().map_or_else(of_parts, str::to_owned)
}

/// An object of a schema.
fn object(schema: &Value) -> Value {
    let properties = schema["properties"].as_object();
    let sampled = |(name, schema): (&String, &Value)| (name.clone(), sample(schema));
    Value::Object(properties.map(|properties| properties.iter().map(sampled).collect()).unwrap_or_default())
}

/// A value of a schema.
fn sample(schema: &Value) -> Value {
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match (schema["enum"].get(0), kind) {
        (Some(first), _) => first.clone(),
        (None, Some("number" | "integer")) => json!(1),
        (None, Some("boolean")) => json!(true),
        (None, Some("array")) => json!([]),
        (None, Some("object")) => object(schema),
        _ => json!("stand-in"),
    }
}

/// What stands between the brackets of the first placeholder in a text.
fn placeholder(text: &str) -> Option<String> {
    let mut inside = text.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
    let in_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    inside.find(|name| name.contains('_') && name.chars().all(in_name)).map(str::to_owned)
}
