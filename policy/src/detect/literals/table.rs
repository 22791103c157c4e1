//! A hash table that is made once: from a few bytes of a text to the literals that may stand there.

/// Which literals may stand where some bytes do.
#[derive(Debug)]
pub struct Table {
    /// Where the entries of each bucket begin: a power of two of buckets, and the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// A literal, under one of the keys that lead to it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub key: u32,
    /// What eight bytes from the place of the key on must be, as far as `mask` goes.
    pub bytes: u64,
    pub mask: u64,
    pub literal: u32,
    /// Where in the literal the key stands; one before it at the least.
    pub offset: i8,
}

// === impl Table ===

impl Table {
    /// Takes all entries.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        let buckets = (2 * entries.len()).next_power_of_two().max(2);
        entries.sort_by_key(|entry| bucket_of(entry.key, buckets));
        let mut starts = vec![0_u32; buckets + 1];
        for entry in &entries {
            if let Some(start) = starts.get_mut(bucket_of(entry.key, buckets) + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { starts, entries }
    }

    /// The entries of a key that go with the eight bytes which begin with it.
    #[inline]
    pub fn at(&self, key: u32, eight: u64) -> impl Iterator<Item = &Entry> {
        let bucket = bucket_of(key, self.starts.len().saturating_sub(1));
        let start = self.starts.get(bucket).map_or(0, |start| *start as usize);
        let end = self.starts.get(bucket + 1).map_or(0, |end| *end as usize);
        let entries = self.entries.get(start..end).unwrap_or_default();
        entries.iter().filter(move |entry| entry.key == key && eight & entry.mask == entry.bytes)
    }
}

fn bucket_of(key: u32, buckets: usize) -> usize {
    (u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & buckets.saturating_sub(1)
}
