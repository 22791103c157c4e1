//! What Ollama answers, <https://github.com/ollama/ollama/blob/main/docs/api.md>.

mod rules;

use serde_json::{Value, json};

use super::Received;
use super::answer::Answer;
use super::fault::{Fault, ensure, items, text};
use super::model::{Asked, Choice, INPUT, Said, said_in};
use super::openai;

const CREATED: &str = "2026-01-01T00:00:00.123456789Z";

/// The answer to a request, or what is wrong with it.
pub fn answer(received: &Received) -> Result<Answer, Fault> {
    let (path, body) = (received.route(), received.json());
    if received.method == "POST" {
        ensure(body.is_object(), || Fault::invalid("invalid character looking for beginning of value"))?;
        ensure(!text(&body["model"]).is_empty(), || Fault::invalid("model is required"))?;
    }
    let streams = body["stream"] != false;
    Ok(match (received.method.as_str(), path) {
        ("POST", "/api/chat") => {
            rules::check(&body)?;
            let asked = asked(&body);
            let said = asked.said();
            if streams { Answer::lines(lines(&body, &said)) } else { Answer::json(&chat(&body, &said)) }
        }
        ("POST", "/api/generate") => generated(&body, streams),
        ("POST", "/api/embed") => Answer::json(&embeddings(&body)),
        ("GET" | "HEAD", "/api/tags") => {
            Answer::json(&json!({"models": [{"name": "llama3.1:8b", "model": "llama3.1:8b"}]}))
        }
        ("GET" | "HEAD", "/api/version") => Answer::json(&json!({"version": "0.0.0-stand-in"})),
        ("GET" | "HEAD", "/") => Answer::whole("text/plain; charset=utf-8", "Ollama is running"),
        (method, path) => {
            let not_found = || Fault::status(404, "404 page not found");
            openai::serve("Ollama", method, path, &body).ok_or_else(not_found)?
        }
    })
}

fn chat(body: &Value, said: &Said) -> Value {
    let mut message = json!({"role": "assistant", "content": said.words.concat()});
    if let Some(thought) = &said.thought {
        message["thinking"] = json!(thought);
    }
    if !said.calls.is_empty() {
        message["tool_calls"] = calls(said);
    }
    ended(body, said, "message", message)
}

/// Thought first, then words, then all calls in one line, then the end.
fn lines(body: &Value, said: &Said) -> Vec<Value> {
    let mut messages = vec![];
    messages
        .extend(said.thought.iter().map(|thought| json!({"role": "assistant", "content": "", "thinking": thought})));
    messages.extend(said.words.iter().map(|word| json!({"role": "assistant", "content": word})));
    if !said.calls.is_empty() {
        messages.push(json!({"role": "assistant", "content": "", "tool_calls": calls(said)}));
    }
    let part = |message| json!({"model": body["model"], "created_at": CREATED, "message": message, "done": false});
    let mut lines: Vec<_> = messages.into_iter().map(part).collect();
    lines.push(ended(body, said, "message", json!({"role": "assistant", "content": ""})));
    lines
}

fn calls(said: &Said) -> Value {
    let call = |(index, (name, arguments)): (usize, &(String, Value))| {
        let function = json!({"index": index, "name": name, "arguments": arguments});
        json!({"id": format!("call_stand_in_{index}"), "function": function})
    };
    said.calls.iter().enumerate().map(call).collect()
}

fn generated(body: &Value, streams: bool) -> Answer {
    let said = Asked { prompt: text(&body["prompt"]).to_owned(), ..asked(body) }.said();
    if !streams {
        return Answer::json(&ended(body, &said, "response", json!(said.words.concat())));
    }
    let part = |word| json!({"model": body["model"], "created_at": CREATED, "response": word, "done": false});
    let mut lines: Vec<_> = said.words.iter().map(part).collect();
    lines.push(ended(body, &said, "response", json!("")));
    Answer::lines(lines)
}

fn ended(body: &Value, said: &Said, field: &str, value: Value) -> Value {
    json!({
        "model": body["model"], "created_at": CREATED, field: value, "done": true,
        "done_reason": if said.cut { "length" } else { "stop" }, "total_duration": 5_000_000, "load_duration": 1_000_000,
        "prompt_eval_count": INPUT, "prompt_eval_duration": 1_000_000, "eval_count": said.output, "eval_duration": 3_000_000,
    })
}

fn embeddings(body: &Value) -> Value {
    let count = items(&body["input"]).len().max(1);
    json!({
        "model": body["model"], "embeddings": vec![[0.25, -0.5, 0.125]; count], "total_duration": 5_000_000,
        "load_duration": 1_000_000, "prompt_eval_count": INPUT,
    })
}

fn asked(body: &Value) -> Asked<'_> {
    let messages = items(&body["messages"]);
    let prompt = messages.iter().rfind(|message| message["role"] == "user");
    let tools = items(&body["tools"]).iter().map(|tool| &tool["function"]);
    Asked {
        provider: "Ollama",
        body,
        prompt: prompt.map(|message| said_in(&message["content"])).unwrap_or_default(),
        tools: tools.map(|function| (text(&function["name"]), &function["parameters"])).collect(),
        // Ollama heeds no choice.
        choice: Choice::Free,
        parallel: true,
        goes_on: messages.iter().any(|message| message["role"] == "assistant"),
        answered: messages.last().is_some_and(|message| message["role"] == "tool"),
        limit: body["options"]["num_predict"].as_u64(),
        schema: Some(&body["format"]).filter(|format| format.is_object()),
        thinks: rules::thinks(&body["think"]),
    }
}
