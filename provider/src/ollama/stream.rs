//! Answers of Ollama's chat, line by line.

use policy::request::Family;

use super::answer;
use crate::{
    conversation::{CallPiece, Event, Kind, Ordered, Sink},
    failure,
    json::{self, Members, Node, Object},
    stamp::Stamp,
};

/// Reads lines.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    calls: usize,
}

/// Writes lines.
#[derive(Debug)]
pub(crate) struct Writer {
    time: String,
    model: String,
    open: Block,
}

#[derive(Debug)]
enum Block {
    Text,
    Thinking,
    /// Ollama gives a call out whole.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
}

// === impl Reader ===

impl Reader {
    /// Reads one line.
    pub(crate) fn read(&mut self, line: &[u8], ordered: &mut Ordered, sink: Sink<'_>) {
        let Some(line) = Node::parse(line).filter(|node| node.is_object()) else {
            return ordered.error(502, "the answer is no JSON", sink);
        };
        let mut line = Object::answered(Some(line));
        if let Some(error) = line.take("error") {
            let failure = failure::Failure::of(error);
            return ordered.error(failure.status, &failure.message, sink);
        }
        ordered.start(None, line.take("model").and_then(Node::text).unwrap_or_default(), sink);
        let mut message = Object::answered(line.take("message"));
        if let Some(text) = message.take("thinking").and_then(Node::text) {
            ordered.thinking(text, sink);
        }
        if let Some(text) = message.take("content").and_then(Node::text) {
            ordered.text(text, sink);
        }
        for call in message.take("tool_calls").and_then(Node::items).unwrap_or_default() {
            let Some((id, name, arguments)) = answer::read_call(call) else { continue };
            self.calls += 1;
            ordered.call(CallPiece { number: self.calls, id, name: Some(name), arguments: arguments.into() }, sink);
        }
        if line.take("done").and_then(Node::flag) == Some(true) {
            ordered.stop(answer::stop(line.take("done_reason").and_then(Node::text).as_deref()));
            ordered.set_usage(answer::read_usage(&mut line));
            ordered.end(sink);
        }
    }
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(stamp: &Stamp) -> Self {
        Self { time: stamp.time(), model: String::new(), open: Block::Text }
    }

    /// Writes what comes of one event.
    pub(crate) fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { model, .. } => self.model = model.into_owned(),
            Event::Open(Kind::Text | Kind::Refusal) => self.open = Block::Text,
            Event::Open(Kind::Thinking) => self.open = Block::Thinking,
            Event::Open(Kind::ToolCall { id, name }) => {
                self.open = Block::Call { id: id.into(), name: name.into(), arguments: String::new() };
            }
            Event::Delta(piece) => match &mut self.open {
                Block::Call { arguments, .. } => arguments.push_str(&piece),
                Block::Text => self.piece(out, |message| message.text("content", &piece)),
                Block::Thinking => self.piece(out, |message| {
                    message.text("content", "");
                    message.text("thinking", &piece);
                }),
            },
            Event::Signature(_) => {}
            Event::Close => {
                let Block::Call { id, name, arguments } = &self.open else { return };
                self.piece(out, |message| {
                    message.text("content", "");
                    message.array("tool_calls", |calls| {
                        calls.object(|call| answer::write_call(call, id, name, arguments));
                    });
                });
            }
            Event::End { stop, usage } => self.line(out, |line| {
                line.object("message", |message| {
                    message.text("role", "assistant");
                    message.text("content", "");
                });
                answer::write_end(line, &stop, &usage);
            }),
            Event::Error { status, message } => {
                out.extend(failure::body(Family::Ollama, status, &message, ""));
                out.push(b'\n');
            }
        }
    }

    fn piece(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
        self.line(out, |line| {
            line.object("message", |message| {
                message.text("role", "assistant");
                write(message);
            });
            line.flag("done", false);
        });
    }

    fn line(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
        json::object(out, |line| {
            line.text("model", &self.model);
            line.text("created_at", &self.time);
            write(line);
        });
        out.push(b'\n');
    }
}
