//! The whole bootstrap.

use super::{Delivery, Mesh, cluster, control_plane, listener, stats};
use crate::yaml::{Node, list, map};

/// The bootstrap of an Envoy that does nothing else.
pub fn bootstrap(mesh: &Mesh) -> Node {
    let clusters = mesh.clusters().map(|upstream| {
        let comment = format!(
            "Provider {}. Every attempt passes the adapter, which refuses what was not decided for this cluster.",
            upstream.provider
        );
        cluster::cluster(mesh, upstream).comment(&comment)
    });
    let (node, control) = match &mesh.delivery {
        Delivery::Control { addresses, identity, tls } => {
            (control_plane::node(mesh, identity), Some(control_plane::cluster(addresses, tls.as_ref())))
        }
        Delivery::Ecds { identity, .. } => (control_plane::node(mesh, identity), None),
        Delivery::Static => (map! { "id" => "policymesh", "cluster" => "policymesh" }, None),
    };
    let resources = map! {
        "listeners" => list![listener::listener(mesh)],
        "clusters" => Node::list(clusters.chain(control).collect()),
    };
    let secrets = cluster::secrets(mesh);
    let resources = if secrets.is_empty() { resources } else { resources.with("secrets", Node::list(secrets)) };
    map! {
        "node" => node,
        "admin" => map! { "address" => &mesh.admin }.comment("Whoever reaches this can stop Envoy: keep it on loopback."),
        "static_resources" => resources,
        "stats_config" => stats::stats_config().comment("Makes labels of the parts of a metric's name, for /stats/prometheus."),
        "overload_manager" => overload_manager(),
    }
}

/// Connections cost memory before any request is read.
fn overload_manager() -> Node {
    let connections = map! {
        "name" => "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            "max_active_downstream_connections" => 50_000,
        },
    };
    map! { "resource_monitors" => list![connections] }
}
