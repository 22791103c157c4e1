//! The mesh in containers, as far as it can be held against what it names without a Docker engine.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tests::place;

/// The fields of a service that are used, <https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>.
const FIELDS: [&str; 9] =
    ["build", "command", "depends_on", "healthcheck", "network_mode", "ports", "restart", "volumes", "environment"];

fn read(name: &str) -> String {
    fs::read_to_string(place::repository().join(name)).unwrap()
}

fn compose() -> Value {
    serde_saphyr::from_str(&read("docker-compose.yml")).unwrap()
}

/// What follows this instruction, line by line.
fn instructions(name: &str) -> Vec<String> {
    let begin = format!("{name} ");
    read("Dockerfile").lines().filter_map(|line| line.strip_prefix(&begin)).map(str::to_owned).collect()
}

#[test]
fn everything_that_the_services_name_is_there() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    let stages: BTreeSet<_> =
        instructions("FROM").iter().map(|from| from.rsplit_once(" AS ").unwrap().1.to_owned()).collect();
    for (name, service) in services {
        for field in service.as_object().unwrap().keys() {
            assert!(FIELDS.contains(&field.as_str()), "{name}.{field}");
        }
        let target = service["build"]["target"].as_str().unwrap();
        assert!(stages.contains(target), "{name}: the Dockerfile has no stage `{target}`");
        if let Some(shared) = service["network_mode"].as_str() {
            let other = shared.strip_prefix("service:").unwrap();
            assert!(services.contains_key(other), "{name}: there is no service `{other}`");
            assert!(service["ports"].is_null(), "{name}: ports are published by whom the network belongs to");
        }
        for other in service["depends_on"].as_object().into_iter().flatten().map(|(other, _)| other) {
            assert!(services.contains_key(other) && services[other]["healthcheck"].is_object(), "{name}: {other}");
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let (volume, _) = volume.as_str().unwrap().split_once(':').unwrap();
            assert!(compose["volumes"].get(volume).is_some(), "{name}: there is no volume `{volume}`");
        }
    }
}

#[test]
fn what_the_services_are_told_is_what_their_programs_take() {
    for service in compose()["services"].as_object().unwrap().values() {
        let words = service["command"].as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
        let words: Vec<_> = words.collect();
        if service["build"]["target"] == "policymesh" {
            // With `--help` the command line is read, and nothing is done.
            let output = Command::new(place::policymesh()).args(&words).arg("--help").output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn the_configuration_is_rendered_as_the_image_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = |text: &str| text.replace("/etc/policymesh", &folder.path().display().to_string());
    fs::copy(place::repository().join("envoy/policy.yaml"), folder.path().join("policy.yaml")).unwrap();
    fs::copy(place::filter_module(), folder.path().join("filter.wasm")).unwrap();
    let render = instructions("RUN").into_iter().find(|line| line.contains("envoy render")).unwrap();
    let words: Vec<_> = render.split_whitespace().skip(1).map(here).collect();
    let output = Command::new(place::policymesh()).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rendered = fs::read_to_string(folder.path().join("envoy.yaml")).unwrap();
    let told = &compose()["services"]["providers"]["command"];
    for provider in told.as_array().unwrap() {
        let (_, port) = provider.as_str().unwrap().split_once('=').unwrap();
        assert!(rendered.contains(&format!("port_value: {port}")), "{provider}: {rendered}");
    }
    assert!(rendered.contains("port_value: 10000"), "{rendered}");
}
