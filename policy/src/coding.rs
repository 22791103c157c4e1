//! Content codings: the body as it was before `Content-Encoding`, decoded chunk by chunk under a cap.
//!
//! What is decoded here is what must be sent on, without the header: a compressed stream can hold bytes that no decoder
//! shows (names and comments in gzip, metadata in brotli), and two decoders may differ about a broken one.

mod brotli;
mod deflate;
mod gzip;
mod zstd;

use crate::request::Unreadable;
use brotli::Brotli;
use deflate::Deflate;
use gzip::Gzip;
use zstd::Zstd;

/// Undoes the content codings of one body.
#[derive(Debug)]
pub struct Decoder {
    /// The coding applied last comes first.
    stages: Vec<Stage>,
    limit: Limit,
    failed: Option<Unreadable>,
}

/// One coding to undo.
#[derive(Debug)]
struct Stage {
    coding: Coding,
    /// How many bytes it gave so far.
    given: u64,
}

#[derive(Debug)]
enum Coding {
    Gzip(Box<Gzip>),
    Deflate(Box<Deflate>),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

/// How much any stage may give.
#[derive(Clone, Copy, Debug)]
struct Limit {
    most: u64,
    /// How many bytes came from outside.
    taken: u64,
}

/// The most codings, one on top of the other, that are undone.
const CODINGS_MOST: usize = 3;

/// The most bytes that one byte may become, beyond the first [`RATIO_FREE`] of them; JSON shrinks about tenfold.
const RATIO_MOST: u64 = 256;

/// How many decoded bytes are not held against the ratio: a short repetitive body is no bomb.
const RATIO_FREE: u64 = 1024 * 1024;

/// The largest window of a coding, in bytes: what [RFC 9659](https://www.rfc-editor.org/rfc/rfc9659) allows for zstd.
const WINDOW_MOST: u64 = 8 * 1024 * 1024;

/// How much room a decoder writes to at a time.
const ROOM: usize = 16 * 1024;

/// Where decoded bytes go.
type Out<'a> = dyn FnMut(&[u8]) -> Result<(), Unreadable> + 'a;

// === impl Decoder ===

impl Decoder {
    /// A decoder for a `Content-Encoding` (several fields joined by commas); none if there is nothing to decode.
    ///
    /// No stage may give more than `most` bytes.
    pub fn of(content_encoding: &[u8], most: u64) -> Result<Option<Self>, Unreadable> {
        let mut stages = Vec::new();
        for name in content_encoding.split(|&byte| byte == b',') {
            let Some(coding) = Coding::of(&name.trim_ascii().to_ascii_lowercase())? else { continue };
            if stages.len() >= CODINGS_MOST {
                return Err(Unreadable::UnknownEncoding);
            }
            stages.push(Stage { coding, given: 0 });
        }
        stages.reverse();
        let decoder = Self { stages, limit: Limit { most, taken: 0 }, failed: None };
        Ok(Some(decoder).filter(|decoder| !decoder.stages.is_empty()))
    }

    /// Decodes the body's next bytes and hands all that they give to `out`. Once it has failed, it fails for ever.
    pub fn feed(&mut self, chunk: &[u8], out: &mut impl FnMut(&[u8])) -> Result<(), Unreadable> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        self.limit.taken += chunk.len() as u64;
        let fed = decode(&mut self.stages, self.limit, chunk, out);
        self.failed = fed.err();
        fed
    }

    /// Says that the body ended. Only if this succeeds was it decoded whole.
    pub fn finish(&mut self) -> Result<(), Unreadable> {
        let finished = match self.failed {
            Some(failed) => Err(failed),
            None => self.stages.iter().try_for_each(|stage| stage.coding.finish()),
        };
        self.failed = finished.err();
        finished
    }
}

/// Sends bytes through all stages; as deep as there are stages, [`CODINGS_MOST`].
fn decode(stages: &mut [Stage], limit: Limit, bytes: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Unreadable> {
    let Some((Stage { coding, given }, rest)) = stages.split_first_mut() else {
        out(bytes);
        return Ok(());
    };
    coding.feed(bytes, &mut |decoded| {
        *given += decoded.len() as u64;
        limit.check(*given)?;
        decode(rest, limit, decoded, out)
    })
}

// === impl Coding ===

impl Coding {
    /// The coding of this name, in lower case; none if it changes nothing.
    fn of(name: &[u8]) -> Result<Option<Self>, Unreadable> {
        Ok(Some(match name {
            b"" | b"identity" => return Ok(None),
            b"gzip" | b"x-gzip" => Self::Gzip(Box::default()),
            b"deflate" => Self::Deflate(Box::default()),
            b"br" => Self::Brotli(Box::default()),
            b"zstd" => Self::Zstd(Box::default()),
            _ => return Err(Unreadable::UnknownEncoding),
        }))
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), Unreadable> {
        match self {
            Self::Gzip(gzip) => gzip.feed(bytes, out),
            Self::Deflate(deflate) => deflate.feed(bytes, out),
            Self::Brotli(brotli) => brotli.feed(bytes, out),
            Self::Zstd(zstd) => zstd.feed(bytes, out),
        }
    }

    fn finish(&self) -> Result<(), Unreadable> {
        let whole = match self {
            Self::Gzip(gzip) => gzip.is_whole(),
            Self::Deflate(deflate) => deflate.is_whole(),
            Self::Brotli(brotli) => brotli.is_whole(),
            Self::Zstd(zstd) => zstd.is_whole(),
        };
        if whole { Ok(()) } else { Err(Unreadable::CorruptEncoding) }
    }
}

// === impl Limit ===

impl Limit {
    fn check(self, given: u64) -> Result<(), Unreadable> {
        let proportionate = given <= RATIO_FREE.max(self.taken.saturating_mul(RATIO_MOST));
        if given <= self.most && proportionate { Ok(()) } else { Err(Unreadable::TooLargeDecoded) }
    }
}

#[cfg(test)]
mod tests;
