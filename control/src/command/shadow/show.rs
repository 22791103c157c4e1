//! How a shadow does, for people.

use std::fmt::Write as _;

use serde_json::Value;

use crate::client::part;
use crate::service::rfc3339;
use crate::terminal::Style;

/// The most differences that are shown.
const MOST: usize = 20;

/// Everything worth reading of what the service tells.
pub fn text(name: &str, compared: &Value, style: Style) -> String {
    let number = |pointer: &str| part(compared, pointer).as_u64().unwrap_or_default();
    let mut shown = format!(
        "{} version {} beside the one in force since {}\n{} requests compared: {} alike, {} not\n",
        style.bold(name),
        number("/shadow/version"),
        rfc3339(number("/shadow/since_us")),
        number("/compared"),
        style.good(number("/agree")),
        style.bold(number("/differ")),
    );
    let nodes = part(compared, "/nodes").as_object();
    for (node, counts) in nodes.into_iter().flatten() {
        let [all, differ] = ["/compared", "/differ"].map(|field| part(counts, field).as_u64().unwrap_or_default());
        let _ = writeln!(shown, "  node {node}: {all}, {differ} of them not alike");
    }
    let differences = part(compared, "/differences").as_array().map_or(&[][..], Vec::as_slice);
    if !differences.is_empty() {
        let _ = writeln!(shown, "\n{}", style.bold("what is not alike: in force, and in shadow"));
    }
    for difference in differences.iter().take(MOST) {
        let [live, shadow] = ["/live", "/shadow"].map(|side| outcome(part(difference, side)));
        let example = part(difference, "/examples/0").as_str().unwrap_or_default();
        let count = part(difference, "/count").as_u64().unwrap_or_default();
        let _ = writeln!(shown, "  {count:>9}  {live} -> {shadow}  {}", style.faint(format!("such as {example}")));
    }
    if let Some(more) = differences.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(shown, "  and {more} more: --json shows all");
    }
    shown
}

/// What one of them does: `m at cloud (rule r, public)`.
fn outcome(outcome: &Value) -> String {
    let text = |pointer: &str| part(outcome, pointer).as_str();
    let what = text("/to").or(text("/action")).unwrap_or_default();
    let rule = text("/rule").map(|rule| format!("rule {rule}"));
    let why: Vec<_> = rule.into_iter().chain(text("/level").map(str::to_owned)).collect();
    if why.is_empty() { what.to_owned() } else { format!("{what} ({})", why.join(", ")) }
}
