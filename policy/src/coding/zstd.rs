//! Zstandard ([RFC 8878](https://www.rfc-editor.org/rfc/rfc8878)), block by block.

use std::fmt;
use std::io::Read;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Out, ROOM, WINDOW_MOST};
use crate::request::Unreadable;

/// The coding named `zstd`: one frame or several. Frames that decoders skip are refused: nobody would read them.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// A header or block as far as it has come.
    held: Vec<u8>,
    state: State,
    room: Vec<u8>,
    /// Whether a frame has come whole.
    any: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Block { checksum: bool },
}

/// What must have come before anything can be done with it.
struct Unit {
    length: usize,
    /// Of a header, whether a checksum will follow the frame; of a block, whether it is the frame's last.
    flag: bool,
}

/// The largest block, in bytes as they are sent.
const BLOCK_MOST: usize = 128 * 1024;

// === impl Zstd ===

impl Zstd {
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), Unreadable> {
        let mut rest = bytes;
        while !rest.is_empty() {
            // How long a header or block is stands in its first bytes, so it is asked for as they come.
            let wanted = self.unit()?.map_or(self.held.len() + 1, |unit| unit.length);
            let (more, after) = rest.split_at_checked(wanted - self.held.len()).unwrap_or((rest, &[]));
            self.held.extend_from_slice(more);
            rest = after;
            if let Some(unit) = self.unit()?.filter(|unit| unit.length == self.held.len()) {
                self.take(unit.flag, out)?;
                self.held.clear();
            }
        }
        Ok(())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.any && matches!(self.state, State::Header) && self.held.is_empty()
    }

    /// The header or block that comes, if enough of it is held to tell its length.
    fn unit(&self) -> Result<Option<Unit>, Unreadable> {
        match self.state {
            State::Header => header(&self.held),
            State::Block { checksum } => block(&self.held, checksum),
        }
    }

    /// Takes the header or block that is held whole.
    fn take(&mut self, flag: bool, out: &mut Out<'_>) -> Result<(), Unreadable> {
        let mut held = self.held.as_slice();
        let State::Block { .. } = self.state else {
            self.decoder.reset(&mut held).map_err(refused)?;
            self.state = State::Block { checksum: flag };
            return Ok(());
        };
        self.decoder.decode_blocks(&mut held, BlockDecodingStrategy::UptoBlocks(1)).map_err(refused)?;
        while self.decoder.can_collect() > 0 {
            let given = self.decoder.read(&mut self.room).map_err(|_| Unreadable::CorruptEncoding)?;
            out(self.room.get(..given).unwrap_or_default())?;
        }
        if flag {
            let expected = self.decoder.get_checksum_from_data();
            if expected.is_some() && expected != self.decoder.get_calculated_checksum() {
                return Err(Unreadable::CorruptEncoding);
            }
            self.any = true;
            self.state = State::Header;
        }
        Ok(())
    }
}

impl Default for Zstd {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_MOST);
        Self { decoder, held: Vec::new(), state: State::Header, room: vec![0; ROOM], any: false }
    }
}

impl fmt::Debug for Zstd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd").field("state", &self.state).field("any", &self.any).finish_non_exhaustive()
    }
}

/// The frame header that the bytes begin ([section 3.1.1.1](https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1)).
fn header(bytes: &[u8]) -> Result<Option<Unit>, Unreadable> {
    const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
    if bytes.iter().zip(&MAGIC).any(|(byte, expected)| byte != expected) {
        return Err(Unreadable::CorruptEncoding);
    }
    let Some(&descriptor) = bytes.get(4) else { return Ok(None) };
    let single = descriptor & 0b10_0000 != 0;
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 0b11)).copied().unwrap_or_default();
    let size = match (descriptor >> 6, single) {
        (0, single) => usize::from(single),
        (power, _) => 1 << power,
    };
    let length = MAGIC.len() + 1 + usize::from(!single) + dictionary + size;
    Ok(Some(Unit { length, flag: descriptor & 0b100 != 0 }))
}

/// The block that the bytes begin ([section 3.1.1.2](https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.2)), with the
/// frame's checksum if it is the last.
fn block(bytes: &[u8], checksum: bool) -> Result<Option<Unit>, Unreadable> {
    const RUN: u32 = 1;
    let Some(&[low, middle, high]) = bytes.get(..3) else { return Ok(None) };
    let header = u32::from_le_bytes([low, middle, high, 0]);
    let last = header & 1 != 0;
    let content = match header >> 1 & 0b11 {
        RUN => 1,
        _ => (header >> 3) as usize,
    };
    if content > BLOCK_MOST {
        return Err(Unreadable::CorruptEncoding);
    }
    let trailer = if last && checksum { 4 } else { 0 };
    Ok(Some(Unit { length: 3 + content + trailer, flag: last }))
}

fn refused(error: FrameDecoderError) -> Unreadable {
    match error {
        FrameDecoderError::WindowSizeTooBig { .. } => Unreadable::TooLargeDecoded,
        _ => Unreadable::CorruptEncoding,
    }
}
