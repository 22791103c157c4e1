//! What OpenAI answers, <https://platform.openai.com/docs/api-reference>.

mod chat;
mod messages;
mod parameters;
mod responses;

use serde_json::{Value, json};

use super::Received;
use super::answer::Answer;
use super::fault::{Fault, ensure, items, unknown};
use super::model::INPUT;

/// What it sends with all its answers.
pub const HEADERS: &[(&str, &str)] = &[
    ("x-request-id", "req_stand-in"),
    ("openai-version", "2020-10-01"),
    ("openai-organization", "stand-in"),
    ("openai-processing-ms", "5"),
    ("x-ratelimit-limit-requests", "5000"),
    ("x-ratelimit-remaining-requests", "4999"),
    ("x-ratelimit-reset-requests", "12ms"),
    ("x-ratelimit-limit-tokens", "160000"),
    ("x-ratelimit-remaining-tokens", "159976"),
    ("x-ratelimit-reset-tokens", "9ms"),
];

const MODELS: [&str; 4] = ["gpt-4o", "gpt-4o-mini", "gpt-5", "text-embedding-3-small"];

/// The answer to a request, or what is wrong with it.
pub fn answer(provider: &str, received: &Received) -> Result<Answer, Fault> {
    let (path, body) = (received.route(), received.json());
    match path {
        "/v1/chat/completions" => parameters::check(&body)?,
        "/v1/responses" => responses::check(&body)?,
        "/v1/embeddings" => check_embeddings(&body)?,
        "/v1/completions" => check_completion(&body)?,
        _ => {}
    }
    let not_found = || Fault::status(404, format!("Invalid URL ({} {path})", received.method));
    serve(provider, &received.method, path, &body).ok_or_else(not_found)
}

/// The answer to a request that is as it should be; `None` where OpenAI knows no such path.
pub fn serve(provider: &str, method: &str, path: &str, body: &Value) -> Option<Answer> {
    let streams = body["stream"] == true;
    Some(match (method, path) {
        ("POST", "/v1/chat/completions") if streams => chat::streamed(provider, body),
        ("POST", "/v1/chat/completions") => Answer::json(&chat::whole(provider, body)),
        ("POST", "/v1/responses") if streams => responses::streamed(provider, body),
        ("POST", "/v1/responses") => Answer::json(&responses::whole(provider, body)),
        ("POST", "/v1/completions") if streams => chat::streamed_completion(provider, body),
        ("POST", "/v1/completions") => Answer::json(&chat::completion(provider, body)),
        ("POST", "/v1/embeddings") => Answer::json(&embeddings(body)),
        ("GET" | "HEAD", "/v1/models") => Answer::json(&models()),
        _ => return None,
    })
}

/// An error document.
pub fn failure(fault: &Fault) -> Value {
    let kind = match fault.status {
        401 => "authentication_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    let code = fault.code.or((fault.status == 429).then_some("rate_limit_exceeded"));
    json!({"error": {"message": fault.message, "type": kind, "param": fault.param, "code": code}})
}

/// A model that answers, and no other field than those that are known.
fn check_fields(body: &Value, known: &[&str]) -> Result<(), Fault> {
    let parsed = || Fault::invalid("We could not parse the JSON body of your request.");
    ensure(body.is_object(), parsed)?;
    if let Some(name) = unknown(body, known) {
        return Err(Fault::invalid(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
    }
    let model = body["model"].as_str().ok_or_else(|| Fault::invalid("you must provide a model parameter"))?;
    let not_here = || {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        Fault { code: Some("model_not_found"), ..Fault::status(404, message) }
    };
    ensure(!model.starts_with("claude-"), not_here)
}

/// A field that must be there.
fn missing(name: &str) -> Fault {
    Fault::invalid(format!("Missing required parameter: '{name}'.")).at(name).code("missing_required_parameter")
}

/// A number within these bounds, if it is there.
fn check_range(body: &Value, name: &str, least: f64, most: f64) -> Result<(), Fault> {
    let value = &body[name];
    let within = value.is_null() || value.as_f64().is_some_and(|value| (least..=most).contains(&value));
    let message = format!("Invalid '{name}': expected a number between {least} and {most}, but got {value} instead.");
    ensure(within, || Fault::invalid(message).at(name).code("decimal_out_of_range"))
}

fn check_embeddings(body: &Value) -> Result<(), Fault> {
    check_fields(body, &["dimensions", "encoding_format", "input", "model", "user"])?;
    let input = &body["input"];
    let empty = input.is_null() || input == "" || input.as_array().is_some_and(Vec::is_empty);
    ensure(!empty, || Fault::invalid("'$.input' is invalid. Please check the API reference."))
}

fn check_completion(body: &Value) -> Result<(), Fault> {
    const FIELDS: &[&str] = &[
        "best_of",
        "echo",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "model",
        "n",
        "presence_penalty",
        "prompt",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "suffix",
        "temperature",
        "top_p",
        "user",
    ];
    check_fields(body, FIELDS)?;
    ensure(!body["prompt"].is_null(), || missing("prompt"))
}

/// One vector for each text. Where a client wants them so, they are base64 of little-endian floats.
fn embeddings(body: &Value) -> Value {
    use base64::Engine;
    const VECTOR: [f32; 3] = [0.25, -0.5, 0.125];
    let bytes: Vec<u8> = VECTOR.iter().flat_map(|value| value.to_le_bytes()).collect();
    let vector = match body["encoding_format"].as_str() {
        Some("base64") => json!(base64::engine::general_purpose::STANDARD.encode(bytes)),
        _ => json!(VECTOR),
    };
    let count = items(&body["input"]).len().max(1);
    let item = |index| json!({"object": "embedding", "index": index, "embedding": vector});
    let data: Vec<_> = (0..count).map(item).collect();
    let usage = json!({"prompt_tokens": INPUT, "total_tokens": INPUT});
    json!({"object": "list", "data": data, "model": body["model"], "usage": usage})
}

fn models() -> Value {
    let model = |id| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "stand-in"});
    json!({"object": "list", "data": MODELS.map(model)})
}
