//! How the filter's metrics become labelled ones.

use crate::yaml::{Node, list, map};

/// The labels that the filter writes into the names of its metrics: `policymesh_requests.action.<a>.level.<l>`.
const LABELS: [&str; 12] = [
    "action", "level", "rule", "provider", "reason", "policy", "digest", "outcome", "state", "model", "kind", "result",
];

/// The labels of the metrics that OpenTelemetry's conventions name, as they call them.
const CONVENTIONAL: [(&str, &str); 4] = [
    ("operation", "gen_ai_operation_name"),
    ("provider", "gen_ai_provider_name"),
    ("model", "gen_ai_request_model"),
    ("token_type", "gen_ai_token_type"),
];

/// Tag rules and histogram buckets.
pub fn stats_config() -> Node {
    // The first group leaves the name, the second becomes the value.
    let tag = |prefix: &str, word: &str, name: &str| {
        map! { "tag_name" => name, "regex" => format!(r"^wasmcustom\.{prefix}_.*?(\.{word}\.([^.]+))") }
    };
    let ours = LABELS.iter().map(|label| tag("policymesh", label, label));
    let tags = ours.chain(CONVENTIONAL.iter().map(|(word, name)| tag("gen_ai", word, name)));
    map! {
        "stats_tags" => Node::list(tags.collect()),
        "histogram_bucket_settings" => list![
            buckets("policymesh", "_bytes", &[1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 32 << 20]),
            buckets("policymesh", "_microseconds", &[10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 50_000]),
            buckets("gen_ai", "_token_usage", &[1, 4, 16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20]),
            buckets("gen_ai", "_milliseconds", &[10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920]),
        ],
    }
}

fn buckets(prefix: &str, suffix: &str, bounds: &[i32]) -> Node {
    let name = format!(r"wasmcustom\.{prefix}_.*{suffix}.*");
    map! {
        "match" => map! { "safe_regex" => map! { "regex" => name } },
        "buckets" => Node::list(bounds.iter().map(|bound| Node::from(*bound)).collect()),
    }
}
