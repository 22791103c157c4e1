//! Who asks: a header that only an authentication filter before ours may set.

use serde_json::{Value, json};
use tests::client::Request;
use tests::envoy::{Bootstrap, Starter};
use tests::mesh::{Delivery, Mesh};

use crate::policy;

/// A policy in which research may ask what it likes, and nobody else may ask anything.
fn for_research() -> Value {
    let mut policy = policy("lock");
    policy["spec"]["identity"] = json!({"header": "x-client-id"});
    let asked = json!({"route": {"models": ["$asked"]}});
    policy["spec"]["rules"] = json!([
        {"name": "research", "match": {"client": ["research"]}, "action": asked},
        {"name": "nobody else", "action": {"deny": {"message": "ask for access"}}},
    ]);
    policy
}

/// Two clients, told apart by their keys, as Envoy's own filter does it.
fn with_keys(mut bootstrap: Bootstrap) -> Bootstrap {
    let filter = json!({
        "name": "envoy.filters.http.api_key_auth",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
            "credentials": [{"key": "key-of-research", "client": "research"}, {"key": "key-of-sales", "client": "sales"}],
            "key_sources": [{"header": "authorization"}],
            "forwarding": {"header": "x-client-id", "hide_credentials": true},
        },
    });
    let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let filters = bootstrap.document().pointer_mut(filters).and_then(Value::as_array_mut).unwrap();
    filters.insert(0, filter);
    bootstrap
}

#[test]
fn a_client_is_who_its_key_says_and_not_who_it_says() {
    let starting = |starter: Starter| starter.change(with_keys);
    let mesh = Mesh::start_with(&for_research(), Delivery::Static, starting).unwrap();
    let ask = |key: &str| Request::chat("auto", "hello").header("authorization", format!("Bearer {key}"));

    let response = mesh.send(&ask("key-of-research"));
    assert_eq!(response.status, 200, "{}", response.text());
    let record = mesh.line(&response)["audit"].take();
    assert_eq!((&record["rule"], &record["facts"]["client"]), (&json!("research"), &json!({"named": "research"})));
    let (provider, received) = mesh.take_received().remove(0);
    assert_eq!(provider, "cloud");
    assert!(!received.contains("key-of-research") && !received.contains("x-client-id"), "{received:?}");

    for forged in [ask("key-of-sales").header("x-client-id", "research"), ask("key-of-sales")] {
        let response = mesh.send(&forged);
        assert_eq!((response.status, response.header("x-should-retry").as_str()), (403, "false"));
        let record = mesh.line(&response)["audit"].take();
        assert_eq!(record["rule"], "nobody else", "{record:#}");
        // The policy does not name this client, so the record has a digest in its place.
        assert!(!record.to_string().contains("sales"), "{record:#}");
    }
    for unknown in [ask("key-of-nobody"), Request::chat("auto", "hello").header("x-client-id", "research")] {
        assert_eq!(mesh.send(&unknown.header("x-client-id", "research")).status, 401);
    }
    assert!(mesh.take_received().is_empty());
}

#[test]
fn without_an_authentication_filter_nobody_is_anybody() {
    let mesh = Mesh::start(&for_research()).unwrap();
    let response = mesh.send(&Request::chat("auto", "hello").header("x-client-id", "research"));
    assert_eq!(response.status, 403, "{}", response.text());
    let record = mesh.line(&response)["audit"].take();
    assert_eq!((&record["rule"], &record["facts"]["client"]), (&json!("nobody else"), &Value::Null));
    assert!(mesh.take_received().is_empty());
}
