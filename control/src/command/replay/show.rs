//! What a replay has come to, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use policy::replay::{Counts, Kept, Moved, Summary};

use crate::terminal::Style;

/// The most rows of a table.
const MOST: usize = 20;

/// Everything worth reading.
pub fn text(summary: &Summary, style: Style) -> String {
    let Summary {
        lines,
        malformed,
        undecided,
        decided,
        indeterminate,
        same,
        cost_before,
        cost_now,
        estimated,
        unpriced,
        ..
    } = summary;
    let mut shown = format!(
        "{lines} lines: {decided} decided once more, {undecided} without a decision, {malformed} no records\n\
         {same} go where they went, {} go elsewhere, {indeterminate} hang on what was not recorded\n\
         cost: {cost_before} before, {cost_now} now ({estimated} by estimate, {unpriced} not known)\n",
        style.bold(summary.moved())
    );
    let mut moved: Vec<&Moved> = summary.moved.iter().collect();
    moved.sort_by_key(|moved| std::cmp::Reverse(moved.count));
    if !moved.is_empty() {
        let _ = writeln!(shown, "\n{}", style.bold("go elsewhere"));
    }
    for Moved { from, to, count, example } in moved.iter().take(MOST) {
        let _ = writeln!(shown, "  {count:>9}  {from} -> {to}  {}", style.faint(format!("such as {example}")));
    }
    for (title, counts) in [
        ("by rule, before and now", &summary.by_rule),
        ("by provider before", &summary.by_provider),
        ("by team", &summary.by_team),
        ("by level", &summary.by_level),
    ] {
        table(&mut shown, title, counts, style);
    }
    for (name, Kept { broken_before, example, strikes }) in &summary.invariants {
        let mark = if *broken_before > 0 { style.bad("invariant") } else { style.good("invariant") };
        let example = example.as_ref().map_or(String::new(), |example| format!(", such as {example}"));
        let _ = writeln!(
            shown,
            "{mark} `{name}`: {broken_before} broke it before{example}; {strikes} it now strikes a candidate of"
        );
    }
    for digest in &summary.unknown_policies {
        let _ = writeln!(
            shown,
            "{} policy {digest} found all that this one looks for (give it by --recorded)",
            style.doubtful("assumed:")
        );
    }
    shown
}

fn table(shown: &mut String, title: &str, counts: &BTreeMap<String, Counts>, style: Style) {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse((counts.moved, counts.all)));
    let _ = writeln!(shown, "\n{}", style.bold(title));
    for (key, Counts { all, moved }) in rows.iter().take(MOST) {
        let _ = writeln!(shown, "  {all:>9}  {moved:>9} elsewhere  {key}");
    }
}
