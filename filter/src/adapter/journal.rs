//! What the adapters leave behind of a request, for the record and for each other.

use crate::host;
use policy::plan::{Attempt, Plan};
use policy::progress::{Attempted, Dropped, Outcome, Progress};
use policy::usage::Usage;
use provider::loss::Loss;

/// The progress of a request, as far as this attempt at it.
pub struct Journal {
    progress: Progress,
    began: u64,
    /// Whether there is another candidate to try.
    has_next: bool,
}

/// The name of the progress in filter state.
pub const PROGRESS: &str = "policymesh_progress";

// === impl Journal ===

impl Journal {
    /// Begins the next attempt of a plan, and has Envoy go to the one after that should this fail.
    ///
    /// INVARIANT: there is none but in a cluster that the plan names.
    pub fn begin(plan: &Plan, cluster: &[u8]) -> Option<(Self, Attempt)> {
        let mut progress = host::property(&[PROGRESS]).map(|bytes| Progress::from_bytes(&bytes)).unwrap_or_default();
        let leads_here = |attempt: &Attempt| attempt.cluster.as_bytes() == cluster;
        let in_turn = progress.attempts.len().min(plan.attempts.len().saturating_sub(1));
        // A route with a retry policy of its own may try a cluster again that has had its turn.
        let place = match plan.attempts.get(in_turn).is_some_and(leads_here) {
            true => in_turn,
            false => plan.attempts.iter().position(leads_here)?,
        };
        let attempt = plan.attempts.get(place)?.clone();
        let next = plan.attempts.get(place + 1);
        progress.attempts.push(Attempted::new(&attempt));
        progress.dropped.clear();
        let journal = Self { progress, began: host::now(), has_next: next.is_some() };
        journal.write();
        // Now, since nobody asks again where the provider cannot be reached.
        if let Some(next) = next {
            host::set_property("policymesh_cluster", next.cluster.as_bytes());
        }
        Some((journal, attempt))
    }

    /// The provider will not learn this.
    pub fn dropped(&mut self, losses: &[Loss]) {
        self.progress.dropped = losses.iter().filter_map(|loss| Dropped::new(&loss.to_string())).collect();
        self.write();
    }

    /// What the provider did not learn, as a header says it.
    pub fn told_dropped(&self) -> Option<String> {
        let dropped: Vec<String> = self.progress.dropped.iter().map(ToString::to_string).collect();
        (!dropped.is_empty()).then(|| dropped.join(", "))
    }

    /// The request is not sent. Gives the status of the attempt before, if that is why this one was made.
    pub fn refused(&mut self) -> Option<u16> {
        self.set(Outcome::Refused);
        self.write();
        let before = self.progress.attempts.len().checked_sub(2)?;
        self.progress.attempts.get(before).map(|before| before.status.unwrap_or(503))
    }

    /// An answer begins. Says whether the next candidate should be tried in its place.
    pub fn answer_begins(&mut self, status: u16) -> bool {
        let micros = host::now().saturating_sub(self.began) / 1000;
        if let Some(attempted) = self.progress.attempts.last_mut() {
            attempted.status = Some(status);
            attempted.first_byte_micros = Some(micros);
        }
        self.set(if (200..300).contains(&status) { Outcome::BrokenOff } else { Outcome::Failed });
        self.write();
        self.has_next && (status == 429 || status >= 500)
    }

    /// Takes note of what the answer used so far.
    pub fn used(&mut self, usage: Usage) {
        if self.progress.usage != usage {
            self.progress.usage = usage;
            self.write();
        }
    }

    /// The answer has come to its end: whole, unless something else is known of it.
    pub fn answer_ends(&mut self) {
        if self.progress.attempts.last().is_some_and(|last| last.outcome == Outcome::BrokenOff) {
            self.set(Outcome::Answered);
            self.write();
        }
    }

    /// The answer is none that its format knows.
    pub fn unreadable(&mut self) {
        self.set(Outcome::Unreadable);
        self.write();
    }

    fn set(&mut self, outcome: Outcome) {
        if let Some(attempted) = self.progress.attempts.last_mut() {
            attempted.outcome = outcome;
        }
    }

    fn write(&self) {
        host::set_property(PROGRESS, &self.progress.to_bytes());
    }
}
