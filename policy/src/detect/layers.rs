//! Scans a text as it is written, as it reads, and as it reads once decoded, decoded again, and once more.

use super::compile::Compiled;
use super::{Finding, Found, Opaque, Work, decode, fold, marks, overlap, scan};

/// How often something decoded is decoded again.
const MAX_DEPTH: usize = 3;
/// The most decoded stretches of one block that are scanned; more count as work that cannot be done.
const MAX_VIEWS: usize = 4096;

/// Scans one block with all that is encoded in it.
pub fn scan(set: &Compiled, text: &str, work: &mut Work, found: &mut Found) {
    let Some(view) = fold::fold(text) else {
        return scan_folded(set, text, work, found);
    };
    work.take(text.len() as u64 / 4);
    let (findings, opaque) = (found.findings.len(), found.opaque.len());
    scan_folded(set, &view.text, work, found);
    for finding in found.findings.iter_mut().skip(findings) {
        (finding.start, finding.end) = view.origin(finding.start, finding.end);
    }
    for opaque in found.opaque.iter_mut().skip(opaque) {
        (opaque.start, opaque.end) = view.origin(opaque.start, opaque.end);
    }
}

/// Scans one block as it reads, without what is encoded in it.
pub fn scan_written(set: &Compiled, text: &str, work: &mut Work, found: &mut Found) {
    let folded = fold::fold(text);
    let mut marks = work.take_marks();
    let read = folded.as_ref().map_or(text, |view| view.text.as_str());
    marks::mark(read.as_bytes(), &mut marks);
    for mut finding in scan::scan(set, read, &marks, work) {
        if let Some(view) = &folded {
            (finding.start, finding.end) = view.origin(finding.start, finding.end);
        }
        found.findings.push(finding);
    }
    work.keep_marks(marks);
}

fn scan_folded(set: &Compiled, text: &str, work: &mut Work, found: &mut Found) {
    let mut marks = work.take_marks();
    marks::mark(text.as_bytes(), &mut marks);
    let mut findings = scan::scan(set, text, &marks, work);
    let written = findings.len();
    let layer = decode::decode(text, &marks, work);
    // What is told by a detector needs not be told as opaque.
    let known = |opaque: &Opaque| findings.iter().any(|f| f.start <= opaque.start + 64 && opaque.start < f.end);
    found.opaque.extend(layer.opaque.iter().filter(|opaque| !known(opaque)));
    // Each view to scan, with its depth and the path of views it came by.
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut views = Vec::new();
    for view in layer.views {
        open.push((1, vec![views.len()]));
        views.push(view);
    }
    while let Some((depth, path)) = open.pop() {
        let Some(view) = path.last().and_then(|last| views.get(*last)) else { continue };
        let folded = fold::fold(&view.text);
        let text = folded.as_ref().map_or(view.text.as_str(), |folded| folded.text.as_str());
        marks::mark(text.as_bytes(), &mut marks);
        for mut finding in scan::scan(set, text, &marks, work) {
            if let Some(folded) = &folded {
                (finding.start, finding.end) = folded.origin(finding.start, finding.end);
            }
            for view in path.iter().rev().filter_map(|place| views.get(*place)) {
                (finding.start, finding.end) = view.origin(finding.start, finding.end);
            }
            findings.push(finding);
        }
        if depth < MAX_DEPTH {
            marks::mark(view.text.as_bytes(), &mut marks);
            for deeper in decode::decode(&view.text.clone(), &marks, work).views {
                if views.len() >= MAX_VIEWS {
                    work.spend();
                    break;
                }
                open.push((depth + 1, [path.as_slice(), &[views.len()]].concat()));
                views.push(deeper);
            }
        }
    }
    work.keep_marks(marks);
    if findings.len() > written {
        overlap::resolve(set, &mut findings);
    }
    found.findings.extend::<Vec<Finding>>(findings);
}
