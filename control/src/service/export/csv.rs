//! Comma-separated values: RFC 4180.

use policy::audit::Record;
use policy::facts::Name;
use policy::usage::Cost;

use crate::service::journal::{Index, reached};
use crate::service::store::records::Found;
use crate::service::time::rfc3339;

/// `provider`, `model` and `zone` are those of each attempt, and the cost is what the answer used; what was estimated is not told.
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
    let (index, reached) = (Index::from(record), reached(record));
    let optional = |text: Option<String>| text.unwrap_or_default();
    let cost = record.cost.and_then(|cost| if let Cost::Known(cost) = cost { Some(cost) } else { None });
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
        each(reached.iter().map(|one| one.provider)),
        each(reached.iter().filter_map(|one| one.model)),
        each(reached.iter().map(|one| one.zone)),
        optional(index.status.map(|status| status.to_string())),
        optional(record.ending.map(|ending| ending.attempts.to_string())),
        optional(record.ending.map(|ending| (ending.micros / 1_000).to_string())),
        optional(record.facts.as_ref().map(|facts| facts.prompt_tokens.to_string())),
        optional(cost.map(|cost| serde_json::json!(cost).to_string())),
    ];
    fields.map(|field| quoted(&field)).join(",") + "\r\n"
}

/// These names, in the order of the attempts.
fn each<'n>(names: impl Iterator<Item = &'n Name>) -> String {
    names.map(|name| &**name).collect::<Vec<_>>().join(", ")
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
