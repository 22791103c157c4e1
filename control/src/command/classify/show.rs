//! Findings for people.

use std::fmt::Write as _;

use policy::detect::{Confidence, Detector};

use super::Rules;
use crate::scan::{Hit, Reading};
use crate::terminal::Style;

/// How much of a line is shown on either side of a finding, in bytes.
const AROUND: usize = 48;

/// All findings, each with what stands around it, and what follows for the whole.
pub fn show(rules: &Rules, document: &str, reading: &Reading, style: Style) -> String {
    let mut shown = String::new();
    for hit in &reading.hits {
        let Some(detector) = rules.detectors.get(hit.detector) else { continue };
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "{}\n    {}", headline(rules, detector, hit, style), excerpt(document, hit, style));
    }
    for detector in reading.across.iter().filter_map(|index| rules.detectors.get(*index)) {
        let name = style.bold(&detector.id);
        let _ = writeln!(
            shown,
            "{:<13} {name}  {} ({}), over the seam of two strings",
            rules.levels.name(detector.level),
            detector.name,
            detector.label
        );
    }
    let level = match reading.level {
        Some(level) => rules.levels.name(level).to_owned(),
        None => format!("{}, as it would take too much work to read", rules.levels.name(rules.levels.highest())),
    };
    let _ = writeln!(shown, "level: {}", style.bold(level));
    shown
}

fn headline(rules: &Rules, detector: &Detector, hit: &Hit, style: Style) -> String {
    let sure = match (hit.test, hit.confidence) {
        (true, _) => style.faint("a specimen, counts for nothing"),
        (false, Confidence::Weak) => style.faint("weak, counts for nothing"),
        (false, Confidence::Pattern) => "by its pattern".to_owned(),
        (false, Confidence::Context) => "by a word nearby".to_owned(),
        (false, Confidence::Validated) => "proved by its checksum or structure".to_owned(),
    };
    let (level, name) = (rules.levels.name(detector.level), style.bold(&detector.id));
    format!(
        "{level:<13} {name}  {} ({}), {sure}, bytes {}..{}",
        detector.name, detector.label, hit.span.start, hit.span.end
    )
}

/// The finding on its line, or the middle of it.
fn excerpt(document: &str, hit: &Hit, style: Style) -> String {
    let part = |from: usize, to: usize| {
        let text = document.get(from..to).unwrap_or_default();
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>()
    };
    let (start, end) = (hit.span.start, hit.span.end);
    let line_start = document.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line_end = document.get(end..).and_then(|after| after.find('\n')).map_or(document.len(), |at| end + at);
    let from = line_start.max(document.floor_char_boundary(start.saturating_sub(AROUND)));
    let to = line_end.min(document.ceil_char_boundary(end + AROUND));
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let marked = style.bad(part(start, end));
    format!("{}{}{marked}{}{}", cut(from > line_start), part(from, start), part(end, to), cut(to < line_end))
}
