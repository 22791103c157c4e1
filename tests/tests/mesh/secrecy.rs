//! No content is kept: texts planted in requests are looked for wherever something is written.

use serde_json::json;
use tests::client::Request;
use tests::mesh::{Delivery, Mesh};

use crate::policy;

/// A text that occurs nowhere else, and that means something to no detector.
const CANARY: &str = "qzvxcanary";

#[test]
fn no_text_of_a_client_is_in_any_log_stat_record_or_error() {
    let mesh = Mesh::start_with(&policy("lock"), Delivery::Ecds, |starter| starter).unwrap();
    let mut told = vec![];
    for (index, request) in requests().into_iter().enumerate() {
        for request in [request.clone(), request.http2()] {
            let response = mesh.send(&request);
            // A provider may repeat what it was sent; what Policy Mesh and Envoy say themselves may not.
            let from_provider = mesh.line(&response)["details"] == "via_upstream";
            let headers = format!("{:?}", response.headers);
            told.push((format!("headers of answer {index}"), headers));
            told.push((format!("answer {index}"), if from_provider { String::new() } else { response.text() }));
        }
    }
    for page in
        ["/stats?usedonly", "/stats/prometheus", "/config_dump?include_eds", "/clusters", "/listeners", "/memory"]
    {
        told.push((page.to_owned(), mesh.envoy.ask_admin(page).unwrap().text()));
    }
    told.push(("Envoy's log".to_owned(), mesh.envoy.log()));
    for line in mesh.envoy.access_log() {
        told.push(("the access log".to_owned(), line.to_string()));
    }
    let found = told.iter().filter(|(_, text)| text.to_ascii_lowercase().contains(CANARY));
    let found: Vec<_> = found.map(|(place, text)| format!("{place}: {text}")).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Requests of all kinds and fates, with the canary in every place that a client fills.
fn requests() -> Vec<Request> {
    let chat = |content: &str| json!({"model": "auto", "messages": [{"role": "user", "content": content}]});
    let post = |path: &str, body: String| Request::post(path, body);
    let path = format!("/{CANARY}/v1/chat/completions?{CANARY}={CANARY}");
    let everywhere = json!({
        "model": "auto", "user": CANARY, CANARY: [{CANARY: CANARY}], "metadata": {CANARY: CANARY}, "stop": CANARY,
        "messages": [{"role": "user", "name": CANARY, "content": [{"type": CANARY, CANARY: CANARY}]}],
        "tools": [{"type": "function", "function": {"name": CANARY, "description": CANARY, "parameters": {CANARY: CANARY}}}],
    });
    let in_headers = |request: Request| {
        let names = [
            "x-note",
            "authorization",
            "cookie",
            "user-agent",
            "referer",
            "x-client-id",
            "x-request-id",
            "openai-beta",
        ];
        let names =
            names.into_iter().chain(["traceparent", "tracestate", "x-policymesh-decision-id", "x-forwarded-for"]);
        names.fold(request, |request, name| request.header(name, CANARY)).header(&format!("x-{CANARY}"), CANARY)
    };
    vec![
        // Sent on, to the cloud and to the local model.
        post("/v1/chat/completions", chat(CANARY).to_string()),
        post("/v1/chat/completions", chat(&format!("Bluebird {CANARY}")).to_string()),
        in_headers(post(&path, everywhere.to_string())),
        post("/v1/chat/completions", chat("hello").to_string()).trailer("x-note", CANARY),
        // Found by detectors.
        post("/v1/chat/completions", chat(&format!("password = {CANARY}9Xk2 and {CANARY}@example.com")).to_string()),
        // Refused by the policy, or before it is asked.
        post("/v1/chat/completions", json!({"model": CANARY, "messages": []}).to_string()),
        post(&format!("/{CANARY}"), chat(CANARY).to_string()),
        Request::new("GET", &format!("/{CANARY}?{CANARY}")),
        post("/v1/chat/completions", format!(r#"{{"{CANARY}": 1, "{CANARY}": 2}}"#)),
        // Not readable.
        post("/v1/chat/completions", format!("{CANARY} {{")),
        post("/v1/chat/completions", format!(r#"{{"model": "auto", "messages": "{CANARY}"#)),
        post("/v1/chat/completions", chat(CANARY).to_string()).header("content-encoding", CANARY),
        Request::new("POST", "/v1/chat/completions").header("content-type", CANARY).body(CANARY),
        post("/v1/messages", json!({"model": CANARY, "messages": [{"role": CANARY}]}).to_string()),
        post("/api/chat", json!({"model": CANARY, "messages": [{"role": CANARY}]}).to_string()),
    ]
}
