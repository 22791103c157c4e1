//! The Istio manifests: no field that Istio or Envoy does not know, and an Envoy that takes what comes of them.
//!
//! Istio drops fields that it does not know without a word, so nothing but a strict check finds a mistyped one. Here the
//! patches are applied to a proxy as Istio configures it, and the real Envoy, which refuses unknown fields, validates it.

mod envelope;
mod proxy;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tests::envoy::{Bootstrap, Starter};
use tests::place::{filter_module, repository};

use proxy::Proxy;

/// A manifest, and the proxy that it patches.
struct Manifest {
    name: &'static str,
    listener_port: u16,
    clusters: [&'static str; 2],
}

const MANIFESTS: [Manifest; 3] = [
    Manifest { name: "ingress-gateway.yaml", listener_port: 80, clusters: OUTBOUND },
    Manifest { name: "sidecar-egress.yaml", listener_port: 8700, clusters: OUTBOUND },
    Manifest {
        name: "waypoint.yaml",
        listener_port: 80,
        clusters: ["inbound-vip|11434|http|ollama.models.svc.cluster.local", "inbound-vip|80|http|api.openai.com"],
    },
];
const OUTBOUND: [&str; 2] = ["outbound|11434||ollama.models.svc.cluster.local", "outbound|80||api.openai.com"];

#[test]
fn the_manifests_have_no_field_that_istio_does_not_know() {
    let mut wrong = Vec::new();
    for manifest in &MANIFESTS {
        for document in manifest.documents() {
            wrong.extend(envelope::check(&document).into_iter().map(|problem| format!("{}: {problem}", manifest.name)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_field_that_istio_does_not_know_is_found() {
    let document = |spec: Value| json!({"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"name": "x"}, "spec": spec});
    let cases = [
        (json!({"workloadSelektor": {}}), "spec.workloadSelektor: unknown field"),
        (
            json!({"configPatches": [{"applyTo": "HTTP_FILTERS"}]}),
            "spec.configPatches[0].applyTo: `HTTP_FILTERS` is none of",
        ),
        (
            json!({"configPatches": [{"match": {"listener": {"port": 80}}}]}),
            "spec.configPatches[0].match.listener.port: unknown field",
        ),
        (json!({"configPatches": {}}), "spec.configPatches: not a list"),
        (json!({"priority": "high"}), "spec.priority: not a number"),
    ];
    for (spec, problem) in cases {
        let found = envelope::check(&document(spec));
        assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
    }
}

#[test]
fn envoy_takes_the_patches_as_istio_delivers_them() {
    for manifest in &MANIFESTS {
        let proxy = manifest.patched();
        validate(proxy.as_delivered(&filter_file())).unwrap_or_else(|reason| panic!("{}: {reason}", manifest.name));
    }
}

#[test]
fn envoy_takes_the_filter_with_its_policy_as_the_agent_hands_it_on() {
    for manifest in &MANIFESTS {
        let proxy = manifest.patched();
        validate(proxy.with_extensions(filter_module())).unwrap_or_else(|reason| panic!("{}: {reason}", manifest.name));
    }
}

#[test]
fn failover_goes_on_top_of_each() {
    let failover = documents("failover.yaml").remove(0);
    assert!(envelope::check(&failover).is_empty(), "{:#?}", envelope::check(&failover));
    for manifest in &MANIFESTS {
        let mut proxy = manifest.patched();
        proxy.apply(&failover);
        let envoy = proxy.as_delivered(&filter_file());
        validate(envoy.clone()).unwrap_or_else(|reason| panic!("{}: {reason}", manifest.name));
        assert!(envoy.to_string().contains("refresh_cluster_on_retry"), "{}", manifest.name);
        let mut wrong = failover.clone();
        wrong["spec"]["configPatches"][0]["patch"]["value"]["route"]["retry_policy"]["no_such_field"] = json!(1);
        proxy.apply(&wrong);
        assert!(validate(proxy.as_delivered(&filter_file())).unwrap_err().contains("no_such_field"));
    }
}

#[test]
fn a_field_that_envoy_does_not_know_is_found_in_every_patch() {
    for manifest in &MANIFESTS {
        let patches = manifest.filter()["spec"]["configPatches"].as_array().unwrap().len();
        for place in 0..patches {
            let mut filter = manifest.filter();
            let value = &mut filter["spec"]["configPatches"][place]["patch"]["value"];
            // A message of Envoy's own, deep enough that nothing but Envoy can know its fields.
            proxy::innermost_message(value)["no_such_field"] = json!(1);
            let extends = filter["spec"]["configPatches"][place]["applyTo"] == "EXTENSION_CONFIG";
            let proxy = manifest.patched_by(&filter);
            let reason = validate(if extends {
                proxy.with_extensions(filter_module())
            } else {
                proxy.as_delivered(&filter_file())
            })
            .unwrap_err();
            assert!(reason.contains("no_such_field"), "{}, patch {place}: {reason}", manifest.name);
        }
    }
}

impl Manifest {
    fn documents(&self) -> Vec<Value> {
        documents(self.name)
    }

    fn filter(&self) -> Value {
        self.documents().into_iter().find(|document| document["kind"] == "EnvoyFilter").unwrap()
    }

    fn patched(&self) -> Proxy {
        self.patched_by(&self.filter())
    }

    fn patched_by(&self, filter: &Value) -> Proxy {
        let mut proxy = Proxy::new(self.listener_port, &self.clusters);
        proxy.apply(filter);
        proxy
    }
}

fn documents(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(repository().join("envoy/istio").join(name)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

fn filter_file() -> PathBuf {
    repository().join("envoy/filter.yaml")
}

fn validate(bootstrap: Value) -> Result<(), String> {
    let keys = repository().join("envoy/keys");
    let bootstrap = Bootstrap::parse_as_is(&bootstrap.to_string()).map_err(|reason| reason.to_string())?;
    let bootstrap = bootstrap.replacing("/etc/policymesh/keys", &keys.display().to_string());
    let starter = Starter::new().map_err(|reason| reason.to_string())?;
    starter.variable("OPENAI_API_KEY", "none").bootstrap(bootstrap).validate().map_err(|reason| format!("{reason:#}"))
}
