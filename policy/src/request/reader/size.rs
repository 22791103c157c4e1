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
        let other = if bytes.is_ascii() { 0 } else { bytes.chunks(MOST_IN_A_BYTE).map(not_ascii).sum() };
        self.ascii += length - other;
        self.other += other;
    }

    /// The estimate that [`Asked::tokens`] describes.
    pub(super) fn tokens(self) -> u64 {
        self.ascii.div_ceil(4) + self.other.div_ceil(2) + self.images * 1_000 + self.payload.div_ceil(32)
    }
}

/// So many bytes can be counted in one.
const MOST_IN_A_BYTE: usize = u8::MAX as usize;

/// How many of at most [`MOST_IN_A_BYTE`] bytes are not ASCII. Sums that fit into a byte take a fifth of the time.
fn not_ascii(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| byte >> 7).sum::<u8>().into()
}
