//! Puts the pieces of an answer in order, whatever order the provider sends them in.

use std::borrow::Cow;

use super::{Event, Kind, Stop};
use policy::usage::Usage;

/// The most calls that one answer may hold.
const MOST_CALLS: usize = 128;

/// The most bytes of arguments that one call may hold, and that calls that must wait may hold together.
const MOST_ARGUMENTS: usize = 1 << 20;

/// Where events go.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(Event<'_>);

/// The state of an answer that comes piece by piece.
///
/// INVARIANT: it gives out events as [`Event`] promises: one block open at a time, each call in one piece.
#[derive(Debug, Default)]
pub(crate) struct Ordered {
    started: bool,
    ended: bool,
    open: Open,
    calls: Vec<Call>,
    stop: Option<Stop>,
    usage: Usage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Text,
    Refusal,
    Thinking,
    /// The call at this place in `calls`.
    Call(usize),
}

#[derive(Debug)]
struct Call {
    /// What the provider numbers it by.
    number: usize,
    id: String,
    name: String,
    /// Arguments that came before their turn.
    held: String,
    given: Balance,
    done: bool,
}

/// Whether a JSON value that comes in pieces is whole.
#[derive(Clone, Copy, Debug, Default)]
struct Balance {
    length: usize,
    depth: usize,
    in_string: bool,
    after_backslash: bool,
    whole: bool,
}

/// A piece of a call, as a provider sends it.
pub(crate) struct CallPiece<'a> {
    pub number: usize,
    pub id: Option<Cow<'a, str>>,
    pub name: Option<Cow<'a, str>>,
    pub arguments: Cow<'a, str>,
}

// === impl Ordered ===

impl Ordered {
    /// Whether nothing more is to come.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the provider brought the answer to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.ended && self.stop.is_some()
    }

    /// What is known of the tokens.
    pub(crate) fn usage(&self) -> Usage {
        match (self.usage, self.is_whole()) {
            (Usage::Complete(tokens), false) => Usage::Partial(tokens),
            (usage, _) => usage,
        }
    }

    /// The answer begins. What says so again is passed over.
    pub(crate) fn start(&mut self, id: Option<Cow<'_, str>>, model: Cow<'_, str>, sink: Sink<'_>) {
        if !std::mem::replace(&mut self.started, true) {
            sink(Event::Start { id, model, usage: self.usage });
        }
    }

    pub(crate) fn text(&mut self, piece: Cow<'_, str>, sink: Sink<'_>) {
        self.piece(Open::Text, Kind::Text, piece, sink);
    }

    pub(crate) fn refusal(&mut self, piece: Cow<'_, str>, sink: Sink<'_>) {
        self.piece(Open::Refusal, Kind::Refusal, piece, sink);
    }

    pub(crate) fn thinking(&mut self, piece: Cow<'_, str>, sink: Sink<'_>) {
        self.piece(Open::Thinking, Kind::Thinking, piece, sink);
    }

    /// The signature of the thinking that is open.
    pub(crate) fn signature(&mut self, signature: Cow<'_, str>, sink: Sink<'_>) {
        if self.open == Open::Thinking && !self.ended {
            sink(Event::Signature(signature));
        }
    }

    /// The provider ended a block: what comes next of the same kind is another.
    pub(crate) fn close(&mut self, sink: Sink<'_>) {
        match std::mem::take(&mut self.open) {
            Open::Nothing => return,
            _ if self.ended => return,
            Open::Call(at) => {
                let call = self.calls.get_mut(at);
                if let Some(call) = call {
                    call.done = true;
                    if call.given.length == 0 {
                        sink(Event::Delta("{}".into()));
                    }
                }
            }
            Open::Text | Open::Refusal | Open::Thinking => {}
        }
        sink(Event::Close);
    }

    /// A piece of a call. Calls that come side by side are given out one after the other.
    pub(crate) fn call(&mut self, piece: CallPiece<'_>, sink: Sink<'_>) {
        if self.ended {
            return;
        }
        let Some(at) = self.find(&piece) else { return self.error(502, "the answer has too many calls", sink) };
        let Some(call) = self.calls.get_mut(at) else { return };
        if let Some(id) = piece.id.filter(|id| !id.is_empty() && call.id.is_empty()) {
            call.id = id.into_owned();
        }
        if let Some(name) = piece.name.filter(|name| !name.is_empty() && call.name.is_empty()) {
            call.name = name.into_owned();
        }
        if call.done && !piece.arguments.is_empty() {
            return self.error(502, "the answer goes on with a call that had ended", sink);
        }
        call.held.push_str(&piece.arguments);
        let own = call.held.len().saturating_add(call.given.length);
        let held = self.calls.iter().map(|call| call.held.len()).sum::<usize>();
        if held.max(own) > MOST_ARGUMENTS {
            return self.error(502, "the arguments of a call are too long", sink);
        }
        let free = match self.open {
            Open::Call(open) if open == at => true,
            // It may be that the open call goes on, unless its arguments are whole.
            Open::Call(open) => self.calls.get(open).is_some_and(|call| call.given.whole),
            _ => true,
        };
        if free {
            self.give(at, sink);
        }
    }

    /// Why the answer ends, or will.
    pub(crate) fn stop(&mut self, stop: Stop) {
        self.stop = Some(stop);
    }

    /// What is used, as far as the provider says; silence does not undo what it said.
    pub(crate) fn set_usage(&mut self, usage: Usage) {
        if usage != Usage::Missing {
            self.usage = usage;
        }
    }

    /// The answer ends as it should.
    pub(crate) fn end(&mut self, sink: Sink<'_>) {
        if self.ended {
            return;
        }
        self.start(None, Cow::Borrowed(""), sink);
        self.give_all(sink);
        if self.ended {
            return;
        }
        self.ended = true;
        let stop = self.stop.get_or_insert(Stop::Done).clone().given(!self.calls.is_empty());
        sink(Event::End { stop, usage: self.usage });
    }

    /// The body ends: as it should if the provider said why the answer does.
    pub(crate) fn finish(&mut self, sink: Sink<'_>) {
        match self.stop {
            Some(_) => self.end(sink),
            None => self.error(502, "the answer broke off", sink),
        }
    }

    /// The answer ends in an error.
    pub(crate) fn error(&mut self, status: u16, message: &str, sink: Sink<'_>) {
        if !std::mem::replace(&mut self.ended, true) {
            self.stop = None;
            sink(Event::Error { status, message: message.into() });
        }
    }

    fn piece(&mut self, open: Open, kind: Kind<'_>, piece: Cow<'_, str>, sink: Sink<'_>) {
        if piece.is_empty() || self.ended {
            return;
        }
        if self.open != open {
            self.give_all(sink);
            self.close(sink);
            self.start(None, Cow::Borrowed(""), sink);
            self.open = open;
            sink(Event::Open(kind));
        }
        sink(Event::Delta(piece));
    }

    /// The place of a call, known by its number.
    fn find(&mut self, piece: &CallPiece<'_>) -> Option<usize> {
        if let Some(at) = self.calls.iter().position(|call| call.number == piece.number) {
            return Some(at);
        }
        let (id, name, held) = (String::new(), String::new(), String::new());
        self.calls.push(Call { number: piece.number, id, name, held, given: Balance::default(), done: false });
        (self.calls.len() <= MOST_CALLS).then(|| self.calls.len() - 1)
    }

    /// Gives out what is held of a call, if its name is known.
    fn give(&mut self, at: usize, sink: Sink<'_>) {
        if self.open != Open::Call(at) {
            if self.calls.get(at).is_none_or(|call| call.name.is_empty()) {
                return;
            }
            self.close(sink);
            self.start(None, Cow::Borrowed(""), sink);
            self.open = Open::Call(at);
            self.calls.get(at).into_iter().for_each(|call| sink(Event::Open(call.kind(at))));
        }
        let Some(call) = self.calls.get_mut(at) else { return };
        let held = std::mem::take(&mut call.held);
        if !held.is_empty() {
            call.given.add(&held);
            sink(Event::Delta(held.into()));
        }
    }

    /// Gives out all calls that waited, each whole, and closes the last.
    fn give_all(&mut self, sink: Sink<'_>) {
        for at in 0..self.calls.len() {
            if self.calls.get(at).is_some_and(|call| call.done) {
                continue;
            }
            if self.calls.get(at).is_some_and(|call| call.name.is_empty()) {
                return self.error(502, "the answer calls a tool without a name", sink);
            }
            self.give(at, sink);
            self.close(sink);
        }
        self.close(sink);
    }
}

// === impl Call ===

impl Call {
    /// The block that it is; without an id of the provider's it gets one.
    fn kind(&self, at: usize) -> Kind<'_> {
        let id = if self.id.is_empty() { format!("call_{}", at + 1).into() } else { Cow::Borrowed(&*self.id) };
        Kind::ToolCall { id, name: Cow::Borrowed(&self.name) }
    }
}

// === impl Balance ===

impl Balance {
    fn add(&mut self, piece: &str) {
        self.length = self.length.saturating_add(piece.len());
        for byte in piece.bytes() {
            match byte {
                _ if self.after_backslash => self.after_backslash = false,
                b'\\' if self.in_string => self.after_backslash = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => {
                    self.depth = self.depth.saturating_sub(1);
                    self.whole |= self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[(usize, &str, &str)], text: Option<&str>) -> Vec<String> {
        let mut ordered = Ordered::default();
        let mut seen = Vec::new();
        let mut sink = |event: Event<'_>| {
            seen.push(match event {
                Event::Open(Kind::ToolCall { name, .. }) => format!("open {name}"),
                Event::Open(_) => "open".into(),
                Event::Delta(piece) => piece.into_owned(),
                Event::Close => "close".into(),
                Event::End { stop, .. } => format!("{stop:?}"),
                Event::Error { message, .. } => message.into_owned(),
                Event::Start { .. } | Event::Signature(_) => return,
            });
        };
        for (number, name, arguments) in pieces {
            let piece =
                CallPiece { number: *number, id: None, name: Some((*name).into()), arguments: (*arguments).into() };
            ordered.call(piece, &mut sink);
        }
        if let Some(text) = text {
            ordered.text(text.into(), &mut sink);
        }
        ordered.end(&mut sink);
        seen
    }

    #[test]
    fn calls_side_by_side_are_given_out_one_after_the_other() {
        let side_by_side = [(0, "a", "{\"x\":"), (1, "b", "{"), (0, "", "1"), (1, "", "}"), (0, "", "}")];
        let expected = ["open a", "{\"x\":", "1", "}", "close", "open b", "{}", "close", "ToolCalls"];
        assert_eq!(run(&side_by_side, None), expected);
    }

    #[test]
    fn a_call_does_not_wait_for_one_that_is_whole() {
        let in_turn = [(0, "a", "{\"x\":\"}\\\"\"}"), (1, "b", "{"), (1, "", "}")];
        let expected = ["open a", "{\"x\":\"}\\\"\"}", "close", "open b", "{", "}", "close", "ToolCalls"];
        assert_eq!(run(&in_turn, None), expected);
    }

    #[test]
    fn a_call_waits_for_its_name_and_has_arguments_in_any_case() {
        let late = [(0, "", "{}"), (0, "a", ""), (1, "b", "")];
        assert_eq!(run(&late, None), ["open a", "{}", "close", "open b", "{}", "close", "ToolCalls"]);
        assert_eq!(run(&[(0, "", "{}")], None), ["the answer calls a tool without a name"]);
    }

    #[test]
    fn text_after_calls_is_a_block_of_its_own() {
        let expected = ["open a", "{}", "close", "open", "done", "close", "ToolCalls"];
        assert_eq!(run(&[(0, "a", "{}")], Some("done")), expected);
    }

    #[test]
    fn what_is_too_much_is_an_error() {
        let long = "x".repeat(MOST_ARGUMENTS + 1);
        assert!(run(&[(0, "a", "{"), (1, "b", &long)], None).contains(&"the arguments of a call are too long".into()));
        let many: Vec<_> = (0..=MOST_CALLS).map(|number| (number, "a", "{}")).collect();
        assert!(run(&many, None).contains(&"the answer has too many calls".into()));
    }
}
