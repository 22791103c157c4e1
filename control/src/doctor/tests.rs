use serde_json::{Value, json};

use super::*;

/// What Envoy would say about itself if it ran a shipped bootstrap.
struct Patient {
    bootstrap: Value,
    discovered: Value,
    version: &'static str,
    stats: &'static str,
}

const LISTENER: &str = "/static_resources/listeners/0";
const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const ROUTER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0";
const ROUTE: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0";
const OPENAI: &str = "/static_resources/clusters/1";
const OPTIONS: &str = "/static_resources/clusters/1/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

impl Patient {
    fn new(file: &str) -> Self {
        let shipped = |name: &str| -> Value {
            let path = format!("{}/../envoy/{name}", env!("CARGO_MANIFEST_DIR"));
            serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let discovered = json!([{"ecds_filter": shipped("filter.yaml")["resources"][0]}]);
        Self { bootstrap: shipped(file), discovered, version: "9e55/1.40.0/Clean/RELEASE/BoringSSL", stats: "" }
    }

    /// Sets what a pointer and a path below it lead to.
    fn with(mut self, pointer: &str, path: &str, value: Value) -> Self {
        let (parent, key) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = if parent.is_empty() { pointer.to_owned() } else { format!("{pointer}/{parent}") };
        let place = self.bootstrap.pointer_mut(&parent).unwrap_or_else(|| panic!("nothing at {parent}"));
        match place {
            Value::Array(items) => items.insert(key.parse().unwrap(), value),
            place => place[key] = value,
        }
        self
    }

    fn findings(&self) -> Vec<Finding> {
        let resources = &self.bootstrap["static_resources"];
        let each =
            |list: &Value, key: &str| list.as_array().unwrap().iter().map(|item| json!({key: item})).collect::<Value>();
        let dump = json!({"configs": [
            {"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": self.bootstrap},
            {"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "static_clusters": each(&resources["clusters"], "cluster")},
            {"@type": "type.googleapis.com/envoy.admin.v3.EcdsConfigDump", "ecds_filters": self.discovered},
            {"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump", "static_listeners": each(&resources["listeners"], "listener")},
        ]});
        examine(&Running::new(&json!({"version": self.version}), &dump, self.stats))
    }

    #[track_caller]
    fn suffers(&self, severity: Severity, complaint: &str) {
        let findings: Vec<_> =
            self.findings().iter().map(|found| (found.severity, format!("{}: {}", found.place, found.what))).collect();
        assert!(
            findings.iter().any(|(found, text)| *found == severity && text.contains(complaint)),
            "{complaint:?} is not among {findings:#?}"
        );
    }
}

#[test]
fn the_shipped_configurations_are_well() {
    for file in ["standalone.yaml", "ecds.yaml"] {
        assert_eq!(Patient::new(file).findings(), [], "{file}");
    }
}

#[test]
fn what_lets_requests_pass_unread_is_an_error() {
    let mirror = json!([{"cluster": "elsewhere"}]);
    let direct = json!({"cluster": "openai", "timeout": "0s"});
    let weighted =
        json!({"weighted_clusters": {"clusters": [{"name": "openai"}, {"name": "ollama"}]}, "timeout": "0s"});
    let by_header = json!({"cluster_header": "x-cluster", "timeout": "0s"});
    let key = "route/inline_cluster_specifier_plugin/extension/typed_config/cluster_matcher";
    let unguarded = json!({"name": "open", "filter_chains": [{"filters": [{"typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "route_config": {"virtual_hosts": [{"routes": [{"route": direct.clone()}]}]},
    }}]}]});
    let raw = json!({"name": "raw", "filter_chains": [{"filters": [{"typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "cluster": "anthropic",
    }}]}]});
    let cache = json!({"name": "envoy.filters.http.cache", "typed_config": {"@type": "x/envoy.extensions.filters.http.cache.v3.CacheConfig"}});
    let cases: [(&str, &str, Value, &str); 24] = [
        (
            ROUTER,
            "typed_config/config/allow_on_headers_stop_iteration",
            Value::Null,
            "filter `policymesh`: `allow_on_headers_stop_iteration` is not true",
        ),
        (ROUTER, "typed_config/config/failure_policy", json!("FAIL_OPEN"), "it fails open"),
        (ROUTER, "typed_config/config/fail_open", json!(true), "it fails open"),
        (ROUTER, "disabled", json!(true), "the filter is disabled"),
        (ROUTER, "typed_config/config/configuration/value/role", json!("none"), "Envoy: the filter is in no listener"),
        (MANAGER, "http_filters/0", cache, "filter `envoy.filters.http.cache` is a cache"),
        (ROUTE, "route", direct, "route 1: it names cluster `openai` itself"),
        (ROUTE, "route", weighted, "route 1: it names cluster `openai`, `ollama` itself"),
        (ROUTE, "route", by_header, "it takes the cluster from header `x-cluster`"),
        (
            ROUTE,
            &format!("{key}/matcher_tree/input/typed_config/key"),
            json!("envoy.string"),
            "does not choose by `wasm.policymesh_cluster`",
        ),
        (ROUTE, &format!("{key}/on_no_match"), json!({"action": {}}), "its cluster matcher has an `on_no_match`"),
        (
            ROUTE,
            &format!("{key}/matcher_tree/exact_match_map/map/ollama/action/typed_config/cluster"),
            json!("openai"),
            "what is decided for cluster `ollama` goes to `openai`",
        ),
        (ROUTE, "route/request_mirror_policies", mirror.clone(), "`request_mirror_policies` copies requests"),
        (
            ROUTE,
            "typed_per_filter_config",
            json!({"policymesh": {"disabled": true}}),
            "filter `policymesh` is disabled here",
        ),
        ("/static_resources", "listeners/1", unguarded, "listener `open`: it routes to provider cluster `openai`"),
        ("/static_resources", "listeners/1", raw, "listener `raw`: its connections go to provider cluster `anthropic`"),
        (OPENAI, "name", json!("other"), "its policy routes to cluster `openai`, which this Envoy does not have"),
        (
            OPTIONS,
            "http_filters/0/typed_config/config/configuration/value/role",
            json!("none"),
            "cluster `openai`: the filter is not among its `http_filters`",
        ),
        (
            OPTIONS,
            "http_filters/0/typed_config/config/allow_on_headers_stop_iteration",
            json!(false),
            "cluster `openai`, filter `policymesh`: `allow_on",
        ),
        (OPTIONS, "http_filters/1/typed_config/overwrite", json!(false), "`credential_injector` does not overwrite"),
        (OPTIONS, "upstream_http_protocol_options", json!({"auto_sni": true}), "`auto_sni` is set"),
        (OPTIONS, "request_mirror_policies", mirror, "cluster `openai`: `request_mirror_policies` copies requests"),
        (
            OPENAI,
            "transport_socket/typed_config/common_tls_context/validation_context",
            json!({}),
            "TLS checks no certificate",
        ),
        (
            OPENAI,
            "transport_socket/typed_config/common_tls_context/validation_context/match_typed_subject_alt_names",
            json!([]),
            "TLS checks no name",
        ),
    ];
    for (pointer, path, value, complaint) in cases {
        Patient::new("standalone.yaml").with(pointer, path, value).suffers(Severity::Error, complaint);
    }
}

#[test]
fn what_may_do_harm_is_a_warning() {
    let ext_proc = || json!({"name": "x", "typed_config": {"@type": "x/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor"}});
    let cases: [(&str, &str, Value, &str); 12] = [
        (ROUTER, "typed_config/config/failure_policy", Value::Null, "`failure_policy` is FAIL_CLOSED"),
        (ROUTER, "typed_config/config/vm_config/code", json!({"remote": {}}), "the module is fetched by Envoy"),
        (MANAGER, "http_filters/0", ext_proc(), "filter `x` is before ours"),
        (MANAGER, "http_filters/1", ext_proc(), "filter `x` is after ours"),
        (
            MANAGER,
            "early_header_mutation_extensions",
            json!([]),
            "the client from header `x-client-id`, and nothing here sets or removes it",
        ),
        (MANAGER, "access_log", json!([]), "no access log carries the audit record"),
        (ROUTE, "request_body_buffer_limit", json!(32768), "request bodies may have 1048576 bytes"),
        (ROUTE, "route/timeout", Value::Null, "its `timeout` is the default of 15s"),
        (ROUTE, "route/auto_host_rewrite", json!(true), "`auto_host_rewrite` changes the host"),
        (ROUTE, "route/timeout", json!("30s"), "its `timeout` is 30s"),
        (OPENAI, "circuit_breakers", Value::Null, "cluster `openai`: no more than 3 retries may be under way"),
        ("", "admin/address/socket_address/address", json!("0.0.0.0"), "admin: it listens on 0.0.0.0"),
    ];
    for (pointer, path, value, complaint) in cases {
        Patient::new("standalone.yaml").with(pointer, path, value).suffers(Severity::Warning, complaint);
    }
}

#[test]
fn a_buffer_too_small_for_an_agents_first_request_is_an_error_with_the_numbers() {
    let patient = Patient::new("standalone.yaml").with(ROUTE, "request_body_buffer_limit", json!("65536"));
    patient
        .with(LISTENER, "per_connection_buffer_limit_bytes", json!(32768))
        .suffers(Severity::Error, "request bodies may have 65536 bytes");
}

#[test]
fn an_old_envoy_is_an_error() {
    for (version, complaint) in [("a/1.34.1/Clean", "it is version 1.34"), ("a/1.36.4-dev/Clean", "it is version 1.36")]
    {
        Patient { version, ..Patient::new("standalone.yaml") }.suffers(Severity::Error, complaint);
    }
    Patient { version: "strange", ..Patient::new("standalone.yaml") }
        .suffers(Severity::Warning, "its version cannot be read");
}

#[test]
fn the_filters_own_failures_and_refused_updates_are_told() {
    let stats = "wasm.policymesh-router.vm_reload_success: 2\n\
                 extension_config_discovery.http_filter.policymesh.update_rejected: 1\n\
                 extension_config_discovery.http_filter.policymesh.update_attempt: 3\n\
                 cluster.openai.membership_total: 1\ncluster.ollama.membership_total: 2\n";
    let patient = Patient { stats, ..Patient::new("ecds.yaml") };
    let complaints = [
        "`wasm.policymesh-router.vm_reload_success` is 2",
        "1 of 3 updates were refused",
        "cluster `openai`: it has no host",
    ];
    complaints.iter().for_each(|complaint| patient.suffers(Severity::Warning, complaint));
    assert_eq!(patient.findings().len(), complaints.len());
}

#[test]
fn under_discovery_the_filter_must_have_arrived_and_its_default_must_refuse() {
    let open = json!({"@type": "x/envoy.extensions.filters.http.rbac.v3.RBAC"});
    Patient::new("ecds.yaml")
        .with(ROUTER, "config_discovery/default_config", open)
        .suffers(Severity::Error, "`default_config` is a RBAC that does not refuse");
    Patient { discovered: json!([]), ..Patient::new("ecds.yaml") }
        .suffers(Severity::Error, "ECDS has not delivered a configuration");
    let mut remote = Patient::new("ecds.yaml");
    remote.discovered[0]["ecds_filter"]["typed_config"]["config"]["vm_config"]["code"] = json!({"remote": {}});
    remote.suffers(Severity::Error, "(`code.remote`) under ECDS");
}

#[test]
fn a_configuration_written_as_text_or_in_a_typed_struct_is_read_too() {
    let wasm = Patient::new("standalone.yaml").bootstrap.pointer(&format!("{ROUTER}/typed_config")).unwrap().clone();
    let ours = wasm["config"]["configuration"]["value"].to_string();
    let as_text = json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": ours});
    let patient = Patient::new("standalone.yaml").with(ROUTER, "typed_config/config/configuration", as_text);
    assert_eq!(patient.findings(), []);
    let wrapped =
        json!({"@type": "type.googleapis.com/udpa.type.v1.TypedStruct", "type_url": wasm["@type"], "value": wasm});
    assert_eq!(Patient::new("standalone.yaml").with(ROUTER, "typed_config", wrapped).findings(), []);
}
