//! The cluster of a provider.

use super::upstream::{Key, Upstream};
use super::{Mesh, filter};
use crate::yaml::{Node, list, map};
use policy::catalogue::Endpoint;
use policy::config::KeyHeader;

const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The cluster that leads to one provider, with the filters that each attempt passes.
pub fn cluster(mesh: &Mesh, upstream: &Upstream) -> Node {
    let endpoint = &upstream.endpoint;
    let cluster = map! {
        "name" => upstream.cluster.as_str(),
        "type" => if upstream.ip().is_some() { "STATIC" } else { "STRICT_DNS" },
        "connect_timeout" => "5s",
        "circuit_breakers" => map! { "thresholds" => list![breakers()] }
            .comment("The defaults would be reached by a burst of slow answers, and three retries at a time by any outage."),
        "outlier_detection" => outliers(),
        "load_assignment" => assignment(upstream),
    };
    cluster
        .with_some("transport_socket", endpoint.tls.then(|| tls(mesh, &endpoint.host)))
        .with("typed_extension_protocol_options", map! { OPTIONS => protocol_options(mesh, upstream) })
}

/// The secrets that the clusters name.
pub fn secrets(mesh: &Mesh) -> Vec<Node> {
    let secret = |upstream: &Upstream| match &upstream.key {
        Some(Key::Environment(variable)) => Some(map! {
            "name" => secret_name(upstream),
            "generic_secret" => map! { "secret" => map! { "environment_variable" => variable.as_str() } },
        }),
        Some(Key::Sds(_)) | None => None,
    };
    mesh.clusters().filter_map(secret).collect()
}

fn breakers() -> Node {
    map! {
        "max_connections" => 10_000,
        "max_pending_requests" => 10_000,
        "max_requests" => 10_000,
        "max_retries" => 10_000,
    }
}

/// A provider that cannot be reached is left alone for a while, so that requests go on without waiting for it. What it
/// answers counts for nothing: a failure that is told costs no time.
fn outliers() -> Node {
    let node = map! {
        "split_external_local_origin_errors" => true,
        "consecutive_local_origin_failure" => 5,
        "enforcing_consecutive_5xx" => 0,
        "enforcing_success_rate" => 0,
        "enforcing_local_origin_success_rate" => 0,
        "interval" => "1s",
        "base_ejection_time" => "5s",
        "max_ejection_time" => "30s",
        "max_ejection_percent" => 100,
        "always_eject_one_host" => true,
    };
    node.comment(
        "Not to wait again and again for a provider that cannot be reached. What it answers does not count here.",
    )
}

fn assignment(upstream: &Upstream) -> Node {
    let Endpoint { host, port, .. } = &upstream.endpoint;
    let at = |host: &str, port: u16| {
        let address = map! { "socket_address" => map! { "address" => host, "port_value" => port } };
        list![map! { "endpoint" => map! { "address" => address } }]
    };
    let guard = map! { "priority" => 1, "lb_endpoints" => at("127.0.0.1", 1) }.comment(
        "Where nobody listens: without a host (its name does not resolve, or it is left alone) Envoy would answer at once,\n\
         and not try the next candidate.",
    );
    let endpoints = list![map! { "lb_endpoints" => at(host, *port) }, guard];
    map! { "cluster_name" => upstream.cluster.as_str(), "endpoints" => endpoints }
}

/// TLS with a fixed name: `auto_sni` would take the name that the client sent.
fn tls(mesh: &Mesh, host: &str) -> Node {
    let name = map! { "san_type" => "DNS", "matcher" => map! { "exact" => host } };
    let validation = map! {
        "trusted_ca" => map! { "filename" => mesh.authorities.as_str() },
        "match_typed_subject_alt_names" => list![name],
    };
    map! {
        "name" => "envoy.transport_sockets.tls",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni" => host,
            "common_tls_context" => map! {
                "tls_params" => map! { "tls_minimum_protocol_version" => "TLSv1_2" },
                "validation_context" => validation,
            },
        },
    }
}

fn protocol_options(mesh: &Mesh, upstream: &Upstream) -> Node {
    let options = map! {
        "@type" => format!("type.googleapis.com/{OPTIONS}"),
        "common_http_protocol_options" => map! { "idle_timeout" => "300s" },
    };
    let options = if upstream.endpoint.tls {
        options.with("auto_config", map! { "http_protocol_options" => map! {}, "http2_protocol_options" => http2() })
    } else {
        options.with("explicit_http_config", map! { "http_protocol_options" => map! {} })
    };
    options.with("http_filters", http_filters(mesh, upstream))
}

/// Notices a connection that died while a model was silent.
fn http2() -> Node {
    map! { "connection_keepalive" => map! { "interval" => "30s", "timeout" => "10s" } }
}

fn http_filters(mesh: &Mesh, upstream: &Upstream) -> Node {
    let mut filters = vec![filter::adapter(mesh)];
    filters.extend(upstream.key.as_ref().map(|key| injector(upstream, key)));
    filters.push(map! {
        "name" => "envoy.filters.http.upstream_codec",
        "typed_config" => map! { "@type" => "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
    });
    Node::list(filters)
}

fn injector(upstream: &Upstream, key: &Key) -> Node {
    let reference = map! { "name" => secret_name(upstream) };
    let reference = match key {
        Key::Environment(_) => reference,
        Key::Sds(file) => reference.with(
            "sds_config",
            map! { "path_config_source" => map! { "path" => file.as_str() }, "resource_api_version" => "V3" },
        ),
    };
    let generic = map! {
        "@type" => "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
        "credential" => reference,
    };
    let KeyHeader { header, prefix } = &upstream.key_header;
    let prefix = Some(prefix.as_str()).filter(|prefix| !prefix.is_empty());
    let generic = generic.with("header", header.as_str()).with_some("header_value_prefix", prefix.map(Node::from));
    map! {
        "name" => "envoy.filters.http.credential_injector",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
            "overwrite" => Node::from(true).comment("Without it a key that is there already, the client's or another provider's, would be sent on."),
            "credential" => map! { "name" => "envoy.http.injected_credentials.generic", "typed_config" => generic },
        },
    }
}

fn secret_name(upstream: &Upstream) -> String {
    format!("{}-key", upstream.provider)
}
