//! The listener that clients connect to.

use super::{Mesh, Version, access_log, filter, local_reply};
use crate::yaml::{Node, list, map};

/// The largest request body that Envoy holds, in bytes: above the filter's own limit of 32 MiB, so that the filter
/// answers what is too large, in the format of the client's API.
const BODY_LIMIT: u64 = 40 << 20;

/// The listener with its one route.
pub fn listener(mesh: &Mesh) -> Node {
    map! {
        "name" => "policymesh",
        "address" => &mesh.listen,
        "per_connection_buffer_limit_bytes" => 1_048_576,
        "filter_chains" => list![map! { "filters" => list![map! {
            "name" => "envoy.filters.network.http_connection_manager",
            "typed_config" => connection_manager(mesh),
        }] }],
    }
}

fn connection_manager(mesh: &Mesh) -> Node {
    let manager = map! {
        "@type" => "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix" => "policymesh",
        "use_remote_address" => Node::from(true).comment("Take nobody's word for where a request comes from."),
        "normalize_path" => true,
        "early_header_mutation_extensions" => list![early_header_mutation(mesh)],
    };
    manager
        .with("access_log", access_log::access_logs(mesh))
        .with("local_reply_config", local_reply::local_reply())
        .with("common_http_protocol_options", map! { "idle_timeout" => "3600s", "headers_with_underscores_action" => "DROP_HEADER" })
        .with("http2_protocol_options", map! {
            "max_concurrent_streams" => 100,
            "initial_stream_window_size" => 1_048_576,
            "initial_connection_window_size" => 16_777_216,
        })
        .with("request_headers_timeout", Node::from("10s").comment("Bodies and answers may take long, headers may not."))
        .with("stream_idle_timeout", Node::from("600s").comment("A model may think this long between two pieces of its answer."))
        .with("http_filters", http_filters(mesh))
        .with("route_config", map! {
            "name" => "policymesh",
            "virtual_hosts" => list![map! { "name" => "models", "domains" => list!["*"], "routes" => list![route(mesh)] }],
        })
}

/// Removes what clients must not say, before anything looks at it.
fn early_header_mutation(mesh: &Mesh) -> Node {
    let by_prefix = |prefix: &str| map! { "remove_on_match" => map! { "key_matcher" => map! { "prefix" => prefix } } };
    let mut mutations = vec![
        by_prefix("x-policymesh-").comment("Ours: from a client they are forged."),
        by_prefix("x-envoy-").comment("Envoy's own: retries, timeouts and attempts are not the client's to choose."),
    ];
    if let Some(header) = &mesh.identity_header {
        let comment = "Names the client: only an authentication filter before ours may set it.";
        mutations.push(map! { "remove" => header.as_str() }.comment(comment));
    }
    map! {
        "name" => "envoy.http.early_header_mutation.header_mutation",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            "mutations" => Node::list(mutations),
        },
    }
}

fn http_filters(mesh: &Mesh) -> Node {
    let router = map! {
        "name" => "envoy.filters.http.router",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers" => Node::from(true).comment("No x-envoy-* header goes to a provider or to a client."),
        },
    };
    list![
        filter::router(mesh).comment("Filters that authenticate clients go here, before ours.\n\nReads each request, classifies it and decides where it may go."),
        router,
    ]
}

/// The one route: the cluster is what the filter decided, and nothing else.
fn route(mesh: &Mesh) -> Node {
    let action = map! {
        "timeout" => Node::from("0s").comment("The default of 15 s would cut off every longer answer."),
        "inline_cluster_specifier_plugin" => cluster_specifier(mesh).comment(
            "The cluster comes from filter state, which no client can write. Where the filter has not decided there is no\n\
             match, no cluster, and the answer is 503.",
        ),
    };
    let action = match mesh.fails_over() {
        true => action.with("retry_policy", retry_policy()),
        false => action.comment(&format!(
            "Where a provider fails, its failure is the answer: Envoy {} cannot choose another cluster for a second\n\
             attempt. {} is the first that can.",
            mesh.version,
            Version::FAILS_OVER
        )),
    };
    map! {
        "match" => map! { "prefix" => "/" },
        "request_body_buffer_limit" => Node::from(BODY_LIMIT).comment("The filter reads a body as a whole. Claude Code's first request has 115 KB."),
        "route" => action,
    }
}

/// Failover: each attempt goes to the next candidate of the decision, which an attempt leaves in filter state.
fn retry_policy() -> Node {
    let wanted = map! { "name" => "x-policymesh-retry", "string_match" => map! { "exact" => "1" } };
    let policy = map! {
        "retry_on" => "connect-failure,refused-stream,reset,retriable-headers",
        "retriable_headers" => list![wanted].comment("The adapter asks for it, where there is a next candidate."),
        "num_retries" => Node::from(0).comment("The filter says how many candidates there are."),
        "refresh_cluster_on_retry" => true,
        "retry_back_off" => map! { "base_interval" => "0.001s", "max_interval" => "0.010s" }
            .comment("The next provider has nothing to recover from."),
    };
    policy.comment(
        "Where a provider fails, the next candidate of the decision is tried, in its own format and with its own key.",
    )
}

fn cluster_specifier(mesh: &Mesh) -> Node {
    let input = map! {
        "name" => "decided",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.FilterStateInput",
            "key" => "wasm.policymesh_cluster",
        },
    };
    let choice = |cluster: &str| {
        let action = map! {
            "@type" => "type.googleapis.com/envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction",
            "cluster" => cluster,
        };
        (cluster.to_owned(), map! { "action" => map! { "name" => cluster, "typed_config" => action } })
    };
    let choices = mesh.clusters().map(|upstream| choice(&upstream.cluster)).collect();
    map! { "extension" => map! {
        "name" => "envoy.router.cluster_specifier_plugin.matcher",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier",
            "cluster_matcher" => map! {
                "matcher_tree" => map! { "input" => input, "exact_match_map" => map! { "map" => Node::map(choices) } },
            },
        },
    } }
}
