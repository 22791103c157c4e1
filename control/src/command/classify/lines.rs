//! One JSON object a line in, one a line out.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};

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
pub fn classify(rules: &Rules, questions: impl Read, answers: impl Write) -> anyhow::Result<()> {
    let mut questions = BufReader::with_capacity(ROOM, questions);
    let mut answers = BufWriter::with_capacity(ROOM, answers);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        line.shrink_to(ROOM);
        if questions.buffer().is_empty() {
            answers.flush()?;
        }
        if questions.read_until(b'\n', &mut line).context("cannot read the questions")? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let question = serde_json::from_slice(&line);
        let question: Question = question.with_context(|| format!("line {number} is no {{\"id\", \"text\"}}"))?;
        serde_json::to_writer(&mut answers, &answer(rules, question))?;
        answers.write_all(b"\n")?;
    }
    Ok(answers.flush()?)
}

/// Room for what is read and written at once, and what a long line keeps of its room.
const ROOM: usize = 64 << 10;

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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _, pipe};
    use std::thread;

    use policy::detect::{DetectorConfig, Detectors, TestValues};
    use policy::level::Levels;

    use super::*;

    fn rules() -> Rules {
        let badge =
            "{id: badge, name: Badge, label: pii, level: restricted, pattern: 'EMP-\\d{6}', test: ['EMP-000000']}";
        let badge: DetectorConfig = serde_saphyr::from_str(badge).unwrap();
        let levels = Levels::default();
        let (detectors, _) = Detectors::compile(&[("[0]".into(), badge)], &levels, TestValues::default()).unwrap();
        Rules { detectors, levels }
    }

    #[test]
    fn an_answer_comes_before_the_next_question() {
        let (asked, mut asking) = pipe().unwrap();
        let (answered, answering) = pipe().unwrap();
        let classifying = thread::spawn(move || classify(&rules(), asked, answering));
        let mut answers = BufReader::new(answered).lines();
        for (question, answer) in [
            (
                r#"{"id":"a","text":"é EMP-123456"}"#,
                r#"{"id":"a","level":"restricted","findings":[{"detector":"badge","label":"pii","start":3,"end":13,"confidence":"pattern"}]}"#,
            ),
            (r#"{"id":7,"text":"nothing","more":1}"#, r#"{"id":7,"level":"public","findings":[]}"#),
            (
                r#"{"text":"EMP-000000","id":null}"#,
                r#"{"id":null,"level":"public","findings":[{"detector":"badge","label":"pii","start":0,"end":10,"confidence":"weak","test":true}]}"#,
            ),
        ] {
            writeln!(asking, "{question}").unwrap();
            assert_eq!(answers.next().unwrap().unwrap(), answer);
        }
        drop(asking);
        classifying.join().unwrap().unwrap();
    }

    #[test]
    fn a_line_that_is_no_question_is_told_with_its_number() {
        let told = classify(&rules(), b"{\"id\":1,\"text\":\"\"}\n\n{\"id\":2}\n".as_slice(), Vec::new()).unwrap_err();
        assert_eq!(told.to_string(), "line 3 is no {\"id\", \"text\"}");
    }
}
