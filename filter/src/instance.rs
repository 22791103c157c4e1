//! What makes one VM of the filter distinct from all others, and the numbers that it counts.

use policy::exchange::Secrets;
use std::cell::Cell;

thread_local! {
    /// Drawn once a VM, so that its records can be told from those of its predecessor.
    static SECRETS: Option<Secrets> = draw();
    static SEQUENCE: Cell<u64> = const { Cell::new(0) };
}

/// The secrets of this VM; `None` if the host gives no randomness.
pub fn secrets() -> Option<Secrets> {
    SECRETS.with(Clone::clone)
}

/// The number of this VM's next exchange; the first is 1, and none is left out.
pub fn next_sequence() -> u64 {
    let sequence = SEQUENCE.get().saturating_add(1);
    SEQUENCE.set(sequence);
    sequence
}

fn draw() -> Option<Secrets> {
    let mut secrets = Secrets { epoch: getrandom::u64().ok()?, ..Secrets::default() };
    getrandom::fill(&mut secrets.history_key).ok()?;
    getrandom::fill(&mut secrets.digest_key).ok()?;
    Some(secrets)
}
