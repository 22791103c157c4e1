//! One scan of a block: from triggers to findings.

use super::compile::{Compiled, Matcher, Rule, bare};
use super::config::{Alone, Case};
use super::validate::Check;
use super::{Confidence, DetectorIndex, Finding, Found, TestValues, Work, text};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Scans one block.
pub fn scan(set: &Compiled, text: &str, work: &mut Work, found: &mut Found) {
    let bytes = text.as_bytes();
    if !work.take(bytes.len() as u64 / 8 + 1) {
        return;
    }
    for (index, rule) in (0..).map(DetectorIndex).zip(&set.rules) {
        let mut at = 0;
        while at < bytes.len() {
            let hit = try_at(rule, bytes, at, work);
            if let Some(hit) = hit {
                at = hit.end.max(at + 1);
                found.findings.extend(judge(set, index, rule, text, hit, work));
            } else {
                at += 1;
            }
        }
    }
    found.findings.sort_by_key(|finding| finding.start);
}

/// Something that matched, before it is confirmed.
struct Candidate {
    start: usize,
    end: usize,
    confidence: Confidence,
    test: bool,
}

fn try_at(rule: &Rule, bytes: &[u8], at: usize, work: &mut Work) -> Option<Candidate> {
    match &rule.matcher {
        Matcher::Pattern(pattern, _) => {
            let (stack, steps) = work.for_run();
            let found = pattern.run(bytes, at, stack, steps)?;
            let (start, end) = (found.value_start, found.value_end);
            Some(Candidate { start, end, confidence: Confidence::Pattern, test: false })
        }
        Matcher::Terms(terms, case) => {
            let ends =
                terms.iter().filter_map(|term| text::term_at(bytes, at, term.as_bytes(), *case == Case::Insensitive));
            let end = ends.filter(|end| text::is_edge(bytes, *end)).max()?;
            let whole = text::is_edge(bytes, at);
            whole.then_some(Candidate { start: at, end, confidence: Confidence::Pattern, test: false })
        }
        Matcher::Form(form) => {
            let rest = bytes.get(at..)?;
            let starts = |trigger: &&str| {
                rest.get(..trigger.len()).is_some_and(|head| head.eq_ignore_ascii_case(trigger.as_bytes()))
            };
            form.triggers.iter().find(|trigger| starts(trigger))?;
            let hit = (form.find)(bytes, at, work.for_run().1)?;
            Some(Candidate { start: hit.start, end: hit.end, confidence: hit.confidence, test: hit.test })
        }
    }
}

/// Confirms a candidate: entropy, validator, specimens, context.
fn judge(
    set: &Compiled,
    detector: DetectorIndex,
    rule: &Rule,
    text: &str,
    hit: Candidate,
    work: &mut Work,
) -> Option<Finding> {
    let Candidate { start, mut end, mut confidence, mut test } = hit;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let value = text.get(start..end)?;
    if rule.min_entropy > 0.0 && text::entropy(value.as_bytes()) < rule.min_entropy {
        return None;
    }
    match rule.validate.map(|check| check(value)) {
        Some(Check::Invalid) => return None,
        Some(Check::Valid) => confidence = Confidence::Validated,
        Some(Check::Specimen) => test = true,
        Some(Check::Unsure) | None => {}
    }
    let bare = bare(value);
    test = test || rule.specimens.iter().any(|specimen| specimen.is(&bare));
    if !rule.near.is_empty() {
        let near = rule.near.around(text.as_bytes(), start, end, work.for_run().1);
        confidence = match (near, rule.alone) {
            (true, _) => confidence.max(Confidence::Context),
            (false, Alone::Drop) => return None,
            (false, Alone::Weak) => Confidence::Weak,
            (false, Alone::Pattern) => confidence,
        };
    } else if rule.alone == Alone::Weak {
        confidence = Confidence::Weak;
    }
    if test && set.test_values == TestValues::Ignore {
        confidence = Confidence::Weak;
    }
    let mut hasher = DefaultHasher::new();
    bare.hash(&mut hasher);
    Some(Finding { detector, start, end, confidence, test, value: hasher.finish() })
}
