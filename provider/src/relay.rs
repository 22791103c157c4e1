//! Passes an answer on as it is, for a client whose API its provider speaks: reads what was used as it goes by, and takes
//! out the chunk of usage that only we asked for.

mod strip;
mod tap;

use policy::request::Api;

use self::{strip::Strip, tap::Tap};
use crate::{
    json::{self, Node, Object, Place},
    usage::Usage,
};

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
    tap: Tap,
    strip: Option<Strip>,
}

/// A change in a body: bytes `from` up to `to` become `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The first byte that goes.
    pub from: usize,
    /// The first byte that stays again.
    pub to: usize,
    /// What comes in between.
    pub with: Vec<u8>,
}

/// Asks for usage in a stream of chat completions whose client did not: the change to its request. `None` if the request
/// wants no stream, asks already, or cannot be read.
///
/// Where it gives a change, the chunk of usage is the client's to be spared: see [`Relay::new`].
pub fn ask_usage(body: &[u8]) -> Option<Edit> {
    let text = std::str::from_utf8(body).ok()?;
    let mut request = Object::read(Node::parse_text(text)?, Place::ROOT).ok()?;
    request.take("stream")?.flag().filter(|stream| *stream)?;
    let options = request.take("stream_options");
    let mut asked = Object::answered(options);
    if asked.take("include_usage").and_then(Node::flag) == Some(true) {
        return None;
    }
    let mut with = Vec::new();
    let Some(options) = options else {
        let brace = text.find('{')? + 1;
        let null = Object::read(Node::parse_text(text)?, Place::ROOT).ok()?.position("stream_options", text);
        return Some(match null {
            // `null` is there already; a second member of the name would be refused.
            Some((from, to)) => Edit { from, to, with: br#"{"include_usage":true}"#.to_vec() },
            None => Edit { from: brace, to: brace, with: br#""stream_options":{"include_usage":true},"#.to_vec() },
        });
    };
    let (from, to) = options.position(text)?;
    json::object(&mut with, |object| {
        for (name, value) in asked.rest() {
            object.raw(name, value);
        }
        object.flag("include_usage", true);
    });
    Some(Edit { from, to, with })
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
        Self { tap: Tap::new(api, division), strip: strip.then(Strip::default) }
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

    fn edited(body: &str) -> Option<String> {
        let Edit { from, to, with } = ask_usage(body.as_bytes())?;
        let mut bytes = body.as_bytes().to_vec();
        bytes.splice(from..to, with);
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn usage_is_asked_for_only_in_streams_that_do_not_ask() {
        for (body, expected) in [
            (r#" { "stream":true}"#, Some(r#" {"stream_options":{"include_usage":true}, "stream":true}"#)),
            (
                r#"{"stream":true,"stream_options":null}"#,
                Some(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
            ),
            (
                r#"{"stream":true,"stream_options":{"include_usage":false,"x":[1]},"n":1}"#,
                Some(r#"{"stream":true,"stream_options":{"x":[1],"include_usage":true},"n":1}"#),
            ),
            (r#"{"stream":true,"stream_options":{"include_usage":true}}"#, None),
            (r#"{"stream":false}"#, None),
            (r#"{}"#, None),
            (r#"{"stream":true"#, None),
        ] {
            assert_eq!(edited(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn the_content_type_tells_how_a_body_is_divided() {
        assert_eq!(Division::of("text/event-stream; charset=utf-8"), Division::Events);
        assert_eq!(Division::of("application/x-ndjson"), Division::Lines);
        assert_eq!(Division::of("application/json"), Division::Whole);
    }
}
