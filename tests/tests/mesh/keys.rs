//! Whose key reaches whom, in which header, and by which path.

use std::fs;

use serde_json::{Value, json};
use tests::client::Request;
use tests::envoy::{Bootstrap, Starter, replace_file};
use tests::mesh::{Mesh, Rendering, key};
use tests::standin::{Behaviour, Shape, StandIn};
use tests::waiting::eventually;

use crate::policy;

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut policy = policy("three");
    change(&mut policy["spec"]["providers"][1]);
    policy
}

#[test]
fn a_server_in_azures_way_gets_its_path_and_its_key_as_it_wants_them() {
    let policy = with(|openai| {
        openai["path"] = json!("/openai/deployments/{model}/{operation}?api-version=2024-10-21");
        openai["key"] = json!({"header": "api-key"});
    });
    let mesh = Mesh::start(&policy).unwrap();
    mesh.provider("openai").behave(Behaviour::Fail(400));
    for (path, body) in [("/v1/chat/completions?api-version=2023-05-15", "messages"), ("/v1/messages", "messages")] {
        let body = json!({"model": "gpt", "max_tokens": 9, body: [{"role": "user", "content": "hi"}]});
        mesh.send(&Request::post(path, body.to_string()).header("api-key", "of-the-client"));
        let received = mesh.provider("openai").take().remove(0);
        assert_eq!(received.path, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
        assert_eq!((received.header("api-key"), received.header("authorization")), (key("openai"), String::new()));
    }
}

#[test]
fn a_client_sends_its_own_key_only_where_the_policy_says_so() {
    let policy = with(|openai| openai["key"] = json!("client"));
    let mesh = Mesh::start(&policy).unwrap();
    let body = |model: &str| json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in [("authorization", "Bearer sk-mine"), ("x-api-key", "sk-mine")] {
        let send = |model: &str| mesh.send(&Request::post("/v1/messages", body(model).to_string()).header(name, value));
        let response = send("gpt");
        let received = mesh.provider("openai").take().remove(0);
        assert_eq!(
            (received.header("authorization"), received.header("x-api-key")),
            ("Bearer sk-mine".into(), String::new())
        );
        assert!(!mesh.line(&response).to_string().contains("sk-mine"));
        send("claude");
        let received = mesh.provider("anthropic").take().remove(0);
        assert!(!received.contains("sk-mine") && received.header("x-api-key") == key("anthropic"), "{received:?}");
    }
    mesh.send(&Request::post("/v1/messages", body("gpt").to_string()));
    assert_eq!(mesh.provider("openai").take().remove(0).header("authorization"), "");
    assert!(!mesh.envoy.output().contains("sk-mine"));
}

#[test]
fn a_key_is_replaced_while_envoy_runs() {
    let secret = |value: &str| {
        let secret = json!({"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            "name": "openai-key", "generic_secret": {"secret": {"inline_string": value}}});
        json!({"resources": [secret]}).to_string()
    };
    let (starter, standin) = (Starter::new().unwrap(), StandIn::start(Shape::OpenAi).unwrap());
    let (file, written) = (starter.folder().join("openai.yaml"), starter.folder().join("policy.json"));
    fs::write(&file, secret("first")).unwrap();
    fs::write(&written, policy("three").to_string()).unwrap();
    let rendering = Rendering::of(&written).endpoint("openai", &format!("http://{}", standin.address()));
    let rendering = rendering.option("--key", format!("openai={}", file.display()));
    let envoy = starter.bootstrap(Bootstrap::parse(&rendering.text("static").unwrap()).unwrap()).start().unwrap();
    let sent = || {
        Request::chat("gpt", "hi").send(envoy.address()).unwrap();
        standin.take().remove(0).header("authorization")
    };
    assert_eq!(sent(), "Bearer first");
    replace_file(&file, &secret("second")).unwrap();
    assert!(eventually(|| (sent() == "Bearer second").then_some(())).is_some(), "{}", sent());
}

#[test]
fn quirks_of_a_server_are_what_the_policy_says() {
    let policy = with(|openai| openai["quirks"] = json!({"limit": "max_tokens", "stream_usage": false}));
    let mesh = Mesh::start(&policy).unwrap();
    for (path, field) in [("/v1/messages", "max_tokens"), ("/v1/chat/completions", "max_completion_tokens")] {
        let body = json!({"model": "gpt", field: 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        assert_eq!(mesh.send(&Request::post(path, body.to_string())).status, 200);
        let received = mesh.provider("openai").take().remove(0);
        assert!(!received.contains("include_usage"), "{received:?}");
        // A body in the server's own format is the client's business.
        assert_eq!(received.json()[field], 9, "{received:?}");
    }
}
