//! The access log: the audit record of each request, and what Envoy alone knows about it.

use super::{Delivery, Mesh, control_plane};
use crate::yaml::{Node, list, map};

/// Everything that takes audit records.
pub fn access_logs(mesh: &Mesh) -> Node {
    match &mesh.delivery {
        Delivery::Control { .. } => list![control_plane::access_log(), access_log(mesh)],
        Delivery::Static | Delivery::Ecds { .. } => list![access_log(mesh)],
    }
}

/// One line of JSON for each request, also for those that were refused, unread or failed.
fn access_log(mesh: &Mesh) -> Node {
    map! {
        "name" => "envoy.access_loggers.file",
        "filter" => map! { "log_type_filter" => map! { "types" => list!["DownstreamEnd"] } },
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path" => mesh.access_log.as_str(),
            "log_format" => map! { "json_format" => line() },
        },
    }
    .comment("The audit record and what Envoy alone knows. No path, no header, no query: they can hold content.")
}

fn line() -> Node {
    map! {
        "time" => "%START_TIME%",
        "audit" => "%TYPED_CEL(filter_state['wasm.policymesh_audit'])%",
        "status" => "%RESPONSE_CODE%",
        "flags" => "%RESPONSE_FLAGS%",
        "details" => "%RESPONSE_CODE_DETAILS%",
        "protocol" => "%PROTOCOL%",
        "peer" => "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
        "upstream" => map! {
            "cluster" => "%UPSTREAM_CLUSTER%",
            "address" => "%UPSTREAM_REMOTE_ADDRESS%",
            "attempts" => "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
            "failure" => "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
        },
        "bytes" => map! { "received" => "%BYTES_RECEIVED%", "sent" => "%BYTES_SENT%" },
        "milliseconds" => map! {
            "request" => "%REQUEST_DURATION%",
            "first_byte" => "%RESPONSE_DURATION%",
            "total" => "%DURATION%",
        },
    }
}
