//! Translates an answer that comes piece by piece, as it comes.

use policy::{catalogue::Format, request::Api};

use crate::{
    anthropic,
    conversation::{Event, Kind, Ordered, Sink},
    frames::{Frames, Framing},
    ollama, openai,
    redact::{Placeholders, Restorer},
    responses,
    stamp::Stamp,
};
use policy::usage::Usage;

/// A streamed answer on its way from a provider to a client.
///
/// It holds at most one event of the provider's, and those arguments of calls that must wait for others; each is
/// bounded. What goes wrong on the way is told the client in its own format, as the last thing that it hears.
#[derive(Debug)]
pub struct Stream {
    frames: Frames,
    reader: Reader,
    ordered: Ordered,
    restoring: Option<Restoring>,
    writer: Writer,
}

/// Puts values back in the place of placeholders, block by block.
#[derive(Debug)]
struct Restoring {
    placeholders: Placeholders,
    restorer: Restorer,
}

#[derive(Debug)]
enum Reader {
    OpenAi(openai::Reader),
    Anthropic(anthropic::Reader),
    Ollama(ollama::Reader),
}

#[derive(Debug)]
enum Writer {
    OpenAi(openai::Writer),
    Anthropic(anthropic::Writer),
    Ollama(ollama::Writer),
    Responses(responses::Writer),
}

// === impl Stream ===

impl Stream {
    /// An answer to a client of `api` from a provider of a format; `None` if that API's answers are not translated.
    ///
    /// `usage_asked` is what [`Translated`](crate::translate::Translated) says.
    pub fn new(api: Api, format: Format, usage_asked: bool, stamp: Stamp) -> Option<Self> {
        let (framing, reader) = match format {
            Format::Openai => (Framing::Events, Reader::OpenAi(openai::Reader::default())),
            Format::Anthropic => (Framing::Events, Reader::Anthropic(anthropic::Reader::default())),
            Format::Ollama => (Framing::Lines, Reader::Ollama(ollama::Reader::default())),
        };
        let writer = match api {
            Api::Chat => Writer::OpenAi(openai::Writer::new(stamp, usage_asked)),
            Api::Messages => Writer::Anthropic(anthropic::Writer::new(stamp)),
            Api::OllamaChat => Writer::Ollama(ollama::Writer::new(&stamp)),
            Api::Responses => Writer::Responses(responses::Writer::new(stamp)),
            _ => return None,
        };
        Some(Self { frames: Frames::new(framing), reader, ordered: Ordered::default(), restoring: None, writer })
    }

    /// Puts values back in the place of these placeholders.
    #[must_use]
    pub fn restoring(mut self, placeholders: Placeholders) -> Self {
        let used = (!placeholders.is_empty()).then_some(placeholders);
        self.restoring = used.map(|placeholders| Restoring { placeholders, restorer: Restorer::text() });
        self
    }

    /// Takes the next piece of the provider's body, and appends to the client's what comes of it.
    pub fn feed(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        while !self.ordered.ended() {
            match self.frames.next(&mut piece) {
                Some(Ok(frame)) => self.read(&frame, out),
                Some(Err(_)) => self.error("an event of the answer is too long", out),
                None => return,
            }
        }
    }

    /// The provider's body is over: appends what the client is still to hear.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(frame) = self.frames.last().filter(|_| !self.ordered.ended()) {
            self.read(&frame, out);
        }
        let Self { ordered, restoring, writer, .. } = self;
        if !ordered.ended() {
            ordered.finish(&mut |event| write(event, restoring.as_mut(), writer, out));
        }
    }

    /// Whether the provider brought the answer to its end. If not, the client was told so.
    pub fn is_whole(&self) -> bool {
        self.ordered.is_whole()
    }

    /// What is known of the answer's tokens so far.
    pub fn usage(&self) -> Usage {
        self.ordered.usage()
    }

    fn read(&mut self, frame: &[u8], out: &mut Vec<u8>) {
        let Self { reader, ordered, restoring, writer, .. } = self;
        let sink: Sink<'_> = &mut |event| write(event, restoring.as_mut(), writer, out);
        match reader {
            Reader::OpenAi(reader) => reader.read(frame, ordered, sink),
            Reader::Anthropic(reader) => reader.read(frame, ordered, sink),
            Reader::Ollama(reader) => reader.read(frame, ordered, sink),
        }
    }

    fn error(&mut self, message: &str, out: &mut Vec<u8>) {
        let Self { ordered, restoring, writer, .. } = self;
        ordered.error(502, message, &mut |event| write(event, restoring.as_mut(), writer, out));
    }
}

fn write(event: Event<'_>, restoring: Option<&mut Restoring>, writer: &mut Writer, out: &mut Vec<u8>) {
    match restoring {
        Some(restoring) => restoring.write(event, writer, out),
        None => writer.write(event, out),
    }
}

// === impl Restoring ===

impl Restoring {
    fn write(&mut self, event: Event<'_>, writer: &mut Writer, out: &mut Vec<u8>) {
        let text = match &event {
            Event::Open(Kind::ToolCall { .. }) => {
                self.restorer = Restorer::json();
                String::new()
            }
            Event::Open(_) => {
                self.restorer = Restorer::text();
                String::new()
            }
            Event::Delta(piece) => self.restorer.feed(piece, &self.placeholders),
            Event::Close | Event::Error { .. } => self.restorer.finish(),
            Event::Start { .. } | Event::Signature(_) | Event::End { .. } => String::new(),
        };
        if !text.is_empty() {
            writer.write(Event::Delta(text.into()), out);
        }
        if !matches!(event, Event::Delta(_)) {
            writer.write(event, out);
        }
    }
}

// === impl Writer ===

impl Writer {
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match self {
            Self::OpenAi(writer) => writer.write(event, out),
            Self::Anthropic(writer) => writer.write(event, out),
            Self::Ollama(writer) => writer.write(event, out),
            Self::Responses(writer) => writer.write(event, out),
        }
    }
}
