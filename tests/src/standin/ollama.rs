//! What Ollama answers.

use serde_json::{Value, json};

use super::answer::{Answer, tool_call, words};
use super::openai;

const CREATED: &str = "2026-01-01T00:00:00Z";

/// The answer to a request; `None` where Ollama knows no such path.
pub fn answer(method: &str, path: &str, body: &Value) -> Option<Answer> {
    let streams = body["stream"] != false;
    Some(match (method, path) {
        ("POST", "/api/chat") if streams => Answer::lines(chat_lines(body)),
        ("POST", "/api/chat") => Answer::json(&ended(body, "message", message(body))),
        ("POST", "/api/generate") if streams => Answer::lines(generate_lines(body)),
        ("POST", "/api/generate") => Answer::json(&ended(body, "response", json!(words("Ollama", body).concat()))),
        ("POST", "/api/embed") => Answer::json(&json!({"model": body["model"], "embeddings": [[0.25, -0.5, 0.125]]})),
        ("GET" | "HEAD", "/api/tags") => {
            Answer::json(&json!({"models": [{"name": "llama3.1:8b", "model": "llama3.1:8b"}]}))
        }
        ("GET" | "HEAD", "/api/version") => Answer::json(&json!({"version": "0.0.0-stand-in"})),
        ("GET" | "HEAD", "/") => {
            Answer { status: 200, content_type: "text/plain".into(), parts: vec!["Ollama is running".into()] }
        }
        _ => return openai::answer("Ollama", method, path, body),
    })
}

fn message(body: &Value) -> Value {
    let answered = body["messages"].as_array().is_some_and(|all| all.iter().any(|message| message["role"] == "tool"));
    match tool_call(&body["tools"], "/function/name", "/function/parameters", answered) {
        Some((name, arguments)) => {
            json!({"role": "assistant", "content": "", "tool_calls": [{"function": {"name": name, "arguments": arguments}}]})
        }
        None => json!({"role": "assistant", "content": words("Ollama", body).concat()}),
    }
}

fn chat_lines(body: &Value) -> Vec<Value> {
    let whole = message(body);
    let messages = match whole.get("tool_calls") {
        Some(_) => vec![whole],
        None => words("Ollama", body).into_iter().map(|word| json!({"role": "assistant", "content": word})).collect(),
    };
    let mut lines: Vec<_> = messages.into_iter().map(|message| part(body, "message", message)).collect();
    lines.push(ended(body, "message", json!({"role": "assistant", "content": ""})));
    lines
}

fn generate_lines(body: &Value) -> Vec<Value> {
    let mut lines: Vec<_> = words("Ollama", body).into_iter().map(|word| part(body, "response", json!(word))).collect();
    lines.push(ended(body, "response", json!("")));
    lines
}

fn part(body: &Value, field: &str, value: Value) -> Value {
    json!({"model": body["model"], "created_at": CREATED, field: value, "done": false})
}

fn ended(body: &Value, field: &str, value: Value) -> Value {
    json!({
        "model": body["model"], "created_at": CREATED, field: value, "done": true, "done_reason": "stop",
        "total_duration": 5_000_000, "prompt_eval_count": 9, "eval_count": 12,
    })
}
