//! Classifies texts: reads `{"id", "text"}` a line, writes `{"id", "level", "findings"}` a line, with every pack on.

use policy::detect::{Confidence, Detectors, Found, TestValues, Work, pack, packs};
use policy::level::{Level, Levels};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let levels = Levels::default();
    let written: Vec<_> = packs()
        .flat_map(|name| {
            let detectors = pack(name).unwrap_or_default().into_iter().enumerate();
            detectors.map(move |(place, detector)| (format!("pack {name}[{place}]"), detector))
        })
        .collect();
    let compiled = Detectors::compile(&written, &levels, TestValues::Ignore);
    let (detectors, warnings) =
        compiled.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    warnings.iter().for_each(|warning| eprintln!("{warning}"));
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let text = request.get("text").and_then(Value::as_str).unwrap_or_default();
        let (mut work, mut found) = (Work::of(text.len()), Found::default());
        detectors.scan(text, &mut work, &mut found);
        let mut level = Level::default();
        let mut findings = Vec::new();
        for finding in &found.findings {
            let Some(detector) = detectors.get(finding.detector) else { continue };
            if finding.confidence > Confidence::Weak {
                level = level.max(detector.level);
            }
            findings.push(
                json!({"detector": detector.id, "label": detector.label, "start": finding.start, "end": finding.end,
                "confidence": format!("{:?}", finding.confidence).to_lowercase()}),
            );
        }
        let answer = json!({"id": request.get("id"), "level": levels.name(level), "findings": findings});
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
