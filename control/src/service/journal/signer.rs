//! Signed checkpoints of the chain, and their copy outside of the database.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::writer::Head;
use crate::chain::Checkpoint;
use crate::chain::signature::Key;
use crate::service::folder::own;
use crate::service::time::now_us;

/// Signs the end of the chain now and then.
pub struct Signer {
    key: Arc<Key>,
    anchor: File,
    /// The last entry that is signed.
    signed: u64,
    signed_us: u64,
}

/// How many entries there may be that nobody has signed.
const ENTRIES: u64 = 10_000;
/// How long an entry may wait for a signature while others come, in microseconds.
const AGE_US: u64 = 30_000_000;

// === impl Signer ===

impl Signer {
    /// Signs with this key, and adds each checkpoint to this file.
    pub fn new(key: Arc<Key>, anchor: &Path) -> anyhow::Result<Self> {
        let anchor = own(anchor).with_context(|| format!("--anchor: cannot write to `{}`", anchor.display()))?;
        Ok(Self { key, anchor, signed: 0, signed_us: now_us() })
    }

    /// Goes on after this entry.
    pub fn begin_after(&mut self, signed: u64) {
        self.signed = signed;
    }

    /// Whether this checkpoint was made with the same key.
    pub fn made(&self, checkpoint: &Checkpoint) -> bool {
        self.key.public().signed_checkpoint(checkpoint)
    }

    /// A signature, if it is time for one or if somebody waits for it.
    pub fn checkpoint(&self, head: Head, wanted: bool) -> Option<Checkpoint> {
        let now_us = now_us();
        let entries = head.seq.saturating_sub(self.signed);
        let due = entries >= ENTRIES || now_us.saturating_sub(self.signed_us) >= AGE_US;
        (entries > 0 && (wanted || due)).then(|| self.key.checkpoint(head.seq, head.hash, now_us))
    }

    /// Takes note of a checkpoint that is in the store, and writes it to the file.
    pub fn keep(&mut self, checkpoint: &Checkpoint) {
        (self.signed, self.signed_us) = (checkpoint.seq, checkpoint.time_us);
        let line = serde_json::to_string(checkpoint).unwrap_or_default() + "\n";
        if let Err(reason) = self.anchor.write_all(line.as_bytes()).and_then(|()| self.anchor.sync_data()) {
            tracing::error!(%reason, "cannot write a checkpoint to the anchor file");
        }
    }
}
