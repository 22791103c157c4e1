//! Answers that stream, translated as they come.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::mesh::Mesh;
use tests::standin::Behaviour;

use crate::policy;
use crate::translation::{APIS, MODELS, ask};

/// The documents of a streamed answer.
fn documents(response: &Response) -> Vec<Value> {
    let text = response.text();
    let data = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    data.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The words of a streamed answer in the format of an API.
fn words(api: &str, documents: &[Value]) -> String {
    let place = match api {
        "/v1/chat/completions" => "/choices/0/delta/content",
        "/v1/messages" => "/delta/text",
        _ => "/message/content",
    };
    documents.iter().filter_map(|document| document.pointer(place)?.as_str()).collect()
}

fn content_type(api: &str) -> &'static str {
    if api == "/api/chat" { "application/x-ndjson" } else { "text/event-stream; charset=utf-8" }
}

/// Whether a streamed answer in the format of an API says that it is over.
fn ends(api: &str, response: &Response) -> bool {
    let text = response.text();
    match api {
        "/v1/chat/completions" => text.ends_with("data: [DONE]\n\n"),
        "/v1/messages" => text.contains("event: message_stop"),
        _ => documents(response).last().is_some_and(|last| last["done"] == true),
    }
}

#[test]
fn every_client_gets_a_stream_from_every_provider_in_its_own_format() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    for api in APIS {
        for (model, provider) in MODELS {
            for request in [ask(api, model, true), ask(api, model, true).http2()] {
                let response = mesh.send(&request);
                assert_eq!(response.status, 200, "{api} from {provider}: {}", response.text());
                assert_eq!(response.header("content-type"), content_type(api));
                let told = words(api, &documents(&response)).to_ascii_lowercase();
                assert!(
                    told.contains(&format!("stand-in for {provider}")),
                    "{api} from {provider}: {}",
                    response.text()
                );
                assert!(ends(api, &response), "{api} from {provider}: {}", response.text());
                let audit = &mesh.line(&response)["audit"];
                let usage = &audit["usage"];
                assert_eq!(
                    (&usage["state"], &usage["input"], &usage["output"]),
                    (&json!("complete"), &json!(9), &json!(12)),
                    "{api} from {provider}: {audit:#}"
                );
                assert_eq!(audit["attempts"][0]["outcome"], "answered", "{audit:#}");
                assert!(audit["attempts"][0]["first_byte_micros"].is_u64(), "{audit:#}");
            }
        }
    }
}

#[test]
fn the_first_words_come_while_the_provider_holds_back_the_rest() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    for api in APIS {
        for (model, provider) in MODELS {
            // The first that OpenAI and Anthropic say has no words, and Ollama's clients know no event without.
            if api == "/api/chat" && provider != "ollama" {
                continue;
            }
            mesh.provider(provider).behave(Behaviour::Hold);
            let (request, address) = (ask(api, model, true), mesh.envoy.address());
            let (started, first) = std::sync::mpsc::channel();
            let client =
                std::thread::spawn(move || request.send_watched(address, move |_| started.send(()).unwrap_or(())));
            first.recv().unwrap_or_else(|_| panic!("{api} from {provider} ended without a word"));
            mesh.provider(provider).behave(Behaviour::Answer);
            let response = client.join().unwrap().unwrap();
            assert!(ends(api, &response), "{api} from {provider}: {}", response.text());
        }
    }
}

#[test]
fn usage_is_asked_for_and_spared_the_client_that_did_not_ask() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let chat = |options: Value| {
        let mut body = json!({"model": "gpt", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        if !options.is_null() {
            body["stream_options"] = options;
        }
        Request::post("/v1/chat/completions", body.to_string())
    };
    for (options, told) in
        [(Value::Null, false), (json!({"include_usage": false}), false), (json!({"include_usage": true}), true)]
    {
        let response = mesh.send(&chat(options));
        let received = mesh.provider("openai").take().remove(0);
        assert_eq!(received.json()["stream_options"]["include_usage"], true);
        assert_eq!(received.header("content-length"), received.body.len().to_string());
        let is_usage = |chunk: &Value| chunk["usage"].is_object();
        assert_eq!(documents(&response).iter().any(is_usage), told, "{}", response.text());
        assert!(ends("/v1/chat/completions", &response));
        assert_eq!(mesh.line(&response)["audit"]["usage"]["state"], "complete");
    }
}

#[test]
fn an_error_in_the_middle_of_a_stream_reaches_the_client_in_its_own_format() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let started = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n";
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"too busy\"}}\n\n";
    for last in [error, ""] {
        let parts = vec![started.into(), last.into()];
        let say = Behaviour::Say { status: 200, content_type: "text/event-stream".into(), parts };
        mesh.provider("anthropic").behave(say);
        for api in ["/v1/chat/completions", "/api/chat"] {
            let response = mesh.send(&ask(api, "claude", true));
            let told = documents(&response);
            let error = told.iter().find(|document| !document["error"].is_null());
            assert!(error.is_some(), "{api}: {}", response.text());
            assert!(last.is_empty() || response.text().contains("too busy"), "{api}: {}", response.text());
            assert!(!response.text().contains("finish_reason\":\"stop"), "{}", response.text());
            let audit = &mesh.line(&response)["audit"];
            assert_eq!(
                (&audit["usage"]["state"], &audit["cost"]),
                (&json!("partial"), &json!("usage-missing")),
                "{audit:#}"
            );
            assert_eq!(audit["attempts"][0]["outcome"], "broken-off");
        }
    }
}

#[test]
fn a_provider_that_breaks_off_breaks_the_clients_stream_off_and_what_is_known_stays() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let provider = mesh.provider("anthropic");
    provider.behave(Behaviour::Hold);
    let mut client = begin(&mesh, "claude");
    // What has come before the break must have left: where it all comes at once, Envoy looks at the break first.
    provider.behave(Behaviour::Reset);
    let rest = std::io::Read::read_to_end(&mut client, &mut Vec::new());
    let line = mesh.envoy.wait_for_access_log(|line| line["audit"]["attempts"][0]["outcome"] == "broken-off");
    assert!(rest.is_ok_and(|_| line["status"] == 200), "{line:#}");
    let usage = &line["audit"]["usage"];
    assert_eq!((&usage["state"], &usage["input"]), (&json!("partial"), &json!(9)), "{line:#}");
}

#[test]
fn a_client_that_leaves_in_the_middle_leaves_the_usage_so_far() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    for (model, provider, input) in [("claude", "anthropic", 9), ("gpt", "openai", 0)] {
        mesh.provider(provider).behave(Behaviour::Hold);
        let client = begin(&mesh, model);
        mesh.envoy.wait_for_stat(&format!("cluster.{provider}.upstream_cx_rx_bytes_total"), |bytes| bytes > 0);
        drop(client);
        let line = mesh.envoy.wait_for_access_log(|line| {
            line["flags"].as_str().is_some_and(|flags| flags.contains("DC"))
                && line["audit"]["attempts"][0]["provider"] == provider
        });
        let audit = &line["audit"];
        assert_eq!(audit["attempts"][0]["outcome"], "broken-off", "{audit:#}");
        let state = if input > 0 { "partial" } else { "missing" };
        assert_eq!((&audit["usage"]["state"], &audit["cost"]), (&json!(state), &json!("usage-missing")), "{audit:#}");
        assert_eq!(audit["usage"]["input"].as_u64().unwrap_or_default(), input);
    }
}

/// A client that has asked this model for a stream, and has read the first of it.
fn begin(mesh: &Mesh, model: &str) -> TcpStream {
    let mut client = TcpStream::connect(mesh.envoy.address()).unwrap();
    let body = json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    client.write_all((head + &body).as_bytes()).unwrap();
    std::io::Read::read_exact(&mut client, &mut [0; 1]).unwrap();
    client
}
