//! How an Envoy is told of the control service: where its policies come from and where its audit records go.

mod tls;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Mesh;
use crate::chain::Hash;
use crate::yaml::{Node, list, map};

pub use tls::{Certificate, Tls};

/// The key of what we say of a node in its metadata.
pub const METADATA: &str = "policymesh";

/// Where the module is on a node that does not say.
pub const MODULE: &str = "/etc/policymesh/filter.wasm";

/// The cluster that leads to the control service.
const CLUSTER: &str = "policymesh-control";

/// Who an Envoy is to the control service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id, which no other Envoy has.
    pub id: String,
    /// Its cluster: Envoys that are alike.
    pub cluster: String,
}

/// Where the control service takes Envoys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

/// Where the router filter's configuration comes from.
pub fn source() -> Node {
    let source = map! {
        "api_config_source" => map! {
            "api_type" => "GRPC",
            "transport_api_version" => "V3",
            "grpc_services" => list![service()],
            "set_node_on_first_message_only" => true,
        },
        "resource_api_version" => "V3",
        "initial_fetch_timeout" => "5s",
    };
    source.comment(
        "The control service. When it is away the last policy stays in force, and an Envoy that starts then refuses\n\
         everything until it is back.",
    )
}

/// The access log that takes the audit records to the control service.
pub fn access_log() -> Node {
    map! {
        "name" => "envoy.access_loggers.http_grpc",
        "filter" => map! { "log_type_filter" => map! { "types" => list!["DownstreamEnd"] } },
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
            "common_config" => map! {
                "log_name" => "policymesh",
                "transport_api_version" => "V3",
                "grpc_service" => service(),
                "buffer_flush_interval" => "0.2s",
                "filter_state_objects_to_log" => list!["wasm.policymesh_audit"],
            },
        },
    }
    .comment(
        "The audit records, at once, to the control service. Envoy drops what it cannot send: the file is the copy that\n\
         `policymesh collect` fills gaps from.",
    )
}

/// The cluster of the control service, whose replicas take Envoys at these addresses.
pub fn cluster(addresses: &[Address], tls: Option<&Tls>) -> Node {
    let hosts = addresses.iter().map(|address| address.host.as_str()).collect::<BTreeSet<_>>();
    let kind = if hosts.iter().any(|host| host.parse::<std::net::IpAddr>().is_err()) { "STRICT_DNS" } else { "STATIC" };
    map! {
        "name" => CLUSTER,
        "type" => kind,
        "connect_timeout" => "1s",
        "load_assignment" => map! {
            "cluster_name" => CLUSTER,
            "endpoints" => list![map! { "lb_endpoints" => Node::list(addresses.iter().map(endpoint).collect()) }],
        },
        "typed_extension_protocol_options" => map! {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions" => map! {
                "@type" => "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config" => map! { "http2_protocol_options" => map! {
                    "connection_keepalive" => map! { "interval" => "30s", "timeout" => "10s" },
                } },
            },
        },
    }
    .with_some("transport_socket", tls.map(|tls| tls::socket(tls, &hosts)))
    .comment("The control service. No request of a client gets here: the route does not name it.")
}

/// The node, with what the control service must know to configure its filter.
pub fn node(mesh: &Mesh, identity: &Identity) -> Node {
    let clusters = mesh.clusters().map(|upstream| Node::from(upstream.cluster.as_str())).collect();
    let own = map! { "module" => mesh.module.as_str(), "clusters" => Node::list(clusters) };
    map! {
        "id" => identity.id.as_str(),
        "cluster" => identity.cluster.as_str(),
        "metadata" => map! { METADATA => own.comment("What the control service must know to configure the filter.") },
    }
}

/// Where the module is on the node with these metadata.
pub fn module(metadata: &Map<String, Value>) -> &str {
    metadata.get(METADATA).and_then(|own| own.get("module")).and_then(Value::as_str).unwrap_or(MODULE)
}

/// What tells a configuration of the filter from any other: `policy/number/hash`.
pub fn version(policy: &str, number: u64, module: &str, configuration: &str) -> String {
    let hash = Hash::of(format!("{module}\n{configuration}")).to_string();
    format!("{policy}/{number}/{}", hash.get(..16).unwrap_or_default())
}

/// The hash in such a version: where it is the same, so is what Envoy gets, whatever the number.
pub fn hash_of(version: &str) -> &str {
    version.rsplit_once('/').map_or(version, |(_, hash)| hash)
}

fn endpoint(address: &Address) -> Node {
    let Address { host, port } = address;
    let socket = map! { "socket_address" => map! { "address" => host.as_str(), "port_value" => *port } };
    map! { "endpoint" => map! { "address" => socket } }
}

fn service() -> Node {
    map! { "envoy_grpc" => map! { "cluster_name" => CLUSTER } }
}

// === impl Address ===

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("`{text}` is no HOST:PORT"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| format!("`{port}` is no port"))?;
        if host.is_empty() || port == 0 {
            return Err(format!("`{text}` is no HOST:PORT"));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}
