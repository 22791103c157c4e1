//! Brotli ([RFC 7932](https://www.rfc-editor.org/rfc/rfc7932)).

use std::fmt;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Out, ROOM, WINDOW_MOST};
use crate::request::Unreadable;

/// The coding named `br`.
pub(super) struct Brotli {
    /// Made when the first byte has told how large the window is.
    state: Option<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    room: Vec<u8>,
    ended: bool,
}

// === impl Brotli ===

impl Brotli {
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), Unreadable> {
        let Some(&first) = bytes.first() else { return Ok(()) };
        if self.ended {
            return Err(Unreadable::CorruptEncoding);
        }
        if self.state.is_none() && 1 << window_bits(first) > WINDOW_MOST {
            return Err(Unreadable::TooLargeDecoded);
        }
        let new =
            || BrotliState::new_strict(StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default());
        let state = self.state.get_or_insert_with(new);
        let (mut left, mut at, mut total) = (bytes.len(), 0, 0);
        loop {
            let (mut room, mut given) = (ROOM, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                bytes,
                &mut room,
                &mut given,
                &mut self.room,
                &mut total,
                state,
            );
            out(self.room.get(..given).unwrap_or_default())?;
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultSuccess if left == 0 => {
                    self.ended = true;
                    return Ok(());
                }
                BrotliResult::ResultSuccess | BrotliResult::ResultFailure => return Err(Unreadable::CorruptEncoding),
            }
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.ended
    }
}

impl Default for Brotli {
    fn default() -> Self {
        Self { state: None, room: vec![0; ROOM], ended: false }
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// The size of the window, as the power of two that bounds it ([RFC 7932, section 9.1](https://www.rfc-editor.org/rfc/rfc7932#section-9.1)).
fn window_bits(first: u8) -> u8 {
    match first & 0b1111 {
        even if even & 1 == 0 => 16,
        1 => 17,
        odd => 17 + (odd >> 1),
    }
}
