//! The resource that an Envoy gets: the configuration of the router filter, with a policy in it.
//!
//! What is the node's own, the path of the module and the names of its clusters, comes from the metadata of its bootstrap,
//! as `policymesh envoy render --mode control` writes it.

use envoy_types::pb::envoy::config::core::v3::{
    AsyncDataSource, BackoffStrategy, DataSource, TypedExtensionConfig, async_data_source, data_source,
};
use envoy_types::pb::envoy::config::rbac::v3::Rbac as Rules;
use envoy_types::pb::envoy::extensions::filters::http::rbac::v3::Rbac;
use envoy_types::pb::envoy::extensions::filters::http::wasm::v3::Wasm;
use envoy_types::pb::envoy::extensions::wasm::v3::{
    FailurePolicy, PluginConfig, ReloadConfig, VmConfig, plugin_config,
};
use envoy_types::pb::google::protobuf::{Any, BoolValue, Duration, StringValue};
use prost::{Message, Name};
use serde_json::{Value, json};

use crate::envoy::control_plane::{self, METADATA, module};
use crate::service::board::Release;
use crate::service::fleet::Identity;
use crate::service::time::now_us;

/// The name of our filter in each listener, and of our resource.
pub const NAME: &str = "policymesh";

/// The type of the resource.
pub const TYPE: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";

/// A resource for one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Tells these bytes from any others: `policy/number/hash`.
    pub version: String,
    /// The resource, encoded.
    pub bytes: Vec<u8>,
}

/// What tells resources of one version apart that are sent at different times: white space at the end of a configuration.
///
/// Envoy answers a resource that it refused before, and gets again unchanged, as if it took it. With this it looks anew.
#[derive(Clone, Debug)]
pub struct Salt(String);

/// What this release is for this node.
pub fn of(release: &Release, node: &Identity, salt: &Salt) -> Resource {
    let module = module(&node.metadata);
    let configuration = configuration(release, node);
    let version = control_plane::version(&release.policy, release.number, module, &configuration);
    Resource { version, bytes: extension(any(&wasm(module, configuration + &salt.0))) }
}

/// What its version is.
pub fn version(release: &Release, node: &Identity) -> String {
    control_plane::version(&release.policy, release.number, module(&node.metadata), &configuration(release, node))
}

/// The filter's configuration, with a policy and with what is the node's own.
pub fn configuration(release: &Release, node: &Identity) -> String {
    let clusters = own_clusters(node).filter(|clusters| clusters.is_array());
    let mut configuration = json!({"role": "router", "policy": *release.document});
    if let Some(fields) = configuration.as_object_mut() {
        fields.extend(clusters.map(|clusters| ("clusters".to_owned(), clusters.clone())));
        let shadow = release.shadow.as_ref();
        fields.extend(shadow.map(|shadow| ("shadow".to_owned(), shadow.document.to_string().into())));
    }
    configuration.to_string()
}

/// The clusters of the policy's providers that the node does not have, where it says which it has: why it refuses the policy, most
/// likely. Envoy tells the reason in its own log alone.
pub fn missing_clusters<'r>(release: &'r Release, node: &Identity) -> Vec<&'r str> {
    let Some(own) = own_clusters(node).and_then(Value::as_array) else { return Vec::new() };
    let providers = release.document.pointer("/spec/providers").and_then(Value::as_array).into_iter().flatten();
    let clusters = providers.filter_map(|provider| provider.get("cluster").and_then(Value::as_str));
    clusters.filter(|cluster| !own.iter().any(|own| own == cluster)).collect()
}

/// The names of its clusters, as a node tells them.
fn own_clusters(node: &Identity) -> Option<&Value> {
    node.metadata.get(METADATA)?.get("clusters")
}

/// What a node gets that no policy is for: an allow-list with nothing on it.
pub fn refusal() -> Resource {
    let nobody = Rbac { rules: Some(Rules::default()), ..Rbac::default() };
    Resource { version: "none".to_owned(), bytes: extension(any(&nobody)) }
}

fn extension(configuration: Any) -> Vec<u8> {
    TypedExtensionConfig { name: NAME.to_owned(), typed_config: Some(configuration) }.encode_to_vec()
}

/// The same as `policymesh envoy render` writes into a file.
fn wasm(module: &str, configuration: String) -> Wasm {
    let code = data_source::Specifier::Filename(module.to_owned());
    let code = DataSource { specifier: Some(code), ..DataSource::default() };
    let code = AsyncDataSource { specifier: Some(async_data_source::Specifier::Local(code)) };
    let backoff = BackoffStrategy { base_interval: Some(milliseconds(100)), max_interval: Some(milliseconds(1_000)) };
    let vm = VmConfig {
        vm_id: NAME.to_owned(),
        runtime: "envoy.wasm.runtime.v8".to_owned(),
        code: Some(code),
        ..VmConfig::default()
    };
    Wasm {
        config: Some(PluginConfig {
            name: "policymesh-router".to_owned(),
            configuration: Some(any(&StringValue { value: configuration })),
            failure_policy: FailurePolicy::FailReload.into(),
            reload_config: Some(ReloadConfig { backoff: Some(backoff) }),
            allow_on_headers_stop_iteration: Some(BoolValue { value: true }),
            vm: Some(plugin_config::Vm::VmConfig(vm)),
            ..PluginConfig::default()
        }),
    }
}

fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

fn milliseconds(count: i32) -> Duration {
    Duration { seconds: i64::from(count / 1_000), nanos: count % 1_000 * 1_000_000 }
}

// === impl Salt ===

impl Salt {
    /// One that was never used.
    pub fn new() -> Self {
        let mut random = [0; 8];
        // Without randomness the clock has to do.
        let bits = getrandom::fill(&mut random).map_or_else(|_| now_us(), |()| u64::from_ne_bytes(random));
        Self((0..u64::BITS).map(|bit| if bits >> bit & 1 == 0 { ' ' } else { '\t' }).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_version_names_the_policy_and_what_the_node_needs_but_not_the_time() {
        let release = Release {
            policy: "p".into(),
            number: 3,
            digest: "".into(),
            document: Arc::new(json!({"a": 1})),
            shadow: None,
        };
        let node = |module: &str| {
            let metadata = json!({"policymesh": {"module": module, "clusters": ["c"]}});
            Identity { metadata: metadata.as_object().unwrap().clone(), ..Identity::default() }
        };
        let of = |module| super::of(&release, &node(module), &Salt::new());
        let other = Release { number: 4, ..release.clone() };
        let beside = super::of(&release.beside(&Arc::new(other)), &node("m"), &Salt::new());
        assert!(beside.version.starts_with("p/3/") && beside.version != of("m").version);
        assert!(of("m").version.starts_with("p/3/"));
        assert_eq!(of("m").version, of("m").version);
        assert_ne!(of("m").bytes, of("m").bytes);
        assert_ne!(of("m").version, of("n").version);
    }
}
