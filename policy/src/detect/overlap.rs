//! Which of several findings in the same place stay.

use super::Finding;
use super::compile::Compiled;

/// Drops findings that another one explains better, and leaves the rest in the order of their places.
pub fn resolve(set: &Compiled, findings: &mut Vec<Finding>) {
    findings.sort_by_key(|finding| (finding.start, std::cmp::Reverse(finding.end)));
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    'next: for finding in findings.drain(..) {
        let mut place = kept.len();
        while let Some(other) = place.checked_sub(1).and_then(|last| kept.get(last)) {
            if kept.len() - place >= NEIGHBOURS {
                break;
            }
            if explains(set, other, &finding) {
                continue 'next;
            }
            place -= 1;
            if explains(set, &finding, other) {
                kept.remove(place);
            }
        }
        kept.push(finding);
    }
    *findings = kept;
}

/// With how many findings before it one is compared.
const NEIGHBOURS: usize = 8;

/// Whether `a` makes `b` superfluous: it covers it, is as sure, and does not lower the level unless it is proved.
fn explains(set: &Compiled, a: &Finding, b: &Finding) -> bool {
    let rank = |finding: &Finding| {
        let level = set.detectors.get(usize::from(finding.detector.0)).map(|detector| detector.level);
        let special = set.rules.get(usize::from(finding.detector.0)).is_some_and(|rule| !rule.is_generic());
        (level, special)
    };
    let ((a_level, a_special), (b_level, b_special)) = (rank(a), rank(b));
    let covers = a.start <= b.start && b.end <= a.end;
    let same = a.start == b.start && a.end == b.end;
    let touches = a.start < b.end && b.start < a.end;
    if a.detector == b.detector {
        return touches && (a.confidence, a.end - a.start) >= (b.confidence, b.end - b.start);
    }
    if covers && a.test && a_special && !b_special {
        return true;
    }
    let surer = (a.confidence, a_special, a_level) > (b.confidence, b_special, b_level) || !same;
    covers
        && a.confidence >= b.confidence
        && surer
        && (a_level >= b_level || a.confidence == super::Confidence::Validated)
}
