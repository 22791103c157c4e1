//! How much work one request may cause.

use super::marks::Marks;
use super::pattern::Stack;

/// The budget of one request, and room that its scans share.
///
/// It is counted in steps, about one for each byte looked at closely. Once it is spent nothing more is found, and
/// [`Work::exhausted`] says so: then the request counts as unreadable, never as clean.
#[derive(Debug)]
pub struct Work {
    steps: u64,
    stack: Stack,
    marks: Vec<Marks>,
}

/// Steps that even the shortest request may take.
const STEPS_AT_LEAST: u64 = 1 << 20;
/// Further steps for each byte of a request. Prose takes less than one, tables of numbers about six.
const STEPS_PER_BYTE: u64 = 64;

// === impl Work ===

impl Work {
    /// The budget of a request whose text has at most this many bytes.
    pub fn of(bytes: usize) -> Self {
        Self::with_steps(STEPS_AT_LEAST + STEPS_PER_BYTE.saturating_mul(bytes as u64))
    }

    /// A budget of so many steps.
    pub fn with_steps(steps: u64) -> Self {
        Self { steps, stack: Stack::default(), marks: Vec::new() }
    }

    /// Grants the steps of so many further bytes: for a request whose size shows only as it comes.
    pub fn grant(&mut self, bytes: usize) {
        self.steps = if self.exhausted() { 0 } else { self.steps + STEPS_PER_BYTE.saturating_mul(bytes as u64) };
    }

    /// Whether the budget is spent, so that something may have been overlooked.
    pub fn exhausted(&self) -> bool {
        self.steps == 0
    }

    /// The steps left.
    pub fn steps_left(&self) -> u64 {
        self.steps
    }

    /// Takes so many steps; `false` if there are not enough, and then none are left.
    pub(super) fn take(&mut self, steps: u64) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Gives the rest of the budget up: something is too much to look at.
    pub(super) fn spend(&mut self) {
        self.steps = 0;
    }

    /// The steps and the room for a pattern's run.
    pub(super) fn for_run(&mut self) -> (&mut Stack, &mut u64) {
        (&mut self.stack, &mut self.steps)
    }

    /// Room for the marks of a text.
    pub(super) fn take_marks(&mut self) -> Vec<Marks> {
        std::mem::take(&mut self.marks)
    }

    /// Keeps the room for the next text.
    pub(super) fn keep_marks(&mut self, marks: Vec<Marks>) {
        self.marks = marks;
    }
}
