//! Whether an export of the chain is whole and unchanged.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::signature::PublicKey;
use super::{Begin, Checkpoint, Entry, Hash, Kind, Line, Tombstone};

/// What a check of the chain came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries were looked at.
    pub entries: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// The last entry that a checkpoint covers.
    pub signed_to: u64,
    /// How many entries have lost content by a tombstone.
    pub tombstoned: u64,
    /// Everything that is wrong, in the order of the chain; the first hundred.
    pub faults: Vec<String>,
    /// How many things are wrong in all.
    pub wrong: u64,
}

/// How many faults are told in words.
const TOLD: usize = 100;

/// Checks an export line by line. `key` is the public key that is trusted, else that of the export; `anchors` are checkpoints that were
/// kept elsewhere.
pub fn verify(export: impl BufRead, key: Option<PublicKey>, anchors: &[Checkpoint]) -> std::io::Result<Verdict> {
    let mut check = Check { key, ..Check::default() };
    check.anchors.extend(anchors.iter().map(|anchor| (anchor.seq, anchor.clone())));
    let mut number = 0_u64;
    for line in export.split(b'\n') {
        let line = line?;
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Line::Begin(begin)) => check.begin(begin),
            Ok(Line::Entry(entry)) => check.entry(&entry),
            Ok(Line::Checkpoint(checkpoint)) => check.checkpoint(&checkpoint, "checkpoint"),
            Err(reason) => check.fault(format!("line {number} is no line of an export: {reason}")),
        }
    }
    Ok(check.end())
}

/// A check under way.
#[derive(Default)]
struct Check {
    verdict: Verdict,
    key: Option<PublicKey>,
    begun: bool,
    /// The place that the next entry must have.
    next: u64,
    previous: Hash,
    /// Entries whose content is not what came: gone, or of this hash. A tombstone must account for each.
    pending: BTreeMap<u64, Option<Hash>>,
    anchors: BTreeMap<u64, Checkpoint>,
    /// Whether the last line was a checkpoint of the last entry.
    closed: bool,
}

// === impl Check ===

impl Check {
    fn fault(&mut self, told: String) {
        self.verdict.wrong += 1;
        if self.verdict.faults.len() < TOLD {
            self.verdict.faults.push(told);
        }
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { first, previous, key } = begin;
        if self.begun {
            return self.fault("the export begins twice".to_owned());
        }
        self.begun = true;
        (self.next, self.previous) = (first, previous);
        if first == 1 && previous != Hash::default() {
            self.fault("entry 1 has nothing before it, but the export names a hash".to_owned());
        }
        match (key.parse::<PublicKey>(), self.key) {
            (Err(reason), _) => self.fault(reason.to_string()),
            (Ok(own), None) => self.key = Some(own),
            (Ok(own), Some(trusted)) if own != trusted => {
                self.fault(format!("the export is signed with key {own}, not with {trusted}"));
            }
            (Ok(_), Some(_)) => {}
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.closed = false;
        if !self.begun {
            self.fault("the export has no first line: its beginning is cut off".to_owned());
            (self.begun, self.next) = (true, entry.seq);
        }
        self.verdict.entries += 1;
        self.place(entry);
        self.content(entry);
        if entry.kind == Kind::Tombstone {
            self.tombstone(entry);
        }
        if let Some(anchor) = self.anchors.remove(&entry.seq) {
            self.checkpoint(&anchor, "anchored checkpoint");
        }
    }

    /// Whether the entry stands where it must, after what it must.
    fn place(&mut self, entry: &Entry) {
        let (seq, expected) = (entry.seq, self.next);
        if seq > expected {
            self.fault(match seq - expected {
                1 => format!("entry {expected} is missing"),
                _ => format!("entries {expected} to {} are missing", seq - 1),
            });
        } else if seq < expected {
            self.fault(format!(
                "entry {seq} stands after entry {}: it was inserted, or others were moved",
                expected.saturating_sub(1)
            ));
        } else if entry.hash_after(self.previous) != entry.hash {
            self.fault(format!(
                "entry {seq} ({}) was changed, or does not follow the one before it",
                entry.kind.name()
            ));
        }
        // From here on what is said next is held against this entry: one change is told once.
        self.next = seq.saturating_add(1);
        self.previous = entry.hash;
    }

    fn content(&mut self, entry: &Entry) {
        let content = entry.content.get();
        if content == "null" {
            self.pending.insert(entry.seq, None);
            return;
        }
        // It counts as it is written: another way to write the same could be read as something else by others.
        let hash = Hash::of(content);
        if hash != entry.content_hash {
            self.pending.insert(entry.seq, Some(hash));
        }
    }

    /// Takes entries off the list that this tombstone accounts for.
    fn tombstone(&mut self, entry: &Entry) {
        let Ok(Tombstone { gone, replaced, .. }) = serde_json::from_str(entry.content.get()) else {
            return self.fault(format!("entry {} is no tombstone that can be read", entry.seq));
        };
        for (first, last) in gone {
            let covered: Vec<u64> = match first <= last {
                true => {
                    self.pending.range(first..=last).filter(|(_, now)| now.is_none()).map(|(seq, _)| *seq).collect()
                }
                false => Vec::new(),
            };
            self.verdict.tombstoned += covered.len() as u64;
            for seq in covered {
                self.pending.remove(&seq);
            }
        }
        for (seq, hash) in replaced {
            if self.pending.get(&seq) == Some(&Some(hash)) {
                self.pending.remove(&seq);
                self.verdict.tombstoned += 1;
            }
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint, what: &str) {
        let seq = checkpoint.seq;
        self.verdict.checkpoints += 1;
        let signed = self.key.is_some_and(|key| key.signed_checkpoint(checkpoint));
        if !signed {
            return self.fault(format!("the {what} of entry {seq} is not signed with the service's key"));
        }
        if seq.checked_add(1) != Some(self.next) || checkpoint.hash != self.previous {
            return self.fault(format!("the {what} of entry {seq} does not fit the entry: the chain was written anew"));
        }
        self.verdict.signed_to = seq;
        self.closed = true;
    }

    fn end(mut self) -> Verdict {
        let last = self.next.saturating_sub(1);
        for (seq, now) in std::mem::take(&mut self.pending) {
            self.fault(match now {
                None => format!("the content of entry {seq} is gone, and no tombstone says why"),
                Some(_) => format!("the content of entry {seq} was changed"),
            });
        }
        let beyond: Vec<u64> = self.anchors.keys().filter(|seq| **seq > last).copied().collect();
        if let Some(seq) = beyond.last() {
            self.fault(format!("the chain is cut off after entry {last}: an anchored checkpoint has entry {seq}"));
        } else if self.verdict.entries > 0 && !self.closed {
            self.fault(format!("nothing is signed after entry {}: the end may be cut off", self.verdict.signed_to));
        }
        if !self.begun {
            self.fault("there is nothing in the export".to_owned());
        }
        self.verdict
    }
}

#[cfg(test)]
mod tests;
