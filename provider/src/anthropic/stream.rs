//! Answers of messages, piece by piece, <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use std::borrow::Cow;

use policy::request::Family;

use super::{
    answer,
    usage::{Counting, write_usage},
};
use crate::{
    conversation::{CallPiece, Event, Kind, Ordered, Sink},
    failure,
    json::{self, Members, Node, Object},
    stamp::Stamp,
};

/// Reads events.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    counting: Counting,
    /// The number of the block that is open, if it is a call of one of the client's tools.
    call: Option<usize>,
}

/// Writes events.
#[derive(Debug)]
pub(crate) struct Writer {
    stamp: Stamp,
    /// The number of the next block.
    next: u64,
    /// What a piece of the open block is called: the delta's type, and the member that holds the piece.
    delta: (&'static str, &'static str),
}

// === impl Reader ===

impl Reader {
    /// Reads the data of one event.
    pub(crate) fn read(&mut self, data: &[u8], ordered: &mut Ordered, sink: Sink<'_>) {
        let Some(event) = Node::parse(data).filter(|node| node.is_object()) else {
            return ordered.error(502, "the answer is no JSON", sink);
        };
        let mut event = Object::answered(Some(event));
        let kind = event.take("type").and_then(Node::text).unwrap_or_default();
        match &*kind {
            "message_start" => self.start(event.take("message"), ordered, sink),
            "content_block_start" => self.open(&mut event, ordered, sink),
            "content_block_delta" => self.delta(event.take("delta"), ordered, sink),
            "content_block_stop" => {
                self.call = None;
                ordered.close(sink);
            }
            "message_delta" => {
                self.counting.add(event.take("usage"));
                ordered.set_usage(self.counting.usage(true));
                let mut delta = Object::answered(event.take("delta"));
                let sequence = delta.take("stop_sequence").and_then(Node::text);
                if let Some(reason) = delta.take("stop_reason").and_then(Node::text) {
                    ordered.stop(answer::stop(&reason, sequence));
                }
            }
            "message_stop" => ordered.end(sink),
            "error" => {
                let failure = failure::Failure::of(event.take("error").unwrap_or(Node::EMPTY_OBJECT));
                ordered.error(failure.status, &failure.message, sink);
            }
            // `ping`, and what is yet to be invented.
            _ => {}
        }
    }

    fn start(&mut self, message: Option<Node<'_>>, ordered: &mut Ordered, sink: Sink<'_>) {
        let mut message = Object::answered(message);
        self.counting.add(message.take("usage"));
        ordered.set_usage(self.counting.usage(false));
        let model = message.take("model").and_then(Node::text).unwrap_or_default();
        ordered.start(message.take("id").and_then(Node::text), model, sink);
    }

    fn open(&mut self, event: &mut Object<'_, '_>, ordered: &mut Ordered, sink: Sink<'_>) {
        let mut block = Object::answered(event.take("content_block"));
        let mut text = |name| block.take(name).and_then(Node::text);
        self.call = None;
        match text("type").as_deref() {
            Some("text") => ordered.text(text("text").unwrap_or_default(), sink),
            Some("thinking") => ordered.thinking(text("thinking").unwrap_or_default(), sink),
            Some("tool_use") => {
                let number = event.take("index").and_then(Node::whole).and_then(|index| usize::try_from(index).ok());
                let (id, name) = (text("id"), text("name"));
                // Some servers have the whole input here.
                let input = block.take("input").filter(|input| input.is_object() && !input.says_nothing());
                let arguments = input.map_or("", Node::json).into();
                self.call = Some(number.unwrap_or_default());
                ordered.call(CallPiece { number: number.unwrap_or_default(), id, name, arguments }, sink);
            }
            _ => {}
        }
    }

    fn delta(&mut self, delta: Option<Node<'_>>, ordered: &mut Ordered, sink: Sink<'_>) {
        let mut delta = Object::answered(delta);
        let mut text = |name| delta.take(name).and_then(Node::text);
        match (text("type").as_deref(), self.call) {
            (Some("text_delta"), _) => ordered.text(text("text").unwrap_or_default(), sink),
            (Some("thinking_delta"), _) => ordered.thinking(text("thinking").unwrap_or_default(), sink),
            (Some("signature_delta"), _) => ordered.signature(text("signature").unwrap_or_default(), sink),
            (Some("input_json_delta"), Some(number)) => {
                let arguments = text("partial_json").unwrap_or_default();
                ordered.call(CallPiece { number, id: None, name: None, arguments }, sink);
            }
            _ => {}
        }
    }
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(stamp: Stamp) -> Self {
        Self { stamp, next: 0, delta: ("", "") }
    }

    /// Writes what comes of one event.
    pub(crate) fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, usage } => write_event(out, "message_start", |event| {
                event.object("message", |message| {
                    message.text("id", &answer::id(id.as_deref(), &self.stamp));
                    message.text("type", "message");
                    message.text("role", "assistant");
                    message.text("model", &model);
                    message.array("content", |_| {});
                    message.null("stop_reason");
                    message.null("stop_sequence");
                    write_usage(message, &usage);
                });
            }),
            Event::Open(kind) => self.open(&kind, out),
            Event::Delta(piece) => self.piece(self.delta, piece, out),
            Event::Signature(signature) => self.piece(("signature_delta", "signature"), signature, out),
            Event::Close => {
                write_event(out, "content_block_stop", |event| event.whole("index", self.next));
                self.next += 1;
            }
            Event::End { stop, usage } => {
                write_event(out, "message_delta", |event| {
                    event.object("delta", |delta| answer::write_stop(delta, &stop));
                    write_usage(event, &usage);
                });
                write_event(out, "message_stop", |_| {});
            }
            Event::Error { status, message } => {
                out.extend_from_slice(b"event: error\ndata: ");
                out.extend(failure::body(Family::Anthropic, status, &message, &self.stamp.id));
                out.extend_from_slice(b"\n\n");
            }
        }
    }

    fn open(&mut self, kind: &Kind<'_>, out: &mut Vec<u8>) {
        self.delta = match kind {
            Kind::Text | Kind::Refusal => ("text_delta", "text"),
            Kind::Thinking => ("thinking_delta", "thinking"),
            Kind::ToolCall { .. } => ("input_json_delta", "partial_json"),
        };
        write_event(out, "content_block_start", |event| {
            event.whole("index", self.next);
            event.object("content_block", |block| match kind {
                Kind::Text | Kind::Refusal => {
                    block.text("type", "text");
                    block.text("text", "");
                }
                Kind::Thinking => {
                    block.text("type", "thinking");
                    block.text("thinking", "");
                    block.text("signature", "");
                }
                Kind::ToolCall { id, name } => {
                    block.text("type", "tool_use");
                    block.text("id", id);
                    block.text("name", name);
                    block.raw("input", Node::EMPTY_OBJECT);
                }
            });
        });
    }

    fn piece(&self, (kind, member): (&str, &str), piece: Cow<'_, str>, out: &mut Vec<u8>) {
        write_event(out, "content_block_delta", |event| {
            event.whole("index", self.next);
            event.object("delta", |delta| {
                delta.text("type", kind);
                delta.text(member, &piece);
            });
        });
    }
}

fn write_event(out: &mut Vec<u8>, name: &str, write: impl FnOnce(&mut Members<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    json::object(out, |event| {
        event.text("type", name);
        write(event);
    });
    out.extend_from_slice(b"\n\n");
}
