//! Any client's API in front of any provider's format: what the provider received, and what the client got.

use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::mesh::Mesh;
use tests::standin::{Behaviour, Received};

use crate::policy;

/// The APIs that clients call, and the models at a provider of each format.
pub const APIS: [&str; 3] = ["/v1/chat/completions", "/v1/messages", "/api/chat"];
pub const MODELS: [(&str, &str); 3] = [("gpt", "openai"), ("claude", "anthropic"), ("llama", "ollama")];

/// Every API with every model.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    APIS.into_iter().flat_map(|api| MODELS.map(|(model, _)| (api, model)))
}

/// Whether the provider of a model speaks an API itself.
fn speaks(model: &str, api: &str) -> bool {
    matches!((model, api), ("gpt", "/v1/chat/completions") | ("claude", "/v1/messages") | ("llama", "/api/chat"))
}

/// What a client of an API asks of a model.
pub fn ask(api: &str, model: &str, stream: bool) -> Request {
    let mut body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "What is new?"}]});
    if api != "/api/chat" {
        body["max_tokens"] = json!(64);
    }
    Request::post(api, body.to_string())
}

/// The text of an answer in the format of an API.
pub fn text(api: &str, answer: &Value) -> String {
    let place = match api {
        "/v1/chat/completions" => "/choices/0/message/content",
        "/v1/messages" => "/content/0/text",
        _ => "/message/content",
    };
    answer.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The input and output tokens of an answer in the format of an API.
fn tokens(api: &str, answer: &Value) -> (u64, u64) {
    let (input, output) = match api {
        "/v1/chat/completions" => ("/usage/prompt_tokens", "/usage/completion_tokens"),
        "/v1/messages" => ("/usage/input_tokens", "/usage/output_tokens"),
        _ => ("/prompt_eval_count", "/eval_count"),
    };
    let count = |place| answer.pointer(place).and_then(Value::as_u64).unwrap_or_default();
    (count(input), count(output))
}

/// The one request that reached anybody.
pub fn only_received(mesh: &Mesh) -> (String, Received) {
    let mut received = mesh.take_received();
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

#[test]
fn every_client_gets_an_answer_from_every_provider_in_its_own_format() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    for api in APIS {
        for (model, provider) in MODELS {
            let response = mesh.send(&ask(api, model, false).header("authorization", "Bearer of-the-client"));
            assert_eq!(response.status, 200, "{api} from {provider}: {}", response.text());
            assert_eq!(response.header("content-type"), "application/json");
            let told = text(api, &response.json()).to_ascii_lowercase();
            assert!(told.contains(&format!("stand-in for {provider}")), "{api} from {provider}: {}", response.text());
            assert_eq!(tokens(api, &response.json()), (9, 12), "{api} from {provider}: {}", response.text());

            let (by, received) = only_received(&mesh);
            let (path, id) = match provider {
                "openai" => ("/v1/chat/completions", "gpt-4o"),
                "anthropic" => ("/v1/messages", "claude-sonnet-4-5"),
                _ => ("/api/chat", "llama3.1:8b"),
            };
            assert_eq!((by.as_str(), received.path.as_str()), (provider, path), "{api}");
            assert_eq!(received.json()["model"], id, "{api} to {provider}");
            assert!(received.contains("What is new?") && !received.contains("of-the-client"), "{received:?}");
            assert_eq!(received.header("content-length"), received.body.len().to_string());
            assert_eq!(received.header("anthropic-version").is_empty(), provider != "anthropic");

            let audit = &mesh.line(&response)["audit"];
            assert_eq!(audit["usage"]["state"], "complete", "{audit:#}");
            assert_eq!((&audit["usage"]["input"], &audit["usage"]["output"]), (&json!(9), &json!(12)), "{audit:#}");
            let attempt = &audit["attempts"][0];
            assert_eq!(
                (&attempt["provider"], &attempt["outcome"]),
                (&json!(provider), &json!("answered")),
                "{audit:#}"
            );
            assert_eq!((&attempt["model"], &attempt["status"]), (&json!(model), &json!(200)), "{audit:#}");
        }
    }
}

/// A conversation in which another provider has thought: Anthropic refuses thoughts that it did not sign.
#[test]
fn anthropic_goes_on_where_another_provider_has_thought_before() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    for stream in [false, true] {
        let body = json!({"model": "claude", "max_tokens": 2048, "stream": stream, "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "a thought of llama's", "signature": ""},
                {"type": "text", "text": "hello"},
            ]},
            {"role": "user", "content": "What is new?"},
        ]});
        let response = mesh.send(&Request::post("/v1/messages", body.to_string()));
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(response.header("x-policymesh-dropped"), "messages[1] (thinking that nobody signed)");
        let (by, received) = only_received(&mesh);
        assert_eq!(by, "anthropic");
        assert_eq!(received.json()["messages"][1]["content"], json!([{"type": "text", "text": "hello"}]));
    }
}

#[test]
fn what_a_provider_cannot_be_given_is_refused_in_the_clients_format_and_goes_nowhere() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let body =
        |model: &str| json!({"model": model, "logit_bias": {"1": 2}, "messages": [{"role": "user", "content": "hi"}]});
    let response = mesh.send(&Request::post("/v1/chat/completions", body("claude").to_string()));
    assert_eq!((response.status, response.header("x-should-retry").as_str()), (400, "false"));
    let error = &response.json()["error"];
    assert_eq!((&error["code"], &error["type"]), (&json!("unsupported_parameter"), &json!("invalid_request_error")));
    assert!(error["message"].as_str().unwrap().contains("`logit_bias`"), "{error}");
    assert!(mesh.take_received().is_empty());
    let audit = &mesh.line(&response)["audit"];
    assert_eq!((&audit["attempts"][0]["outcome"], &audit["usage"]), (&json!("refused"), &Value::Null), "{audit:#}");
    // The provider that can be given it gets it.
    assert_eq!(mesh.send(&Request::post("/v1/chat/completions", body("gpt").to_string())).status, 200);
    assert!(only_received(&mesh).1.contains("logit_bias"));

    let broken = mesh.send(&Request::post("/v1/messages", r#"{"model": "gpt", "max_tokens": 9, "messages": 7}"#));
    assert_eq!((broken.status, &broken.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    assert!(broken.json()["error"]["message"].as_str().unwrap().contains("messages"), "{}", broken.text());
    assert!(mesh.take_received().is_empty());
}

#[test]
fn a_lenient_policy_drops_what_a_provider_cannot_be_given_and_says_so() {
    let mut policy = policy("three");
    policy["spec"]["translation"] = json!("lenient");
    let mesh = Mesh::start(&policy).unwrap();
    for stream in [false, true] {
        let body = json!({
            "model": "claude", "stream": stream, "logit_bias": {"1": 2}, "seed": 7, "my_own": "a secret name",
            "messages": [{"role": "user", "content": "hi"}],
        });
        let response = mesh.send(&Request::post("/v1/chat/completions", body.to_string()));
        assert_eq!(response.status, 200, "{}", response.text());
        let dropped = response.header("x-policymesh-dropped");
        assert!(dropped.contains("logit_bias") && dropped.contains("seed") && !dropped.contains("my_own"), "{dropped}");
        assert!(!only_received(&mesh).1.contains("logit_bias"));
        let line = mesh.line(&response);
        let recorded = line["audit"]["dropped"].as_array().unwrap();
        assert!(recorded.contains(&json!("seed")) && !line.to_string().contains("my_own"), "{line:#}");
    }
}

#[test]
fn failures_of_a_provider_keep_their_meaning_in_the_clients_format() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let kind = |api: &str, response: &Response| match api {
        "/api/chat" => response.json()["error"].as_str().map(|_| String::new()),
        _ => response.json()["error"]["type"].as_str().map(str::to_owned),
    };
    for (status, openai, anthropic) in [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (529, "server_error", "overloaded_error"),
    ] {
        for api in APIS {
            for (model, provider) in MODELS {
                mesh.provider(provider).behave(Behaviour::Fail(status));
                let response = mesh.send(&ask(api, model, true));
                let same = speaks(model, api);
                let told = if status == 529 && api != "/v1/messages" && !same { 503 } else { status };
                assert_eq!(response.status, told, "{api} from {provider}: {}", response.text());
                assert!(response.text().contains(&format!("status {status}")), "{}", response.text());
                let expected = match api {
                    "/v1/chat/completions" => openai,
                    "/v1/messages" => anthropic,
                    _ => "",
                };
                assert_eq!(
                    kind(api, &response).as_deref(),
                    Some(expected),
                    "{api} from {provider}: {}",
                    response.text()
                );
                assert_eq!(mesh.line(&response)["audit"]["attempts"][0]["outcome"], "failed");
                let id = if api == "/v1/messages" && !same { "request-id" } else { "x-request-id" };
                if provider == "openai" {
                    assert_eq!(response.header(id), "req_stand-in", "{api} from {provider}: {response:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_answer_of_the_providers_format_becomes_an_error_of_the_clients() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    for (status, content_type, body, told) in [
        (502, "text/html", "<html>nginx</html>", 502),
        (200, "text/html", "<html>login</html>", 502),
        (200, "application/json", "{\"choices\": [", 502),
        (302, "text/plain", "elsewhere", 502),
    ] {
        let say = Behaviour::Say { status, content_type: content_type.into(), parts: vec![body.into()] };
        for (_, provider) in MODELS {
            mesh.provider(provider).behave(say.clone());
        }
        for (api, model) in pairs() {
            // A provider that speaks the client's API is taken at its word.
            if status == 200 && speaks(model, api) {
                continue;
            }
            let response = mesh.send(&ask(api, model, false));
            assert_eq!(response.status, told, "{api} from {model}: {}", response.text());
            assert!(!response.json()["error"].is_null(), "{api} from {model}: {}", response.text());
            assert!(!response.text().contains("html"), "{}", response.text());
        }
    }
}

#[test]
fn a_body_that_is_too_large_to_be_translated_is_refused_before_it_goes_anywhere() {
    let mut policy = policy("three");
    for model in policy["spec"]["models"].as_array_mut().unwrap() {
        model["context"] = json!(100_000_000);
    }
    let mesh = Mesh::start(&policy).unwrap();
    let content = "lorem ipsum ".repeat((17 << 20) / 12);
    let body = |model| json!({"model": model, "messages": [{"role": "user", "content": content}]}).to_string();
    let response = mesh.send(&Request::post("/v1/chat/completions", body("claude")));
    assert_eq!((response.status, &response.json()["error"]["code"]), (413, &json!("request_too_large")));
    assert!(response.text().contains("16 MiB"), "{}", response.text());
    assert_eq!(mesh.line(&response)["audit"]["action"]["refuse"], "untranslatable");
    assert!(mesh.take_received().is_empty());
    assert_eq!(mesh.send(&Request::post("/v1/chat/completions", body("gpt"))).status, 200);
}

#[test]
fn a_long_answer_comes_whole() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let words = "lorem ipsum ".repeat((3 << 20) / 12);
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": words}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 12},
    });
    let answer = answer.to_string().into_bytes();
    let parts = answer.chunks(100_000).map(|part| part.to_vec().into()).collect();
    let say = Behaviour::Say { status: 200, content_type: "application/json".into(), parts };
    mesh.provider("anthropic").behave(say);
    let response = mesh.send(&ask("/v1/chat/completions", "claude", false));
    assert_eq!(response.status, 200, "{}", response.text().chars().take(300).collect::<String>());
    assert_eq!(text("/v1/chat/completions", &response.json()).len(), words.len());
}
