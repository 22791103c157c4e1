//! How the filter's metrics become labelled ones.

use crate::yaml::{Node, list, map};

/// The labels that the filter writes into the names of its metrics: `policymesh_requests.action.<a>.level.<l>`.
const LABELS: [&str; 7] = ["action", "level", "rule", "provider", "reason", "policy", "digest"];

/// Tag rules and histogram buckets.
pub fn stats_config() -> Node {
    let tags = LABELS.iter().map(|label| {
        // The first group leaves the name, the second becomes the value.
        map! { "tag_name" => *label, "regex" => format!(r"^wasmcustom\.policymesh_.*?(\.{label}\.([^.]+))") }
    });
    map! {
        "stats_tags" => Node::list(tags.collect()),
        "histogram_bucket_settings" => list![
            buckets("_bytes", &[1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 32 << 20]),
            buckets("_microseconds", &[10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 50_000]),
        ],
    }
}

fn buckets(suffix: &str, bounds: &[i32]) -> Node {
    let name = format!(r"wasmcustom\.policymesh_.*{suffix}");
    map! {
        "match" => map! { "safe_regex" => map! { "regex" => name } },
        "buckets" => Node::list(bounds.iter().map(|bound| Node::from(*bound)).collect()),
    }
}
