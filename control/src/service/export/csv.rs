//! Comma-separated values: RFC 4180.

use policy::audit::Record;

use crate::service::journal::Index;
use crate::service::store::records::Found;
use crate::service::time::rfc3339;

const COLUMNS: [&str; 20] = [
    "seq",
    "time",
    "node",
    "decision_id",
    "request_id",
    "policy",
    "digest",
    "action",
    "rule",
    "level",
    "client",
    "team",
    "provider",
    "model",
    "zone",
    "status",
    "attempts",
    "milliseconds",
    "prompt_tokens",
    "cost_nano_usd",
];

/// The names of the columns.
pub fn head() -> String {
    COLUMNS.join(",") + "\r\n"
}

/// One record.
pub fn line(found: &Found, record: &Record) -> String {
    let index = Index::from(record);
    let optional = |text: Option<String>| text.unwrap_or_default();
    let cost = record.chosen.as_ref().and_then(|chosen| chosen.model.as_ref()?.cost);
    let fields: [String; 20] = [
        found.seq.to_string(),
        rfc3339(record.time_us),
        found.node.clone(),
        index.decision_id,
        optional(index.request_id),
        index.policy,
        index.digest,
        index.action.to_owned(),
        optional(index.rule),
        optional(index.level),
        optional(index.client),
        optional(index.team),
        optional(index.provider),
        optional(index.model),
        optional(record.chosen.as_ref().map(|chosen| chosen.zone.to_string())),
        optional(index.status.map(|status| status.to_string())),
        optional(record.ending.map(|ending| ending.attempts.to_string())),
        optional(record.ending.map(|ending| (ending.micros / 1_000).to_string())),
        optional(record.facts.as_ref().map(|facts| facts.prompt_tokens.to_string())),
        optional(cost.map(|cost| serde_json::json!(cost).to_string())),
    ];
    fields.map(|field| quoted(&field)).join(",") + "\r\n"
}

/// A field in quotes where it needs them. What a spreadsheet would take for a formula is no formula any more.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if formula { format!("'{field}") } else { field.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_are_no_formulas() {
        for (field, written) in [
            ("a", "a"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
        ] {
            assert_eq!(quoted(field), written);
        }
    }
}
