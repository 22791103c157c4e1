//! Responses, event by event, <https://platform.openai.com/docs/api-reference/responses-streaming>.

use super::item::{self, Head, Status};
use crate::{
    conversation::{Block, Event, Kind},
    json::{self, Members},
    stamp::Stamp,
};

/// The most text that a response may hold, in bytes: its last event repeats all of it.
const LONGEST_RESPONSE: usize = 4 << 20;

/// What a block costs beside its text, in bytes, so that many empty ones count as well.
const BLOCK: usize = 128;

/// Writes events.
#[derive(Debug)]
pub(crate) struct Writer {
    stamp: Stamp,
    id: String,
    model: String,
    /// The blocks so far. The last is the open one.
    blocks: Vec<Block<'static>>,
    /// How much text they hold.
    length: usize,
    sequence: u64,
    failed: bool,
}

/// What the events about a block's text are called.
struct Names {
    delta: &'static str,
    done: &'static str,
    /// The member that holds the whole text at the end.
    text: &'static str,
    /// The part that holds the text, and how it is numbered: when it is added, and when it is done.
    part: Option<(&'static str, &'static str, &'static str)>,
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(stamp: Stamp) -> Self {
        let (id, model) = (item::id(None, &stamp), String::new());
        Self { stamp, id, model, blocks: Vec::new(), length: 0, sequence: 0, failed: false }
    }

    /// Writes what comes of one event.
    pub(crate) fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        if self.failed {
            return;
        }
        match event {
            Event::Start { id, model, .. } => {
                self.id = item::id(id.as_deref(), &self.stamp);
                self.model = model.into_owned();
                self.response("response.created", Status::InProgress, out);
                self.response("response.in_progress", Status::InProgress, out);
            }
            Event::Open(kind) => self.open(kind, out),
            Event::Delta(piece) => self.piece(&piece, out),
            Event::Signature(_) => {}
            Event::Close => self.close(out),
            Event::End { stop, usage } => {
                let ended = Status::Ended { stop: &stop, usage: &usage };
                let incomplete = matches!(stop, crate::conversation::Stop::Length | crate::conversation::Stop::Refused);
                let name = if incomplete { "response.incomplete" } else { "response.completed" };
                self.response(name, ended, out);
            }
            Event::Error { status, message } => {
                self.failed = true;
                self.response("response.failed", Status::Failed { status, message: &message }, out);
            }
        }
    }

    fn open(&mut self, kind: Kind<'_>, out: &mut Vec<u8>) {
        let empty = std::borrow::Cow::Borrowed("");
        self.length = self.length.saturating_add(BLOCK);
        self.blocks.push(match kind {
            Kind::Text => Block::Text(empty),
            Kind::Refusal => Block::Refusal(empty),
            Kind::Thinking => Block::Thinking { text: empty, signature: None },
            Kind::ToolCall { id, name } => {
                Block::ToolCall { id: id.into_owned().into(), name: name.into_owned().into(), arguments: empty }
            }
        });
        self.item("response.output_item.added", false, out);
        self.part(out, |part| part.1);
    }

    fn piece(&mut self, piece: &str, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.last_mut() else { return };
        self.length = self.length.saturating_add(piece.len());
        text_mut(block).to_mut().push_str(piece);
        let names = names(block);
        if self.length > LONGEST_RESPONSE {
            let message = "the answer is too long".into();
            return self.write(Event::Error { status: 502, message }, out);
        }
        self.event(names.delta, out, |writer, event| {
            writer.about_block(event);
            event.text("delta", piece);
            if names.text == "text" && names.delta.contains("output_text") {
                event.array("logprobs", |_| {});
            }
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.last() else { return };
        let names = names(block);
        self.event(names.done, out, |writer, event| {
            writer.about_block(event);
            let Some(block) = writer.blocks.last() else { return };
            if let Block::ToolCall { name, .. } = block {
                event.text("name", name);
            }
            event.text(names.text, text(block));
            if names.done.contains("output_text") {
                event.array("logprobs", |_| {});
            }
        });
        self.part(out, |part| part.2);
        self.item("response.output_item.done", true, out);
    }

    /// Tells of the part of the open block, where it has one.
    fn part(
        &mut self,
        out: &mut Vec<u8>,
        name: impl FnOnce((&'static str, &'static str, &'static str)) -> &'static str,
    ) {
        let Some(part) = self.blocks.last().and_then(|block| names(block).part) else { return };
        self.event(name(part), out, |writer, event| {
            writer.about_block(event);
            if let Some(block) = writer.blocks.last() {
                event.object("part", |part| item::write_part(part, block));
            }
        });
    }

    /// Tells of the item that the open block is.
    fn item(&mut self, name: &str, whole: bool, out: &mut Vec<u8>) {
        self.event(name, out, |writer, event| {
            event.whole("output_index", writer.index());
            if let Some(block) = writer.blocks.last() {
                event.object("item", |item| {
                    item::write_item(item, &writer.id, writer.index(), whole.then_some(block), block);
                });
            }
        });
    }

    fn response(&mut self, name: &str, status: Status<'_>, out: &mut Vec<u8>) {
        self.event(name, out, |writer, event| {
            let head = Head { id: &writer.id, model: &writer.model, stamp: &writer.stamp, status };
            event.object("response", |response| item::write_response(response, &head, &writer.blocks));
        });
    }

    fn about_block(&self, event: &mut Members<'_>) {
        let Some(block) = self.blocks.last() else { return };
        event.text("item_id", &item::item_id(&self.id, self.index(), block));
        event.whole("output_index", self.index());
        if let Some((number, ..)) = names(block).part {
            event.whole(number, 0);
        }
    }

    /// Where the open block stands in the output.
    fn index(&self) -> u64 {
        u64::try_from(self.blocks.len()).unwrap_or_default().saturating_sub(1)
    }

    fn event(&mut self, name: &str, out: &mut Vec<u8>, write: impl FnOnce(&Self, &mut Members<'_>)) {
        let sequence = self.sequence;
        self.sequence += 1;
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        json::object(out, |event| {
            event.text("type", name);
            event.whole("sequence_number", sequence);
            write(self, event);
        });
        out.extend_from_slice(b"\n\n");
    }
}

fn names(block: &Block<'_>) -> Names {
    const CONTENT: (&str, &str, &str) = ("content_index", "response.content_part.added", "response.content_part.done");
    const SUMMARY: (&str, &str, &str) =
        ("summary_index", "response.reasoning_summary_part.added", "response.reasoning_summary_part.done");
    let (delta, done, text, part) = match block {
        Block::Text(_) => ("response.output_text.delta", "response.output_text.done", "text", Some(CONTENT)),
        Block::Refusal(_) => ("response.refusal.delta", "response.refusal.done", "refusal", Some(CONTENT)),
        Block::Thinking { .. } => {
            ("response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "text", Some(SUMMARY))
        }
        Block::ToolCall { .. } => {
            ("response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments", None)
        }
    };
    Names { delta, done, text, part }
}

fn text<'b>(block: &'b Block<'_>) -> &'b str {
    match block {
        Block::Text(text) | Block::Refusal(text) | Block::Thinking { text, .. } => text,
        Block::ToolCall { arguments, .. } => arguments,
    }
}

fn text_mut<'b, 'a>(block: &'b mut Block<'a>) -> &'b mut std::borrow::Cow<'a, str> {
    match block {
        Block::Text(text) | Block::Refusal(text) | Block::Thinking { text, .. } => text,
        Block::ToolCall { arguments, .. } => arguments,
    }
}
