//! What is personal leaves as a placeholder, and comes back in the answer: whole, in pieces, in the arguments of calls, in
//! another format; and no log, stat or record has it.

use bytes::Bytes;
use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::mesh::Mesh;
use tests::standin::Behaviour;

use crate::policy;

const ADDRESS: &str = "jane.doe@acme-widgets.com";
const CLIENTS: [&str; 3] = ["/v1/chat/completions", "/v1/messages", "/api/chat"];

/// What a client of an API asks of a model.
fn ask(path: &str, model: &str, stream: bool) -> Request {
    let content = format!("Write to {ADDRESS}.");
    let message = json!({"role": "user", "content": content});
    let mut body = json!({"model": model, "stream": stream, "messages": [message]});
    if path != "/api/chat" {
        body["max_tokens"] = json!(64);
    }
    Request::post(path, body.to_string())
}

/// The answer of a provider that says a placeholder, and calls a tool with it.
fn answer(provider: &str) -> Behaviour {
    let body = match provider {
        "openai" => json!({"id": "i", "object": "chat.completion", "created": 1, "model": "gpt", "own": 1.50,
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant",
                "content": "Dear <EMAIL_1>, <EMAIL_2>", "tool_calls": [{"id": "c", "type": "function",
                    "function": {"name": "mail", "arguments": "{\"to\":\"<EMAIL_1>\"}"}}]}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}}),
        _ => json!({"id": "i", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "tool_use",
            "content": [{"type": "text", "text": "Dear <EMAIL_1>, <EMAIL_2>"},
                {"type": "tool_use", "id": "c", "name": "mail", "input": {"to": "<EMAIL_1>"}}],
            "usage": {"input_tokens": 9, "output_tokens": 12}}),
    };
    Behaviour::Say { status: 200, content_type: "application/json".into(), parts: vec![body.to_string().into()] }
}

/// The same in a stream, with the placeholders cut to pieces, over events and over what the network delivers.
fn stream(provider: &str) -> Behaviour {
    let pieces = ["Dear <", "EMA", "IL_1", ">, <EMAIL_2", ">"];
    let arguments = ["{\"to\":\"<EMAI", "L_1>\"}"];
    let mut events: Vec<Value> = Vec::new();
    if provider == "openai" {
        let event = |delta: Value| json!({"id": "i", "model": "gpt", "choices": [{"index": 0, "delta": delta}]});
        let call = |name: Value, arguments: &str| json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}]});
        events.extend(pieces.map(|piece| event(json!({"content": piece}))));
        events.push(event(call(json!("mail"), arguments[0])));
        events.push(event(call(Value::Null, arguments[1])));
        events.push(
            json!({"id": "i", "model": "gpt", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        );
    } else {
        let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
        let start =
            |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
        let stop = |index: u32| json!({"type": "content_block_stop", "index": index});
        events.push(json!({"type": "message_start", "message": {"id": "i", "type": "message", "role": "assistant",
            "model": "claude", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}}}));
        events.push(start(0, json!({"type": "text", "text": ""})));
        events.extend(pieces.map(|piece| delta(0, json!({"type": "text_delta", "text": piece}))));
        events.push(stop(0));
        events.push(start(1, json!({"type": "tool_use", "id": "c", "name": "mail", "input": {}})));
        events.extend(arguments.map(|piece| delta(1, json!({"type": "input_json_delta", "partial_json": piece}))));
        events.push(stop(1));
        events.push(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 12}}),
        );
        events.push(json!({"type": "message_stop"}));
    }
    let named = |event: &Value| event["type"].as_str().map(|kind| format!("event: {kind}\n")).unwrap_or_default();
    let mut body: String = events.iter().map(|event| format!("{}data: {event}\n\n", named(event))).collect();
    if provider == "openai" {
        body += "data: [DONE]\n\n";
    }
    let parts = body.as_bytes().chunks(37).map(Bytes::copy_from_slice).collect();
    Behaviour::Say { status: 200, content_type: "text/event-stream".into(), parts }
}

/// The text and the arguments that an answer says, put together from its documents.
fn said(path: &str, response: &Response) -> (String, Value) {
    let text = response.text();
    let streamed = text.lines().filter_map(|line| {
        let line = line.strip_prefix("data: ").unwrap_or(line);
        serde_json::from_str::<Value>(line).ok().filter(Value::is_object)
    });
    let (mut said, mut arguments, mut given) = (String::new(), String::new(), Value::Null);
    for document in streamed {
        let texts = match path {
            "/v1/chat/completions" => ["/choices/0/message/content", "/choices/0/delta/content"],
            "/v1/messages" => ["/content/0/text", "/delta/text"],
            _ => ["/message/content", "/none"],
        };
        let pieces = match path {
            "/v1/chat/completions" => [
                "/choices/0/message/tool_calls/0/function/arguments",
                "/choices/0/delta/tool_calls/0/function/arguments",
            ],
            "/v1/messages" => ["/content/1/input", "/delta/partial_json"],
            _ => ["/message/tool_calls/0/function/arguments", "/none"],
        };
        let at = |place: &str| document.pointer(place).cloned().unwrap_or_default();
        texts.iter().for_each(|place| said += at(place).as_str().unwrap_or_default());
        for place in pieces {
            match at(place) {
                Value::String(piece) => arguments += &piece,
                Value::Object(whole) => given = Value::Object(whole),
                _ => {}
            }
        }
    }
    (said, serde_json::from_str(&arguments).unwrap_or(given))
}

#[test]
fn values_come_back_into_every_answer_and_no_provider_sees_them() {
    let mesh = Mesh::start(&policy("redact")).unwrap();
    for (model, provider) in [("gpt", "openai"), ("claude", "anthropic")] {
        for path in CLIENTS {
            for streamed in [false, true] {
                mesh.provider(provider).behave(if streamed { stream(provider) } else { answer(provider) });
                let response = mesh.send(&ask(path, model, streamed));
                let what = format!("{path}, {provider}, streamed: {streamed}: {}", response.text());
                assert_eq!(response.status, 200, "{what}");
                // A placeholder that nobody gave stays as it is.
                let (text, arguments) = said(path, &response);
                assert_eq!(text, format!("Dear {ADDRESS}, <EMAIL_2>"), "{what}");
                assert_eq!(arguments, json!({"to": ADDRESS}), "{what}");
                let received = mesh.take_received();
                let [(by, received)] = &received[..] else { panic!("{received:?}") };
                assert!(by == provider && received.contains("<EMAIL_1>") && !received.contains("jane"), "{received:?}");
                let audit = &mesh.line(&response)["audit"];
                assert_eq!(audit["decision"]["redacted"]["replaced"], json!({"email": 1}), "{audit:#}");
                assert_eq!((&audit["level"], &audit["facts"]["level"]), (&json!("public"), &json!("internal")));
                assert_eq!(audit["chosen"]["redacted"], true);
                let attempt = &audit["attempts"][0];
                assert_eq!(
                    (&attempt["outcome"], &attempt["redacted"]),
                    (&json!("answered"), &json!(true)),
                    "{audit:#}"
                );
            }
        }
    }
    let told = ["/stats", "/stats/prometheus", "/config_dump"].map(|page| mesh.envoy.ask_admin(page).unwrap().text());
    let log: Vec<String> = mesh.envoy.access_log().iter().map(ToString::to_string).collect();
    for (place, text) in [("stats", told.concat()), ("Envoy's log", mesh.envoy.log()), ("the access log", log.concat())]
    {
        assert!(!text.contains("jane") && !text.contains("acme-widgets"), "{place}: {text}");
    }
}

#[test]
fn an_answer_in_the_clients_own_format_keeps_what_is_the_providers_own() {
    let mesh = Mesh::start(&policy("redact")).unwrap();
    mesh.provider("openai").behave(answer("openai"));
    let response = mesh.send(&ask("/v1/chat/completions", "gpt", false));
    assert!(response.text().contains("\"own\":1.5"), "{}", response.text());
    assert_eq!(mesh.line(&response)["audit"]["usage"]["output"], 12);
}

#[test]
fn failover_goes_from_the_cloud_that_gets_placeholders_to_the_local_model_that_does_not() {
    let mesh = Mesh::start(&policy("redact")).unwrap();
    if mesh.envoy.version() < (1, 39) {
        return;
    }
    mesh.provider("openai").behave(Behaviour::Fail(503));
    let response = mesh.send(&ask("/v1/chat/completions", "auto", false));
    assert_eq!(response.status, 200, "{}", response.text());
    let received = mesh.take_received();
    let to = |name: &str| received.iter().find(|(by, _)| by == name).unwrap_or_else(|| panic!("{name}: {received:?}"));
    assert!(!to("openai").1.contains("jane") && to("openai").1.contains("<EMAIL_1>"), "{received:?}");
    assert!(to("ollama").1.contains(ADDRESS) && !to("ollama").1.contains("<EMAIL_1>"), "{received:?}");
}
