//! The filter `policymesh` in its two roles, as Envoy is told of it.

use super::{Delivery, Mesh, control_plane};
use crate::yaml::{Node, list, map};

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";

/// The name of the router filter, in the listener and in ECDS.
const NAME: &str = "policymesh";

/// The router filter of the listener.
pub fn router(mesh: &Mesh) -> Node {
    match &mesh.delivery {
        Delivery::Static => {
            map! { "name" => NAME, "typed_config" => wasm(&mesh.module, "policymesh-router", structure(router_configuration(mesh))) }
        }
        Delivery::Ecds { file, .. } => map! { "name" => NAME, "config_discovery" => discovery(file_source(file)) },
        Delivery::Control { .. } => map! { "name" => NAME, "config_discovery" => discovery(control_plane::source()) },
    }
}

/// The adapter filter of a provider's cluster. It is the same for all: what a policy decides comes with each request.
pub fn adapter(mesh: &Mesh) -> Node {
    let comment = "In its role as adapter. What it needs to know about a request comes with the request.";
    map! { "name" => NAME, "typed_config" => wasm(&mesh.module, "policymesh-adapter", structure(map! { "role" => "adapter" })) }
        .comment(comment)
}

/// The answer to a discovery request that Envoy's file subscription reads.
pub fn resource(mesh: &Mesh) -> Node {
    discovered(&mesh.policy_version, wasm(&mesh.module, "policymesh-router", structure(router_configuration(mesh))))
}

/// The same for a configuration that came from the control service: to the byte what came.
pub fn delivered(version: &str, module: &str, configuration: &str) -> Node {
    let text = map! { "@type" => "type.googleapis.com/google.protobuf.StringValue", "value" => configuration };
    discovered(version, wasm(module, "policymesh-router", text))
}

fn discovered(version: &str, filter: Node) -> Node {
    let extension = map! {
        "@type" => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name" => NAME,
        "typed_config" => filter,
    };
    map! { "version_info" => version, "resources" => list![extension] }
}

fn structure(configuration: Node) -> Node {
    map! { "@type" => "type.googleapis.com/google.protobuf.Struct", "value" => configuration }
}

fn file_source(file: &str) -> Node {
    let source = map! { "path_config_source" => map! { "path" => file }, "resource_api_version" => "V3" };
    source.comment(
        "Replace the file by moving a new one over it: Envoy does not notice a file that is written in place.\n\
         A policy with errors is refused, they are in Envoy's log, and the old one stays. `policymesh bundle pull`\n\
         and `policymesh collect --policy-file` keep here what the control service has for this node.",
    )
}

fn discovery(source: Node) -> Node {
    map! {
        "config_source" => source,
        "type_urls" => list![WASM, RBAC],
        "default_config" => map! { "@type" => RBAC, "rules" => map! { "action" => "ALLOW" } }
            .comment("Until there is a policy: refuse everything. An allow-list with nothing on it."),
    }
}

fn router_configuration(mesh: &Mesh) -> Node {
    let clusters = mesh.clusters().map(|upstream| Node::from(upstream.cluster.as_str())).collect();
    map! {
        "role" => "router",
        "clusters" => Node::list(clusters).comment("The clusters of this Envoy: a policy that names another is refused."),
        "policy" => mesh.policy.clone(),
    }
}

fn wasm(module: &str, name: &str, configuration: Node) -> Node {
    let code = map! { "local" => map! { "filename" => module } };
    map! {
        "@type" => WASM,
        "config" => map! {
            "name" => name,
            "allow_on_headers_stop_iteration" => Node::from(true)
                .comment("Holds the headers until the body is read. Without it no request body ever reaches the filter."),
            "failure_policy" => Node::from("FAIL_RELOAD")
                .comment("A trap fails the request, never lets it pass; the filter is started anew for the next ones."),
            "reload_config" => map! { "backoff" => map! { "base_interval" => "0.1s", "max_interval" => "1s" } },
            "vm_config" => map! {
                // Router and adapter share their code on each worker; the same id and the same module make it so.
                "vm_id" => "policymesh",
                "runtime" => "envoy.wasm.runtime.v8",
                "code" => code.comment("A changed module needs a changed name: Envoy compares the configuration, not the file."),
            },
            "configuration" => configuration,
        },
    }
}
