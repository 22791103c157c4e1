//! The shipped Envoy configuration in a real Envoy, and what the doctor says of it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tests::envoy::{Bootstrap, Envoy, Starter};
use tests::mesh::{Delivery, Mesh, Rendering};
use tests::place::{filter_module, policymesh, repository};

#[test]
fn envoy_takes_the_shipped_files_as_they_are() {
    let filter = Bootstrap::parse_as_is(&shipped("filter.yaml")).unwrap().with_module(filter_module());
    for name in ["standalone.yaml", "ecds.yaml"] {
        let starter = Starter::new().unwrap();
        let delivered = starter.folder().join("filter.yaml");
        fs::write(&delivered, filter.to_string()).unwrap();
        let keys = repository().join("envoy/keys");
        let bootstrap = Bootstrap::parse_as_is(&shipped(name)).unwrap().with_module(filter_module());
        let bootstrap = bootstrap.replacing("/etc/policymesh/keys", &keys.display().to_string());
        let bootstrap = match name {
            "ecds.yaml" => bootstrap.replacing("/etc/policymesh/filter.yaml", &delivered.display().to_string()),
            _ => bootstrap,
        };
        let starter = starter.variable("OPENAI_API_KEY", "none").variable("ANTHROPIC_API_KEY", "none");
        starter.bootstrap(bootstrap).validate().unwrap_or_else(|reason| panic!("{name}: {reason:#}"));
    }
}

#[test]
fn envoy_takes_what_is_rendered_for_each_example() {
    for (name, key) in [("azure.yaml", Some("azure")), ("vllm.yaml", None)] {
        let policy = repository().join("envoy/examples").join(name);
        let rendering = Rendering::of(&policy);
        let rendering = key.into_iter().fold(rendering, |rendering, provider| rendering.key(provider, "SOME_KEY"));
        let bootstrap = Bootstrap::parse(&rendering.text("static").unwrap()).unwrap();
        let starter = Starter::new().unwrap().variable("SOME_KEY", "none").bootstrap(bootstrap);
        starter.validate().unwrap_or_else(|reason| panic!("{name}: {reason:#}"));
    }
}

#[test]
fn the_doctor_finds_nothing_wrong_with_what_is_rendered() {
    for delivery in [Delivery::Static, Delivery::Ecds] {
        let mesh = Mesh::start_with(&policy(), delivery, |starter| starter).unwrap();
        assert_eq!(doctor(&mesh.envoy), (true, json!([])), "{delivery:?}");
    }
}

#[test]
fn the_doctor_finds_what_would_let_requests_pass_unread() {
    let spoil = |mut bootstrap: Bootstrap| {
        let listener = &mut bootstrap.document()["static_resources"]["listeners"][0];
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        manager["http_filters"][0]["typed_config"]["config"]["failure_policy"] = json!("FAIL_OPEN");
        let routes = manager["route_config"]["virtual_hosts"][0]["routes"].as_array_mut().unwrap();
        routes[0]["request_body_buffer_limit"] = Value::Null;
        let past = json!({"match": {"prefix": "/past"}, "route": {"cluster": "openai", "request_mirror_policies": [{"cluster": "ollama"}]}});
        routes.insert(0, past);
        bootstrap
    };
    let mesh = Mesh::start_with(&policy(), Delivery::Static, |starter| starter.change(spoil)).unwrap();
    let (well, findings) = doctor(&mesh.envoy);
    assert!(!well);
    let told: Vec<&str> = findings.as_array().unwrap().iter().filter_map(|finding| finding["what"].as_str()).collect();
    for complaint in [
        "it fails open",
        "it names cluster `openai` itself",
        "`request_mirror_policies` copies requests",
        "its `timeout` is the default of 15s",
        "request bodies may have 1048576 bytes",
    ] {
        assert!(told.contains(&complaint), "{complaint:?} is not among {told:#?}");
    }
}

fn shipped(name: &str) -> String {
    fs::read_to_string(repository().join("envoy").join(name)).unwrap()
}

fn policy() -> Value {
    serde_saphyr::from_str(&shipped("policy.yaml")).unwrap()
}

/// Whether the doctor is content with an Envoy, and what it finds.
fn doctor(envoy: &Envoy) -> (bool, Value) {
    let output = Command::new(policymesh()).args(["doctor", "--json", &envoy.admin().to_string()]).output().unwrap();
    let findings = serde_json::from_slice(&output.stdout);
    (output.status.success(), findings.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}
