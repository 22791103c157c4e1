//! What was found in texts already seen: a chat re-sends its whole history each turn.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;

use super::Tally;

/// Findings of blocks of text, remembered under a keyed hash of the block.
///
/// The key is secret, so nobody can craft a harmless block that stands for a harmful one. It serves one set of
/// detectors only: whoever compiles another begins with an empty history.
#[derive(Debug)]
pub struct History {
    key: [u8; 16],
    slots: Vec<Slot>,
}

/// The keyed hash of one block of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockKey(u128);

/// How a block of text is read, on which depends what counts as found in it.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Role<'a> {
    /// Short strings, one a line.
    Lines,
    /// A long string, or a part of one.
    Long {
        /// Whether the string begins here.
        first: bool,
        /// Whether the string ends here.
        last: bool,
        /// How many of its bytes were in the part before.
        overlap: usize,
    },
    /// Seams, and where each of them lies.
    Seams(&'a [usize]),
}

/// What was found in one block; nothing, mostly.
pub type Verdict = Option<Rc<Tally>>;

#[derive(Clone, Debug)]
struct Slot {
    key: BlockKey,
    found: Verdict,
}

// === impl History ===

impl History {
    /// How many blocks are remembered. At 32 bytes a slot this is 256 KB a worker, and holds the text of some hundred
    /// agents' histories; a newer block takes the slot of an older one.
    const SLOTS: usize = 8192;

    /// An empty history under a secret key.
    pub fn new(key: [u8; 16]) -> Self {
        Self { key, slots: Vec::new() }
    }

    /// The key of a block of text. What is found in it depends on its role, too, so that is part of the key.
    pub fn key(&self, role: Role<'_>, block: &[u8]) -> BlockKey {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        role.hash(&mut hasher);
        hasher.write(block);
        BlockKey(hasher.finish128().as_u128())
    }

    /// What was found when this block was scanned, if it is remembered.
    pub fn recall(&self, key: BlockKey) -> Option<Verdict> {
        let slot = self.slots.get(place(key))?;
        (slot.key == key).then(|| slot.found.clone())
    }

    /// Remembers what was found in a block.
    pub fn remember(&mut self, key: BlockKey, found: Verdict) {
        if self.slots.is_empty() {
            // A block whose hash is zero would be recalled from an empty slot: one chance in 2^128.
            self.slots = vec![Slot { key: BlockKey(0), found: None }; Self::SLOTS];
        }
        if let Some(slot) = self.slots.get_mut(place(key)) {
            *slot = Slot { key, found };
        }
    }
}

fn place(key: BlockKey) -> usize {
    usize::try_from(key.0 % History::SLOTS as u128).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_recalled_only_after_it_was_seen() {
        let mut history = History::new([7; 16]);
        let key = history.key(Role::Lines, b"hello");
        assert!(history.recall(key).is_none());
        history.remember(key, None);
        assert_eq!(history.recall(key).map(|found| found.is_none()), Some(true));
        assert!(history.recall(history.key(Role::Lines, b"hello!")).is_none());
    }

    #[test]
    fn the_key_depends_on_the_secret() {
        assert_ne!(History::new([1; 16]).key(Role::Lines, b"hello"), History::new([2; 16]).key(Role::Lines, b"hello"));
    }
}
