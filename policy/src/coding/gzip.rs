//! gzip ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)): one member or several, each with its checksum.

use flate2::Crc;

use super::Out;
use super::deflate::{Inflate, Inflated};
use crate::request::Unreadable;

/// The coding named `gzip`.
#[derive(Debug, Default)]
pub(super) struct Gzip {
    state: State,
    /// The header or trailer as far as it has come.
    held: Vec<u8>,
    crc: Crc,
    /// Whether a member has come whole.
    any: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Header,
    Body(Inflate),
    Trailer,
}

/// The longest header that is read, with its name, comment and extra field.
const HEADER_MOST: usize = 4096;

/// Checksum and length, four bytes each.
const TRAILER: usize = 8;

// === impl Gzip ===

impl Gzip {
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), Unreadable> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match &mut self.state {
                State::Header => self.header(rest)?,
                State::Body(inflate) => {
                    let crc = &mut self.crc;
                    let Inflated { taken, ended } = inflate.feed(rest, &mut |decoded| {
                        crc.update(decoded);
                        out(decoded)
                    })?;
                    if ended {
                        self.state = State::Trailer;
                    }
                    taken
                }
                State::Trailer => self.trailer(rest)?,
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.any && matches!(self.state, State::Header) && self.held.is_empty()
    }

    fn header(&mut self, bytes: &[u8]) -> Result<usize, Unreadable> {
        let before = self.held.len();
        self.held.extend(bytes.iter().take(HEADER_MOST - before));
        match header_length(&self.held)? {
            Some(length) => {
                self.held.clear();
                self.crc.reset();
                self.state = State::Body(Inflate::new(false));
                Ok(length - before)
            }
            None if self.held.len() >= HEADER_MOST => Err(Unreadable::CorruptEncoding),
            None => Ok(bytes.len()),
        }
    }

    fn trailer(&mut self, bytes: &[u8]) -> Result<usize, Unreadable> {
        let before = self.held.len();
        self.held.extend(bytes.iter().take(TRAILER - before));
        let taken = self.held.len() - before;
        if let Some((sum, length)) = self.held.split_first_chunk().filter(|(_, length)| length.len() == 4) {
            if u32::from_le_bytes(*sum) != self.crc.sum() || length != self.crc.amount().to_le_bytes() {
                return Err(Unreadable::CorruptEncoding);
            }
            self.held.clear();
            self.any = true;
            self.state = State::Header;
        }
        Ok(taken)
    }
}

/// The length of the header that the bytes begin with; nothing if it has not come whole.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, Unreadable> {
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const CHECKSUM: u8 = 2;
    const RESERVED: u8 = 0xE0;

    let start = [0x1F, 0x8B, 8];
    if bytes.iter().zip(&start).any(|(byte, expected)| byte != expected) {
        return Err(Unreadable::CorruptEncoding);
    }
    let Some(&flags) = bytes.get(3) else { return Ok(None) };
    if flags & RESERVED != 0 {
        return Err(Unreadable::CorruptEncoding);
    }
    let mut at = 10;
    if flags & EXTRA != 0 {
        let Some(&[low, high]) = bytes.get(at..at + 2) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for field in [NAME, COMMENT] {
        if flags & field != 0 {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(end) = rest.iter().position(|&byte| byte == 0) else { return Ok(None) };
            at += end + 1;
        }
    }
    if flags & CHECKSUM != 0 {
        at += 2;
    }
    Ok((at <= bytes.len()).then_some(at))
}
