//! A proxy as Istio configures it, as far as the manifests patch it, and what Istio's patches do to it.

use std::path::Path;

use serde_json::{Value, json};

const HCM: &str = "envoy.filters.network.http_connection_manager";
const TYPED_OPTIONS: &str = "typed_extension_protocol_options";

/// The configuration of a proxy.
pub struct Proxy {
    port: u64,
    listener: Value,
    clusters: Vec<Value>,
    extensions: Vec<Value>,
}

impl Proxy {
    /// A proxy with a listener whose one route, named `models`, leads to the first of the clusters.
    pub fn new(port: u16, clusters: &[&str]) -> Self {
        let route =
            json!({"name": "models", "match": {"prefix": "/"}, "route": {"cluster": clusters[0], "timeout": "0s"}});
        let manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "istio",
            "route_config": {"name": "istio", "virtual_hosts": [{"name": "models", "domains": ["*"], "routes": [route]}]},
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
        });
        Self {
            port: port.into(),
            listener: json!({
                "name": format!("0.0.0.0_{port}"),
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
                "filter_chains": [{"filters": [{"name": HCM, "typed_config": manager}]}],
            }),
            clusters: clusters.iter().map(|name| cluster(name)).collect(),
            extensions: Vec::new(),
        }
    }

    /// Applies the patches of an EnvoyFilter. One that applies to nothing is a mistake.
    pub fn apply(&mut self, filter: &Value) {
        for (place, patch) in filter["spec"]["configPatches"].as_array().unwrap().iter().enumerate() {
            let applied = self.apply_one(patch["applyTo"].as_str().unwrap(), &patch["match"], &patch["patch"]);
            assert!(applied, "patch {place} applies to nothing");
        }
    }

    fn apply_one(&mut self, target: &str, matched: &Value, patch: &Value) -> bool {
        let (operation, value) = (patch["operation"].as_str().unwrap(), &patch["value"]);
        let listens = matched["listener"]["portNumber"].as_u64().is_none_or(|port| port == self.port);
        match (target, operation) {
            ("EXTENSION_CONFIG", "ADD") => self.extensions.push(value.clone()),
            ("LISTENER", "MERGE") if listens => merge(&mut self.listener, value),
            ("NETWORK_FILTER", "MERGE") if listens => {
                merge(&mut self.listener["filter_chains"][0]["filters"][0], value)
            }
            ("HTTP_FILTER", "INSERT_BEFORE") if listens => {
                let before = &matched["listener"]["filterChain"]["filter"]["subFilter"]["name"];
                let filters = self.manager()["http_filters"].as_array_mut().unwrap();
                let Some(place) = filters.iter().position(|filter| filter["name"] == *before) else { return false };
                filters.insert(place, value.clone());
            }
            ("HTTP_ROUTE", "MERGE") => {
                let route = &mut self.manager()["route_config"]["virtual_hosts"][0]["routes"][0];
                let named = &matched["routeConfiguration"]["vhost"]["route"]["name"];
                if !named.is_null() && *named != route["name"] {
                    return false;
                }
                merge(route, value);
            }
            ("CLUSTER", "MERGE") => {
                let of = &matched["cluster"];
                let name = of["name"].as_str().map_or_else(
                    || format!("outbound|{}||{}", of["portNumber"], of["service"].as_str().unwrap()),
                    str::to_owned,
                );
                let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster["name"] == *name) else {
                    return false;
                };
                merge(cluster, value);
            }
            _ => return false,
        }
        true
    }

    /// The bootstrap of a proxy that gets its extensions from Istio. In the place of Istio's stream is a file, because Envoy
    /// crashes when it is to validate a filter that comes by that stream.
    pub fn as_delivered(&self, extensions: &Path) -> Value {
        let mut bootstrap = self.bootstrap();
        each(&mut bootstrap, |place| {
            if place.get("ads").is_some() {
                let fields = place.as_object_mut().unwrap();
                fields.remove("ads");
                fields.insert("path_config_source".into(), json!({"path": extensions}));
            }
        });
        bootstrap
    }

    fn bootstrap(&self) -> Value {
        json!({
            "node": {"id": "istio", "cluster": "istio"},
            "static_resources": {"listeners": [self.listener], "clusters": self.clusters},
        })
    }

    /// The same once the extensions have come, and the agent has put the module where Envoy finds it.
    pub fn with_extensions(&self, module: &Path) -> Value {
        let mut bootstrap = self.bootstrap();
        each(&mut bootstrap, |place| {
            if place.get("config_discovery").is_some() {
                *place = self.extension(&place["name"], module);
            }
        });
        bootstrap
    }

    fn extension(&self, name: &Value, module: &Path) -> Value {
        let extension = self.extensions.iter().find(|extension| extension["name"] == *name);
        let mut extension = extension.unwrap_or_else(|| panic!("nothing delivers {name}")).clone();
        let code = &mut extension["typed_config"]["config"]["vm_config"]["code"];
        assert!(code["remote"]["http_uri"]["uri"].as_str().unwrap().starts_with("oci://"));
        *code = json!({"local": {"filename": module}});
        extension
    }

    fn manager(&mut self) -> &mut Value {
        &mut self.listener["filter_chains"][0]["filters"][0]["typed_config"]
    }
}

/// The innermost typed message of a patch, or the patch itself.
pub fn innermost_message(value: &mut Value) -> &mut Value {
    fn depth(value: &Value) -> usize {
        let children: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(fields) => fields.values().collect(),
            _ => return 0,
        };
        let below = children.into_iter().map(depth).max().unwrap_or(0);
        let counts =
            value["@type"].as_str().is_some_and(|kind| !kind.starts_with("type.googleapis.com/google.protobuf"));
        if counts { below + 1 } else { below }
    }
    let mut place = value;
    loop {
        let own = place["@type"].as_str().is_some_and(|kind| !kind.starts_with("type.googleapis.com/google.protobuf"));
        let here = depth(place);
        if here == usize::from(own) && (own || here == 0) {
            return place;
        }
        place = match place {
            Value::Array(items) => items.iter_mut().max_by_key(|item| depth(item)).unwrap(),
            Value::Object(fields) => fields.values_mut().max_by_key(|field| depth(field)).unwrap(),
            _ => unreachable!("a scalar has no depth"),
        };
    }
}

fn cluster(name: &str) -> Value {
    json!({
        "name": name, "type": "STATIC", "connect_timeout": "10s",
        TYPED_OPTIONS: {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
        }},
        "load_assignment": {"cluster_name": name, "endpoints": []},
    })
}

fn each(document: &mut Value, change: impl Fn(&mut Value)) {
    let mut places = vec![document];
    while let Some(place) = places.pop() {
        change(place);
        match place {
            Value::Array(items) => places.extend(items),
            Value::Object(fields) => places.extend(fields.values_mut()),
            _ => {}
        }
    }
}

/// Merges as protobuf does: fields into fields, lists after lists, one choice in the place of another.
fn merge(into: &mut Value, from: &Value) {
    const CLUSTER_CHOICES: [&str; 4] =
        ["cluster", "cluster_header", "weighted_clusters", "inline_cluster_specifier_plugin"];
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            if CLUSTER_CHOICES.iter().any(|choice| from.contains_key(*choice)) {
                into.retain(|field, _| !CLUSTER_CHOICES.contains(&field.as_str()));
            }
            for (field, value) in from {
                match into.get_mut(field) {
                    // What is in a map of packed messages is replaced as a whole.
                    Some(known) if field != TYPED_OPTIONS => merge(known, value),
                    _ => drop(into.insert(field.clone(), value.clone())),
                }
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => *into = from.clone(),
    }
}
