//! Passes an answer on as it is, for a client whose API its provider speaks: reads what was used as it goes by, and takes
//! out the chunk of usage that only we asked for.

mod strip;
mod tap;

use policy::{request::Api, usage::Usage};

use self::{strip::Strip, tap::Tap};

/// How the body of an answer is divided, as its content type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// One document.
    Whole,
    /// `text/event-stream`.
    Events,
    /// `application/x-ndjson`.
    Lines,
}

/// An answer that is passed on.
#[derive(Debug)]
pub struct Relay {
    division: Division,
    tap: Tap,
    strip: Option<Strip>,
}

// === impl Division ===

impl Division {
    /// As a content type tells.
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match () {
            () if kind.eq_ignore_ascii_case("text/event-stream") => Self::Events,
            () if kind.eq_ignore_ascii_case("application/x-ndjson") => Self::Lines,
            () => Self::Whole,
        }
    }
}

// === impl Relay ===

impl Relay {
    /// An answer to a client of `api`. `spare_usage` if only we asked for usage in the stream.
    pub fn new(api: Api, division: Division, spare_usage: bool) -> Self {
        let strip = spare_usage && api == Api::Chat && division == Division::Events;
        Self { division, tap: Tap::new(api, division), strip: strip.then(Strip::default) }
    }

    /// Whether the body may change, so that its length is not known beforehand.
    pub fn changes(&self) -> bool {
        self.strip.is_some()
    }

    /// Whether the answer is told piece by piece.
    pub fn is_stream(&self) -> bool {
        self.division != Division::Whole
    }

    /// Takes the next piece of the body. Gives what goes on in its place; `None` if it goes on as it is.
    pub fn feed(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        self.tap.feed(piece);
        self.strip.as_mut().map(|strip| strip.feed(piece))
    }

    /// The body is over: gives what was held back.
    pub fn finish(&mut self) -> Vec<u8> {
        self.strip.as_mut().map(Strip::finish).unwrap_or_default()
    }

    /// What is known of the answer's tokens so far.
    pub fn usage(&self) -> Usage {
        self.tap.usage()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_tells_how_a_body_is_divided() {
        assert_eq!(Division::of("text/event-stream; charset=utf-8"), Division::Events);
        assert_eq!(Division::of("application/x-ndjson"), Division::Lines);
        assert_eq!(Division::of("application/json"), Division::Whole);
    }
}
