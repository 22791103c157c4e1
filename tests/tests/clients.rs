//! Real clients through a real Envoy.

use std::fs;

use serde_json::Value;
use tests::mesh::{Mesh, key};
use tests::{place, python};

#[test]
fn the_openai_sdk_works_through_the_mesh() {
    let policy = fs::read_to_string(place::repository().join("envoy/policy.yaml")).unwrap();
    let policy: Value = serde_saphyr::from_str(&policy).unwrap();
    let mesh = Mesh::start(&policy).unwrap();
    let address = format!("http://{}/v1", mesh.envoy.address());
    let printed =
        python::run("openai_sdk.py", &[("OPENAI_BASE_URL", &address)]).unwrap_or_else(|error| panic!("{error}"));
    assert!(printed.contains("OK"), "{printed}");
    for (provider, received) in mesh.take_received() {
        assert!(!received.contains("key-of-the-client"), "{provider} received the client's key: {received:?}");
        assert!(!received.contains("AKIAQ3EGUBZJ5XPKW7ML"), "{provider} received the secret: {received:?}");
        if provider == "openai" {
            assert_eq!(received.header("authorization"), format!("Bearer {}", key(&provider)));
        }
    }
}
