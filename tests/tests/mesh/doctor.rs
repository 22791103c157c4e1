//! The doctor, asked about real Envoys that were broken in one way each.

use std::process::Command;

use serde_json::{Value, json};
use tests::envoy::Starter;
use tests::mesh::{Delivery, Mesh};
use tests::place;

use crate::policy;

const LISTENER: &str = "/static_resources/listeners/0";
const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const FILTER: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
const HOST: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0";
const CLUSTER: &str = "/static_resources/clusters/0";
const OPTIONS: &str = "/static_resources/clusters/0/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// One way to break a bootstrap, and what the doctor says of it.
struct Harm {
    complaint: &'static str,
    does: fn(&mut Value),
}

const HARMS: [Harm; 12] = [
    Harm {
        complaint: "`allow_on_headers_stop_iteration` is not true",
        does: |envoy| remove(envoy, FILTER, "allow_on_headers_stop_iteration"),
    },
    Harm { complaint: "it fails open", does: |envoy| at(envoy, FILTER)["failure_policy"] = json!("FAIL_OPEN") },
    Harm {
        complaint: "request bodies may have 32768 bytes",
        does: |envoy| {
            at(envoy, LISTENER)["per_connection_buffer_limit_bytes"] = json!(32768);
            remove(envoy, &format!("{HOST}/routes/0"), "request_body_buffer_limit");
        },
    },
    Harm {
        complaint: "its policy routes to cluster `cloud`, which this Envoy does not have",
        does: |envoy| at(envoy, CLUSTER)["name"] = json!("clowd"),
    },
    Harm {
        complaint: "it names cluster `cloud` itself",
        does: |envoy| {
            let past = json!({"match": {"prefix": "/v1/embeddings"}, "route": {"cluster": "cloud", "timeout": "0s"}});
            push_front(envoy, &format!("{HOST}/routes"), past);
        },
    },
    Harm {
        complaint: "it takes the cluster from header `x-cluster`",
        does: |envoy| {
            at(envoy, &format!("{HOST}/routes/0"))["route"] = json!({"cluster_header": "x-cluster", "timeout": "0s"})
        },
    },
    Harm {
        complaint: "`request_mirror_policies` copies requests",
        does: |envoy| {
            at(envoy, &format!("{HOST}/routes/0/route"))["request_mirror_policies"] = json!([{"cluster": "local"}])
        },
    },
    Harm {
        complaint: "filter `policymesh` is disabled here",
        does: |envoy| {
            let config = json!({"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": true});
            at(envoy, &format!("{HOST}/routes/0"))["typed_per_filter_config"] = json!({"policymesh": config});
        },
    },
    Harm {
        complaint: "filter `envoy.filters.http.cache` is a cache",
        does: |envoy| {
            let store = "type.googleapis.com/envoy.extensions.http.cache.simple_http_cache.v3.SimpleHttpCacheConfig";
            let kind = "type.googleapis.com/envoy.extensions.filters.http.cache.v3.CacheConfig";
            let config = json!({"@type": kind, "typed_config": {"@type": store}});
            let filter = json!({"name": "envoy.filters.http.cache", "typed_config": config});
            push_front(envoy, &format!("{MANAGER}/http_filters"), filter);
        },
    },
    Harm {
        complaint: "cluster `cloud`: the filter is not among its `http_filters`",
        does: |envoy| drop(at(envoy, &format!("{OPTIONS}/http_filters")).as_array_mut().unwrap().remove(0)),
    },
    Harm {
        complaint: "cluster `cloud`: `credential_injector` does not overwrite",
        does: |envoy| remove(envoy, &format!("{OPTIONS}/http_filters/1/typed_config"), "overwrite"),
    },
    Harm {
        complaint: "cluster `cloud`: no more than 3 retries may be under way",
        does: |envoy| remove(envoy, CLUSTER, "circuit_breakers"),
    },
];

#[test]
fn the_doctor_says_what_is_wrong_with_an_envoy_that_was_broken() {
    let missed: Vec<String> = HARMS.iter().filter_map(missed).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_rendered_envoy() {
    for delivery in [Delivery::Static, Delivery::Ecds] {
        let mesh = Mesh::start_with(&policy("lock"), delivery, |starter| starter).unwrap();
        let (fine, told) = ask_doctor(&mesh);
        assert!(fine, "{delivery:?}: {told}");
        assert!(told.contains("all is well"), "{delivery:?}: {told}");
    }
}

/// What the doctor says, if it is not that this harm was done.
fn missed(harm: &Harm) -> Option<String> {
    let broken = |starter: Starter| {
        starter.change(|mut bootstrap| {
            (harm.does)(bootstrap.document());
            bootstrap
        })
    };
    let mesh = match Mesh::start_with(&policy("lock"), Delivery::Static, broken) {
        Ok(mesh) => mesh,
        Err(error) => return Some(format!("{}: Envoy does not start: {error:#}", harm.complaint)),
    };
    let (_, told) = ask_doctor(&mesh);
    (!told.contains(harm.complaint)).then(|| format!("not `{}`, but:\n{told}", harm.complaint))
}

/// Whether it found no error, and all that it said.
fn ask_doctor(mesh: &Mesh) -> (bool, String) {
    let address = format!("http://{}", mesh.envoy.admin());
    let output = Command::new(place::policymesh()).args(["doctor", &address]).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn at<'a>(envoy: &'a mut Value, pointer: &str) -> &'a mut Value {
    envoy.pointer_mut(pointer).unwrap_or_else(|| panic!("the bootstrap has no {pointer}"))
}

fn remove(envoy: &mut Value, pointer: &str, field: &str) {
    let removed = at(envoy, pointer).as_object_mut().unwrap().remove(field);
    assert!(removed.is_some(), "{pointer} has no `{field}`");
}

fn push_front(envoy: &mut Value, pointer: &str, item: Value) {
    at(envoy, pointer).as_array_mut().unwrap().insert(0, item);
}
