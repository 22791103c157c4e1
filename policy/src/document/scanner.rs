//! The state machine over the bytes of a document.

use super::block::{Assembly, Piece};
use super::frame::Frames;
use super::number::Number;
use super::text::{Reach, Text};
use super::{Block, Container, Kind, Literal, Malformed, Place, Sink, unescape};
use crate::request::Unreadable;

/// A streaming reader of one JSON document.
#[derive(Debug, Default)]
pub struct Scanner {
    state: State,
    /// The offset in the body of the chunk's first byte.
    base: u64,
    frames: Frames,
    /// The key, string or number being read.
    kind: Kind,
    begun: u64,
    index: u64,
    assembly: Assembly,
    /// For keys with escapes.
    scratch: String,
    failed: Option<Malformed>,
}

/// What may come next.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Value,
    /// After `[`.
    ValueOrEnd,
    /// After `{`.
    KeyOrEnd,
    /// After `,` in an object.
    Key,
    Colon,
    CommaOrEnd,
    /// After the document.
    Done,
    Text(Text),
    Number(Number),
    /// In `true`, `false` or `null`, with so much left.
    Literal {
        left: &'static [u8],
        literal: Literal,
    },
}

// === impl Scanner ===

impl Scanner {
    /// A reader at the start of a document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the body's next bytes. Once it has failed, it fails for ever, in the same way.
    pub fn feed(&mut self, chunk: &[u8], sink: &mut impl Sink) -> Result<(), Malformed> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let fed = self.read(chunk, sink);
        self.failed = fed.err();
        self.base += chunk.len() as u64;
        fed
    }

    /// Says that the body ended. Only if this succeeds was the document well-formed.
    pub fn finish(&mut self, sink: &mut impl Sink) -> Result<(), Malformed> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        if let State::Number(number) = self.state
            && self.frames.depth() == 0
            && number.may_end()
        {
            self.end_token(&[], sink)?;
        }
        let finished = match self.state {
            State::Done => Ok(()),
            _ => Err(Malformed::syntax(self.base, "the document ends too early")),
        };
        self.failed = finished.err();
        finished
    }

    /// How many bytes were read so far.
    pub fn offset(&self) -> u64 {
        self.base
    }

    fn read(&mut self, chunk: &[u8], sink: &mut impl Sink) -> Result<(), Malformed> {
        let mut done = 0;
        while let Some(&byte) = chunk.get(done) {
            let rest = chunk.get(done..).unwrap_or_default();
            let at = self.base + done as u64;
            done += match self.state {
                State::Text(text) => self.text(text, rest, at, sink)?,
                State::Number(number) => self.number(number, rest, at, sink)?,
                State::Literal { left, literal } => {
                    if self.literal(byte, at, left, literal)? {
                        let place = Place { at: self.begun, depth: self.frames.depth(), key: self.frames.name() };
                        sink.literal(literal, place);
                        self.end_value();
                    }
                    1
                }
                _ if is_space(byte) => 1,
                _ => self.structure(byte, at, sink)?,
            };
        }
        Ok(())
    }

    /// Takes one byte outside of strings, numbers and literals, and says how many it took.
    fn structure(&mut self, byte: u8, at: u64, sink: &mut impl Sink) -> Result<usize, Malformed> {
        match (self.state, byte) {
            (State::ValueOrEnd, b']') | (State::KeyOrEnd, b'}') => self.close(at, sink)?,
            (State::CommaOrEnd, b']') if self.frames.innermost() == Some(Container::Array) => self.close(at, sink)?,
            (State::CommaOrEnd, b'}') if self.frames.innermost() == Some(Container::Object) => self.close(at, sink)?,
            (State::Value | State::ValueOrEnd, _) => return self.value(byte, at, sink),
            (State::Key | State::KeyOrEnd, b'"') => self.begin_text(Kind::Key, at),
            (State::Colon, b':') => self.state = State::Value,
            (State::CommaOrEnd, b',') => {
                self.state = if self.frames.innermost() == Some(Container::Object) { State::Key } else { State::Value };
            }
            (state, _) => return Err(state.unexpected(at)),
        }
        Ok(1)
    }

    fn value(&mut self, byte: u8, at: u64, sink: &mut impl Sink) -> Result<usize, Malformed> {
        let literal = |left, literal| State::Literal { left, literal };
        match byte {
            b'{' => self.open(Container::Object, at, sink)?,
            b'[' => self.open(Container::Array, at, sink)?,
            b'"' => self.begin_text(Kind::Text, at),
            b't' => (self.begun, self.state) = (at, literal(b"rue", Literal::True)),
            b'f' => (self.begun, self.state) = (at, literal(b"alse", Literal::False)),
            b'n' => (self.begun, self.state) = (at, literal(b"ull", Literal::Null)),
            _ if Number::Start.next(byte).is_some() => {
                self.begin_token(Kind::Number, at, at);
                self.state = State::Number(Number::Start);
                // The byte is the number's content, so it is left to the number.
                return Ok(0);
            }
            _ => return Err(self.state.unexpected(at)),
        }
        Ok(1)
    }

    fn open(&mut self, container: Container, at: u64, sink: &mut impl Sink) -> Result<(), Malformed> {
        sink.begin(container, Place { at, depth: self.frames.depth(), key: self.frames.name() });
        self.frames.open(container, at)?;
        self.state = if container == Container::Object { State::KeyOrEnd } else { State::ValueOrEnd };
        Ok(())
    }

    fn close(&mut self, at: u64, sink: &mut impl Sink) -> Result<(), Malformed> {
        let container = self.frames.innermost().unwrap_or(Container::Object);
        self.frames.close(at)?;
        sink.end(container, at + 1);
        self.end_value();
        Ok(())
    }

    fn literal(&mut self, byte: u8, at: u64, left: &'static [u8], literal: Literal) -> Result<bool, Malformed> {
        match left.split_first() {
            Some((&expected, left)) if expected == byte => {
                self.state = State::Literal { left, literal };
                Ok(left.is_empty())
            }
            _ => Err(Malformed::syntax(at, "only `true`, `false` and `null` are written without quotes")),
        }
    }

    fn number(&mut self, number: Number, rest: &[u8], at: u64, sink: &mut impl Sink) -> Result<usize, Malformed> {
        let mut number = number;
        for (length, &byte) in rest.iter().enumerate() {
            if let Some(next) = number.next(byte) {
                number = next;
                continue;
            }
            if !number.may_end() {
                return Err(Malformed::syntax(at + length as u64, "a number needs a digit here"));
            }
            self.end_token(rest.get(..length).unwrap_or_default(), sink)?;
            return Ok(length);
        }
        self.state = State::Number(number);
        self.push(rest, false, sink);
        Ok(rest.len())
    }

    fn text(&mut self, text: Text, rest: &[u8], at: u64, sink: &mut impl Sink) -> Result<usize, Malformed> {
        let mut text = text;
        match text.scan(rest, at)? {
            Reach::Closed(length) => {
                self.end_token(rest.get(..length).unwrap_or_default(), sink)?;
                Ok(length + 1)
            }
            Reach::All => {
                self.state = State::Text(text);
                self.push(rest, false, sink);
                Ok(rest.len())
            }
        }
    }

    fn begin_text(&mut self, kind: Kind, at: u64) {
        self.begin_token(kind, at, at + 1);
        self.state = State::Text(Text::default());
        if kind == Kind::Key {
            self.frames.begin_key();
        }
    }

    fn begin_token(&mut self, kind: Kind, at: u64, content: u64) {
        self.kind = kind;
        self.begun = at;
        self.assembly.begin(content);
    }

    fn end_token(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), Malformed> {
        self.push(bytes, true, sink);
        self.index += 1;
        if self.kind == Kind::Key {
            self.frames.end_key(self.begun)?;
            self.state = State::Colon;
        } else {
            self.end_value();
        }
        Ok(())
    }

    fn end_value(&mut self) {
        self.state = if self.frames.depth() == 0 { State::Done } else { State::CommaOrEnd };
    }

    /// Hands on the next bytes of a key, string or number.
    fn push(&mut self, bytes: &[u8], last: bool, sink: &mut impl Sink) {
        let Self { kind, begun, index, assembly, frames, scratch, .. } = self;
        let (at, depth) = (*begun, frames.depth());
        assembly.push(bytes, last, &mut |Piece { raw, at: raw_at, overlap, first, last }| {
            let key = if *kind == Kind::Key { frames.outer_name() } else { frames.name() };
            let place = Place { at, depth, key };
            let block = Block { kind: *kind, place, index: *index, raw, at: raw_at, overlap, first, last };
            sink.block(&block);
            if *kind == Kind::Key {
                frames.extend_key(unescape(raw.get(overlap..).unwrap_or_default(), scratch));
            }
        });
    }
}

// === impl State ===

impl State {
    /// That something else was expected.
    fn unexpected(self, at: u64) -> Malformed {
        Malformed::syntax(
            at,
            match self {
                Self::Value => "expected a value",
                Self::ValueOrEnd => "expected a value or `]`",
                Self::KeyOrEnd => "expected a key or `}`",
                Self::Key => "expected a key",
                Self::Colon => "expected `:`",
                Self::CommaOrEnd => "expected `,` or the end of the object or array",
                Self::Done | Self::Text(_) | Self::Number(_) | Self::Literal { .. } => {
                    let what = "something follows the document";
                    return Malformed { reason: Unreadable::TrailingData, at, what };
                }
            },
        )
    }
}

/// The four bytes that JSON takes for white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
