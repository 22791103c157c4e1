//! DEFLATE ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)), in zlib's wrapping
//! ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)) as HTTP says, or bare as some clients send it.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Out, ROOM};
use crate::request::Unreadable;

/// The coding named `deflate`.
#[derive(Debug, Default)]
pub(super) struct Deflate {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Start,
    /// The first byte came alone: two tell the wrapping.
    First(u8),
    Body(Inflate),
    End,
}

/// A stream of DEFLATE, with or without zlib's wrapping.
#[derive(Debug)]
pub(super) struct Inflate {
    decompress: Decompress,
    room: Vec<u8>,
}

/// How far an [`Inflate`] came.
pub(super) struct Inflated {
    /// How many bytes it took.
    pub(super) taken: usize,
    /// Whether the stream has ended.
    pub(super) ended: bool,
}

// === impl Deflate ===

impl Deflate {
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), Unreadable> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(()) };
        match (&mut self.state, rest.first()) {
            (State::Start, None) => {
                self.state = State::First(first);
                Ok(())
            }
            (State::Start, Some(&second)) => self.begin(first, second, &[bytes], out),
            (&mut State::First(before), _) => self.begin(before, first, &[&[before], bytes], out),
            (State::Body(inflate), _) => {
                let Inflated { taken, ended } = inflate.feed(bytes, out)?;
                if ended {
                    self.state = State::End;
                }
                if taken == bytes.len() { Ok(()) } else { Err(Unreadable::CorruptEncoding) }
            }
            (State::End, _) => Err(Unreadable::CorruptEncoding),
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.state, State::End)
    }

    fn begin(&mut self, first: u8, second: u8, parts: &[&[u8]], out: &mut Out<'_>) -> Result<(), Unreadable> {
        let is_zlib = first & 0x0F == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
        self.state = State::Body(Inflate::new(is_zlib));
        parts.iter().try_for_each(|part| self.feed(part, out))
    }
}

// === impl Inflate ===

impl Inflate {
    pub(super) fn new(zlib: bool) -> Self {
        Self { decompress: Decompress::new(zlib), room: vec![0; ROOM] }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<Inflated, Unreadable> {
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let (came, gave) = (self.decompress.total_in(), self.decompress.total_out());
            let status = self.decompress.decompress(rest, &mut self.room, FlushDecompress::None);
            let status = status.map_err(|_| Unreadable::CorruptEncoding)?;
            let step = (self.decompress.total_in() - came) as usize;
            let given = (self.decompress.total_out() - gave) as usize;
            taken += step;
            out(self.room.get(..given).unwrap_or_default())?;
            if status == Status::StreamEnd {
                return Ok(Inflated { taken, ended: true });
            }
            if given < ROOM && taken == bytes.len() {
                return Ok(Inflated { taken, ended: false });
            }
            if step == 0 && given == 0 {
                return Err(Unreadable::CorruptEncoding);
            }
        }
    }
}
