//! The stand-in providers refuse what the real ones refuse, each in its own words.

use std::fs;

use serde_json::{Value, json};
use tests::client::Request;
use tests::place;
use tests::standin::{Shape, StandIn};

/// Sends each of these changes to a good request, and looks for these words in the refusal.
fn refuses(shape: Shape, path: &str, good: &Value, changes: &[(Value, &str)]) {
    let standin = StandIn::start(shape).unwrap();
    let send = |body: &Value| {
        let request = Request::post(path, body.to_string()).header("anthropic-version", "2023-06-01");
        request.send(standin.address()).unwrap()
    };
    assert_eq!(send(good).status, 200, "{}", send(good).text());
    let mut wrong = vec![];
    for (change, words) in changes {
        let mut body = good.clone();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
                value => body[name] = value.clone(),
            }
        }
        let response = send(&body);
        let error = response.json()["error"].clone();
        let said = error.as_str().or(error["message"].as_str()).unwrap_or_default();
        if !(400..500).contains(&response.status) || !said.contains(words) {
            wrong.push(format!("{change}: expected `{words}`, but it is {} {}", response.status, response.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn say(role: &str, content: &Value) -> Value {
    json!({"messages": [{"role": "user", "content": "hi"}, {"role": role, "content": content}]})
}

#[test]
fn openai_refuses_what_it_refuses() {
    let good = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
    let call = json!([{"id": "c", "type": "function", "function": {"name": "get", "arguments": "{}"}}]);
    let tool =
        |name: &str, schema: Value| json!([{"type": "function", "function": {"name": name, "parameters": schema}}]);
    refuses(
        Shape::OpenAi,
        "/v1/chat/completions",
        &good,
        &[
            (json!({"model": null}), "you must provide a model parameter"),
            (json!({"messages": null}), "Missing required parameter: 'messages'"),
            (json!({"messages": []}), "empty array"),
            (json!({"system": "x"}), "Unknown parameter: 'system'"),
            (json!({"model": "claude-sonnet-4-5"}), "does not exist"),
            (json!({"temperature": 2.5}), "Invalid 'temperature'"),
            (json!({"max_tokens": 9, "max_completion_tokens": 9}), "at the same time"),
            (json!({"model": "gpt-5-mini", "max_tokens": 9}), "Use 'max_completion_tokens' instead"),
            (json!({"model": "gpt-5-mini", "temperature": 0.5}), "Only the default (1) value is supported"),
            (json!({"reasoning_effort": "low"}), "Unrecognized request argument"),
            (json!({"stream_options": {"include_usage": true}}), "only allowed when 'stream' is enabled"),
            (json!({"stop": ["a", "b", "c", "d", "e"]}), "array too long"),
            (json!({"tool_choice": "auto"}), "only allowed when 'tools' are specified"),
            (json!({"tools": []}), "empty array"),
            (json!({"tools": tool("no good", json!({"type": "object"}))}), "string does not match pattern"),
            (json!({"tools": tool("get", json!({}))}), "schema must be a JSON Schema"),
            (json!({"response_format": {"type": "json_object"}}), "must contain the word 'json'"),
            (say("robot", &json!("x")), "Invalid value: 'robot'"),
            (say("user", &json!([{"type": "image", "source": {}}])), "Invalid value: 'image'"),
            (
                say("user", &json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,!"}}])),
                "image_url.url",
            ),
            (
                say("assistant", &json!([{"type": "image_url", "image_url": {}}])),
                "Supported values are: 'text', 'refusal'",
            ),
            (say("tool", &json!("x")), "must be a response to a preceeding message"),
            (json!({"messages": [{"role": "user", "content": "x", "cache_control": {}}]}), "Unknown parameter"),
            (json!({"messages": [{"role": "assistant", "tool_calls": call}]}), "did not have response messages: c"),
        ],
    );
}

#[test]
fn openai_refuses_responses_that_do_not_hold_together() {
    let good = json!({"model": "gpt-4o", "input": "hi"});
    refuses(
        Shape::OpenAi,
        "/v1/responses",
        &good,
        &[
            (json!({"input": null}), "Missing required parameter: 'input'"),
            (json!({"messages": []}), "Unknown parameter: 'messages'"),
            (json!({"max_output_tokens": 5}), "Expected a value >= 16"),
            (json!({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}), "Invalid value: 'text'"),
            (json!({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}), "No tool call found"),
            (json!({"tools": [{"type": "function", "function": {"name": "get"}}]}), "tools[0].name"),
        ],
    );
}

#[test]
fn anthropic_refuses_what_it_refuses() {
    let good =
        json!({"model": "claude-sonnet-4-5", "max_tokens": 2000, "messages": [{"role": "user", "content": "hi"}]});
    let call = json!([{"type": "tool_use", "id": "c", "name": "get", "input": {}}]);
    let result = json!([{"type": "tool_result", "tool_use_id": "c", "content": "x"}]);
    let thinking = |budget: u64| json!({"type": "enabled", "budget_tokens": budget});
    refuses(
        Shape::Anthropic,
        "/v1/messages",
        &good,
        &[
            (json!({"max_tokens": null}), "max_tokens: Field required"),
            (json!({"max_completion_tokens": 9}), "max_completion_tokens: Extra inputs are not permitted"),
            (json!({"model": "gpt-4o"}), "model: gpt-4o"),
            (json!({"temperature": 1.5}), "temperature: range"),
            (json!({"temperature": 0.5, "top_p": 0.5}), "cannot both be specified"),
            (json!({"model": "claude-opus-4-7", "temperature": 0.5}), "not supported on this model"),
            (json!({"stop_sequences": ["\n"]}), "must contain non-whitespace"),
            (json!({"thinking": thinking(1000)}), "greater than or equal to 1024"),
            (json!({"thinking": thinking(2000)}), "must be greater than `thinking.budget_tokens`"),
            (json!({"thinking": thinking(1024), "temperature": 0.5}), "may only be set to 1"),
            (json!({"tool_choice": {"type": "auto"}}), "while providing tools"),
            (json!({"tools": [{"name": "get"}]}), "input_schema: Field required"),
            (json!({"tools": [{"name": "get", "input_schema": {}}]}), "input_schema.type"),
            (
                json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
                "additionalProperties",
            ),
            (json!({"messages": []}), "at least one message"),
            (say("system", &json!("x")), "Unexpected role"),
            (say("user", &json!("")), "non-empty content"),
            (say("user", &json!([{"type": "text", "text": ""}])), "must be non-empty"),
            (say("user", &json!([{"type": "text", "text": " "}])), "must contain non-whitespace text"),
            (say("user", &json!([{"type": "image_url"}])), "does not match any of the expected tags"),
            (say("user", &result), "unexpected `tool_use_id`"),
            (say("assistant", &call), "without `tool_result` blocks immediately after: c"),
            (
                say("assistant", &json!([{"type": "thinking", "thinking": "hm", "signature": ""}])),
                "Invalid `signature`",
            ),
            (say("assistant", &json!("so ")), "trailing whitespace"),
        ],
    );
    let standin = StandIn::start(Shape::Anthropic).unwrap();
    let versionless = Request::post("/v1/messages", good.to_string()).send(standin.address()).unwrap();
    assert!(versionless.text().contains("anthropic-version: header is required"), "{}", versionless.text());
    let unknown = Request::post("/v1/messages", good.to_string()).header("anthropic-version", "2024-01-01");
    assert!(unknown.send(standin.address()).unwrap().text().contains("is not a valid version"));
}

#[test]
fn ollama_refuses_what_it_refuses_and_passes_over_the_rest() {
    let good = json!({"model": "llama3.1:8b", "stream": false, "tool_choice": "required", "messages": [{"role": "user", "content": "hi"}]});
    let calls = |arguments: Value| json!({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "get", "arguments": arguments}}]}]});
    refuses(
        Shape::Ollama,
        "/api/chat",
        &good,
        &[
            (json!({"model": null}), "model is required"),
            (json!({"model": "gpt-4o"}), "model 'gpt-4o' not found"),
            (json!({"think": true}), "does not support thinking"),
            (json!({"format": "yaml"}), "invalid format"),
            (json!({"options": {"num_predict": "9"}}), "must be of type integer"),
            (json!({"options": {"stop": "END"}}), "must be of type array"),
            (say("developer", &json!("x")), "invalid role"),
            (say("user", &json!([{"type": "text", "text": "x"}])), "cannot unmarshal array"),
            (calls(json!("{}")), "cannot unmarshal string"),
        ],
    );
}

/// Each golden case of a translation is held against the rules of the provider that it is for.
#[test]
fn what_translations_write_is_what_their_providers_take() {
    let shapes = [("openai", Shape::OpenAi, "/v1/chat/completions"), ("anthropic", Shape::Anthropic, "/v1/messages")];
    let shapes = shapes.into_iter().chain([("ollama", Shape::Ollama, "/api/chat")]);
    let shapes: Vec<_> = shapes.map(|(format, shape, path)| (format, StandIn::start(shape).unwrap(), path)).collect();
    let mut wrong = vec![];
    let mut sent = 0;
    for file in fs::read_dir(place::repository().join("provider/tests/golden/requests")).unwrap() {
        let file: toml::Table = fs::read_to_string(file.unwrap().path()).unwrap().parse().unwrap();
        let text = |case: &toml::Value, name: &str| {
            let value = case.get(name).or_else(|| file.get("defaults")?.get(name));
            value.and_then(|value| value.as_str().map(str::to_owned))
        };
        for case in file["case"].as_array().unwrap() {
            let (Some(body), Some(format)) = (text(case, "expected"), text(case, "provider")) else { continue };
            let (_, standin, path) = shapes.iter().find(|(name, ..)| *name == format).unwrap();
            let request = Request::post(path, body).header("anthropic-version", "2023-06-01");
            let response = request.send(standin.address()).unwrap();
            sent += 1;
            if response.status != 200 {
                wrong.push(format!("{}: {}", text(case, "name").unwrap_or_default(), response.text()));
            }
        }
    }
    assert!(sent > 60 && wrong.is_empty(), "{} of {sent} are refused:\n{}", wrong.len(), wrong.join("\n"));
}
