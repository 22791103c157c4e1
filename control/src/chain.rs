//! The audit chain: what an entry is, what its hash covers, how its end is signed, and how it is written out.
//!
//! The service writes it; anybody who has an export can check it, with nothing but this.

pub mod canonical;
pub mod signature;
pub mod verify;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use canonical::Hash;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The audit record of an exchange.
    Record,
    /// Somebody changed something.
    Change,
    /// Somebody looked at audit records.
    Look,
    /// Content was taken out of earlier entries.
    Tombstone,
}

/// What an entry's hash covers: its canonical JSON is hashed.
#[derive(Clone, Debug, Serialize)]
pub struct Link<'a> {
    /// The hash of the content, which may be taken out later.
    pub content: Hash,
    /// What the entry is about.
    pub kind: Kind,
    /// The node that it comes from.
    pub node: &'a str,
    /// The hash of the entry before; of the first, zeros.
    pub previous: Hash,
    /// When it came, in microseconds since the Unix epoch.
    pub received_us: u64,
    /// Its place in the chain, from 1.
    pub seq: u64,
}

/// A line of an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// The first line.
    Begin(Begin),
    /// An entry.
    Entry(Entry),
    /// A signature over the chain as far as it came.
    Checkpoint(Checkpoint),
}

/// How an export begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The place of the first entry.
    pub first: u64,
    /// The hash of the entry before it; zeros if there is none.
    pub previous: Hash,
    /// The public key that checkpoints are signed with, in hexadecimal.
    pub key: String,
}

/// An entry as it is exported.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// What it is about.
    pub kind: Kind,
    /// The node that it comes from; empty if from the service itself.
    pub node: String,
    /// When it came, in microseconds since the Unix epoch.
    pub received_us: u64,
    /// What it says, as canonical JSON, byte for byte; `null` once it has been taken out.
    pub content: Box<RawValue>,
    /// The hash of what it said when it came.
    pub content_hash: Hash,
    /// The hash of the entry.
    pub hash: Hash,
}

/// A signature over the chain as far as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The place of the last entry.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// When it was signed, in microseconds since the Unix epoch.
    pub time_us: u64,
    /// The Ed25519 signature over the canonical JSON of the other three, in hexadecimal.
    pub signature: String,
}

/// What a tombstone says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Why: `erased` for the sake of somebody's identity, `expired` by age.
    pub what: String,
    /// Who did it.
    pub who: String,
    /// The entries whose content is gone: first and last place of each run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<(u64, u64)>,
    /// The entries whose content is another now, and the hash of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<(u64, Hash)>,
}

// === impl Kind ===

impl Kind {
    const ALL: [Self; 4] = [Self::Record, Self::Change, Self::Look, Self::Tombstone];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Change => "change",
            Self::Look => "look",
            Self::Tombstone => "tombstone",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

// === impl Link ===

impl Link<'_> {
    /// The hash of the entry.
    pub fn hash(&self) -> Hash {
        // Strings and whole numbers always have a canonical form: this one, since the fields are in order, and neither
        // microseconds nor places come near the limit.
        Hash::of(canonical::of_plain(self).unwrap_or_default())
    }
}

// === impl Entry ===

impl Entry {
    /// The hash that it must have after the entry with this hash.
    pub fn hash_after(&self, previous: Hash) -> Hash {
        let Self { seq, kind, node, received_us, content_hash, content: _, hash: _ } = self;
        let (seq, kind, received_us) = (*seq, *kind, *received_us);
        Link { content: *content_hash, kind, node, previous, received_us, seq }.hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_covers_every_part_of_an_entry() {
        let link = Link {
            content: Hash::of("{}"),
            kind: Kind::Record,
            node: "n",
            previous: Hash::default(),
            received_us: 1,
            seq: 1,
        };
        let others = [
            Link { content: Hash::of("[]"), ..link.clone() },
            Link { kind: Kind::Change, ..link.clone() },
            Link { node: "m", ..link.clone() },
            Link { previous: Hash::of(""), ..link.clone() },
            Link { received_us: 2, ..link.clone() },
            Link { seq: 2, ..link.clone() },
        ];
        assert_eq!(Some(link.hash()), canonical::to_string(&link).ok().map(Hash::of), "written canonically");
        for other in others {
            assert_ne!(other.hash(), link.hash(), "{other:?}");
        }
        assert_eq!(link.hash(), link.clone().hash());
    }
}
