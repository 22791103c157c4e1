//! What Envoy answers where no provider does: in the format of the client's API, whatever the reason.

use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::envoy::Bootstrap;
use tests::mesh::{Delivery, FILTER, Mesh};
use tests::standin::Behaviour;

use crate::policy;
use crate::translation::{APIS, ask};

/// The answer is an error as clients of the API know it.
fn assert_shape(api: &str, response: &Response) {
    let body = response.json();
    assert_eq!(response.header("content-type"), "application/json", "{api}: {response:?}");
    match api {
        "/api/chat" => assert!(body["error"].is_string(), "{body}"),
        "/v1/messages" => assert!(body["type"] == "error" && body["error"]["type"].is_string(), "{body}"),
        _ => assert!(body["error"]["message"].is_string() && body["error"]["code"].is_string(), "{body}"),
    }
}

#[test]
fn a_provider_that_cannot_be_reached_is_told_in_the_clients_format() {
    let mut mesh = Mesh::start(&policy("three")).unwrap();
    mesh.providers.clear();
    for api in APIS {
        let response = mesh.send(&ask(api, "gpt", true));
        assert_eq!(response.status, 503, "{}", response.text());
        assert_shape(api, &response);
        let audit = &mesh.line(&response)["audit"];
        assert_eq!(
            (&audit["attempts"][0]["outcome"], &audit["usage"]),
            (&json!("no-answer"), &Value::Null),
            "{audit:#}"
        );
    }
}

#[test]
fn a_provider_that_does_not_answer_in_time_is_told_in_the_clients_format() {
    let in_time = |mut bootstrap: Bootstrap| {
        let route = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0/route";
        bootstrap.document().pointer_mut(route).unwrap()["timeout"] = json!("0.3s");
        bootstrap
    };
    let mesh = Mesh::start_with(&policy("three"), Delivery::Static, |starter| starter.change(in_time)).unwrap();
    mesh.provider("openai").behave(Behaviour::Hang);
    for api in APIS {
        let response = mesh.send(&ask(api, "gpt", false));
        assert_eq!(response.status, 504, "{}", response.text());
        assert_shape(api, &response);
    }
}

#[test]
fn a_cluster_that_is_full_is_told_in_the_clients_format() {
    let full = |mut bootstrap: Bootstrap| {
        for cluster in bootstrap.document()["static_resources"]["clusters"].as_array_mut().unwrap() {
            cluster["circuit_breakers"]["thresholds"][0]["max_requests"] = json!(0);
        }
        bootstrap
    };
    let mesh = Mesh::start_with(&policy("three"), Delivery::Static, |starter| starter.change(full)).unwrap();
    for api in APIS {
        let response = mesh.send(&ask(api, "gpt", false));
        assert_eq!(response.status, 503, "{}", response.text());
        assert_shape(api, &response);
    }
    assert!(mesh.take_received().is_empty());
}

#[test]
fn without_any_good_policy_clients_are_told_in_their_format() {
    let break_it = |starter: tests::envoy::Starter| {
        let file = starter.folder().join(FILTER);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("kind: Policy", "kind: Polizei")).unwrap();
        starter
    };
    let mesh = Mesh::start_with(&policy("three"), Delivery::Ecds, break_it).unwrap();
    for api in APIS {
        let response = mesh.send(&ask(api, "gpt", false));
        assert_eq!(response.status, 403, "{response:?}");
        assert_shape(api, &response);
    }
    assert!(mesh.take_received().is_empty());
}

#[test]
fn an_upgrade_that_envoy_refuses_is_told_in_the_clients_format() {
    let mesh = Mesh::start(&policy("three")).unwrap();
    let request = Request::new("GET", "/v1/realtime?model=gpt").header("connection", "upgrade");
    let response = mesh.send(&request.header("upgrade", "websocket").header("sec-websocket-version", "13"));
    assert_eq!(
        (response.status, &response.json()["error"]["code"]),
        (403, &json!("gateway_unavailable")),
        "{response:?}"
    );
}
