//! How large a request is, in tokens, about.

/// How much there is of what makes up an estimate of tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    ascii: u64,
    other: u64,
    pub(super) images: u64,
    pub(super) payload: u64,
}

// === impl Size ===

impl Size {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let other = if bytes.is_ascii() { 0 } else { bytes.iter().map(|byte| u64::from(byte >> 7)).sum() };
        self.ascii += length - other;
        self.other += other;
    }

    /// The estimate that [`Asked::tokens`] describes.
    pub(super) fn tokens(self) -> u64 {
        self.ascii.div_ceil(4) + self.other.div_ceil(2) + self.images * 1_000 + self.payload.div_ceil(32)
    }
}
