//! Numbers that are missing among those that came.

use serde::{Deserialize, Serialize};

/// Records of one instance that have not come, although later ones have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// The first number that is missing.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// When a later number showed that they are missing, in microseconds since the Unix epoch. What is missing since a
    /// moment is likely still under way: a record is written when its exchange ends.
    pub since_us: u64,
}

// === impl Hole ===

impl Hole {
    /// How many records are missing.
    pub fn len(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// What is left of it once this number has come; `None` if the number does not belong to it.
    pub fn without(self, number: u64) -> Option<[Option<Self>; 2]> {
        if !(self.first..=self.last).contains(&number) {
            return None;
        }
        let before = (self.first < number).then(|| Self { last: number - 1, ..self });
        let after = (number < self.last).then(|| Self { first: number + 1, ..self });
        Some([before, after])
    }
}
