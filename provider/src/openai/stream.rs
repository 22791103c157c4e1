//! Answers of chat completions, piece by piece,
//! <https://platform.openai.com/docs/api-reference/chat-streaming/streaming>.

use std::borrow::Cow;

use policy::request::Family;

use super::{answer, usage};
use crate::{
    conversation::{CallPiece, Event, Kind, Ordered, Sink, Stop},
    failure,
    json::{self, Members, Node, Object},
    stamp::Stamp,
};
use policy::usage::Usage;

/// Reads chunks.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// How many calls have begun, for servers that do not number them.
    calls: usize,
}

/// Writes chunks.
#[derive(Debug)]
pub(crate) struct Writer {
    stamp: Stamp,
    id: String,
    model: String,
    /// What the open block holds, and which call it is if it is one.
    open: Option<Block>,
    calls: u64,
    usage_asked: bool,
}

#[derive(Clone, Copy, Debug)]
enum Block {
    Text,
    Refusal,
    Thinking,
    Call(u64),
}

// === impl Reader ===

impl Reader {
    /// Reads the data of one event.
    pub(crate) fn read(&mut self, data: &[u8], ordered: &mut Ordered, sink: Sink<'_>) {
        if data.trim_ascii() == b"[DONE]" {
            return ordered.end(sink);
        }
        let Some(chunk) = Node::parse(data).filter(|node| node.is_object()) else {
            return ordered.error(502, "the answer is no JSON", sink);
        };
        let mut chunk = Object::answered(Some(chunk));
        if let Some(error) = chunk.take("error") {
            let failure = failure::Failure::of(error);
            return ordered.error(failure.status, &failure.message, sink);
        }
        ordered.set_usage(usage::read_usage(chunk.take("usage")));
        let text = |node: Option<Node<'_>>| node.and_then(Node::text).map(Cow::into_owned);
        let (id, model) = (text(chunk.take("id")), text(chunk.take("model")));
        ordered.start(id.map(Cow::Owned), model.unwrap_or_default().into(), sink);
        for choice in chunk.take("choices").and_then(Node::items).unwrap_or_default() {
            let mut choice = Object::answered(Some(choice));
            // Only one answer was asked for.
            if choice.take("index").and_then(Node::whole).unwrap_or_default() == 0 {
                self.read_choice(&mut choice, ordered, sink);
            }
        }
    }

    fn read_choice(&mut self, choice: &mut Object<'_, '_>, ordered: &mut Ordered, sink: Sink<'_>) {
        let mut delta = Object::answered(choice.take("delta"));
        let mut said = |name| delta.take(name).and_then(Node::text);
        if let Some(thought) = ["reasoning_content", "reasoning"].into_iter().find_map(&mut said) {
            ordered.thinking(thought, sink);
        }
        if let Some(text) = said("content") {
            ordered.text(text, sink);
        }
        if let Some(text) = said("refusal") {
            ordered.refusal(text, sink);
        }
        for call in delta.take("tool_calls").and_then(Node::items).unwrap_or_default() {
            self.read_call(call, ordered, sink);
        }
        let reason = choice.take("finish_reason").and_then(Node::text);
        if let Some(stop) = answer::stop(reason.as_deref().unwrap_or_default()) {
            ordered.stop(stop);
        }
    }

    fn read_call(&mut self, call: Node<'_>, ordered: &mut Ordered, sink: Sink<'_>) {
        let mut call = Object::answered(Some(call));
        let mut function = Object::answered(call.take("function"));
        let id = call.take("id").and_then(Node::text).filter(|id| !id.is_empty());
        let number = call.take("index").and_then(Node::whole).and_then(|index| usize::try_from(index).ok());
        // A server that does not number its calls begins each with an id.
        self.calls += usize::from(number.is_none() && id.is_some());
        let piece = CallPiece {
            number: number.unwrap_or(self.calls),
            id,
            name: function.take("name").and_then(Node::text),
            arguments: function.take("arguments").and_then(Node::text).unwrap_or_default(),
        };
        ordered.call(piece, sink);
    }
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(stamp: Stamp, usage_asked: bool) -> Self {
        Self { stamp, id: String::new(), model: String::new(), open: None, calls: 0, usage_asked }
    }

    /// Writes what comes of one event.
    pub(crate) fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, .. } => {
                self.id = answer::id(id.as_deref(), &self.stamp);
                self.model = model.into_owned();
                self.delta(out, |delta| {
                    delta.text("role", "assistant");
                    delta.text("content", "");
                });
            }
            Event::Open(kind) => self.open(kind, out),
            Event::Delta(piece) => self.piece(&piece, out),
            // Nobody but its provider can do anything with it.
            Event::Signature(_) => {}
            Event::Close => self.open = None,
            Event::End { stop, usage } => self.end(&stop, &usage, out),
            Event::Error { status, message } => {
                out.extend_from_slice(b"data: ");
                out.extend(failure::body(Family::OpenAi, status, &message, &self.stamp.id));
                out.extend_from_slice(b"\n\n");
            }
        }
    }

    fn open(&mut self, kind: Kind<'_>, out: &mut Vec<u8>) {
        self.open = Some(match kind {
            Kind::Text => Block::Text,
            Kind::Refusal => Block::Refusal,
            Kind::Thinking => Block::Thinking,
            Kind::ToolCall { id, name } => {
                let index = self.calls;
                self.calls += 1;
                self.call(out, index, |call| {
                    call.text("id", &id);
                    call.text("type", "function");
                    call.object("function", |function| {
                        function.text("name", &name);
                        function.text("arguments", "");
                    });
                });
                Block::Call(index)
            }
        });
    }

    fn piece(&mut self, piece: &str, out: &mut Vec<u8>) {
        match self.open {
            None => {}
            Some(Block::Text) => self.delta(out, |delta| delta.text("content", piece)),
            Some(Block::Refusal) => self.delta(out, |delta| delta.text("refusal", piece)),
            Some(Block::Thinking) => self.delta(out, |delta| delta.text("reasoning_content", piece)),
            Some(Block::Call(index)) => self.call(out, index, |call| {
                call.object("function", |function| function.text("arguments", piece));
            }),
        }
    }

    fn end(&mut self, stop: &Stop, usage: &Usage, out: &mut Vec<u8>) {
        self.chunk(out, |chunk| write_choice(chunk, |_| {}, Some(answer::finish_reason(stop))));
        if self.usage_asked {
            self.chunk(out, |chunk| {
                chunk.array("choices", |_| {});
                usage::write_usage(chunk, usage);
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn call(&self, out: &mut Vec<u8>, index: u64, write: impl FnOnce(&mut Members<'_>)) {
        self.delta(out, |delta| {
            delta.array("tool_calls", |calls| {
                calls.object(|call| {
                    call.whole("index", index);
                    write(call);
                });
            });
        });
    }

    fn delta(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
        self.chunk(out, |chunk| write_choice(chunk, write, None));
    }

    fn chunk(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
        out.extend_from_slice(b"data: ");
        json::object(out, |chunk| {
            chunk.text("id", &self.id);
            chunk.text("object", "chat.completion.chunk");
            chunk.whole("created", self.stamp.seconds);
            chunk.text("model", &self.model);
            write(chunk);
        });
        out.extend_from_slice(b"\n\n");
    }
}

fn write_choice(chunk: &mut Members<'_>, delta: impl FnOnce(&mut Members<'_>), reason: Option<&str>) {
    chunk.array("choices", |choices| {
        choices.object(|choice| {
            choice.whole("index", 0);
            choice.object("delta", delta);
            match reason {
                Some(reason) => choice.text("finish_reason", reason),
                None => choice.null("finish_reason"),
            }
        });
    });
}
