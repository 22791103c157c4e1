//! What in a running Envoy would let a request pass unread, or keep the filter from working.

#![expect(clippy::indexing_slicing, reason = "reading a JSON value by a key that is not there gives null")]

mod chain;
mod cluster;
mod plugin;
mod route;
mod running;
mod server;

use policy::problem::Severity;

pub use running::Running;

/// Something wrong with a running Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// An error lets requests pass unread, or breaks them; a warning only may.
    pub severity: Severity,
    /// Where in the configuration.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What comes of it.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

/// Looks for everything that is known to go wrong.
pub fn examine(running: &Running) -> Vec<Finding> {
    let mut report = Report::default();
    server::examine(running, &mut report);
    chain::examine(running, &mut report);
    cluster::examine(running, &mut report);
    report.0.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report.0
}

/// Findings as they are made.
#[derive(Default)]
struct Report(Vec<Finding>);

// === impl Report ===

impl Report {
    fn error(&mut self, place: &str, what: impl Into<String>, why: &'static str, mend: &'static str) {
        self.add(Severity::Error, place, what.into(), why, mend);
    }

    fn warning(&mut self, place: &str, what: impl Into<String>, why: &'static str, mend: &'static str) {
        self.add(Severity::Warning, place, what.into(), why, mend);
    }

    /// The same is told once, however many filter chains of a listener share it.
    fn add(&mut self, severity: Severity, place: &str, what: String, why: &'static str, mend: &'static str) {
        let finding = Finding { severity, place: place.to_owned(), what, why, mend };
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;
