//! One JSON object a line in, one a line out.

use std::io::{BufRead, BufWriter, Write};

use anyhow::Context as _;
use policy::detect::Confidence;
use policy::level::Level;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Rules;
use crate::scan::{self, Hit};

#[derive(Deserialize)]
struct Question {
    id: Value,
    text: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Value,
    level: &'a str,
    findings: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    detector: &'a str,
    label: &'a str,
    start: usize,
    end: usize,
    confidence: Confidence,
    /// It belongs to nobody, such as a card number from a manual.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

/// Classifies each line's text. Answers go out as soon as no question waits.
pub fn classify(rules: &Rules, mut questions: impl BufRead, answers: impl Write) -> anyhow::Result<()> {
    let mut answers = BufWriter::new(answers);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if questions.read_until(b'\n', &mut line).context("cannot read the questions")? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let question: Question =
            serde_json::from_slice(&line).with_context(|| format!("line {number} is no {{\"id\", \"text\"}}"))?;
        serde_json::to_writer(&mut answers, &answer(rules, question))?;
        answers.write_all(b"\n")?;
        line.shrink_to(LINE);
        // An empty buffer means that the next question may be long in coming.
        if line.is_empty() {
            answers.flush()?;
        }
    }
    Ok(answers.flush()?)
}

/// Room for a usual line; that of a longer one is given back.
const LINE: usize = 1 << 20;

fn answer(rules: &Rules, Question { id, text }: Question) -> Answer<'_> {
    let reading = scan::text(&rules.detectors, &text);
    let level: Level = reading.level.unwrap_or(rules.levels.highest());
    let told = |hit: &Hit| {
        let detector = rules.detectors.get(hit.detector)?;
        Some(Told {
            detector: &detector.id,
            label: &detector.label,
            start: hit.span.start,
            end: hit.span.end,
            confidence: hit.confidence,
            test: hit.test,
        })
    };
    Answer { id, level: rules.levels.name(level), findings: reading.hits.iter().filter_map(told).collect() }
}
