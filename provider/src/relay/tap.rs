//! Finds what was used in a body that passes by, of any size, without holding it.

use policy::request::{Api, Family};

use super::Division;
use crate::{anthropic, json::Node, openai};
use policy::usage::{Tokens, Usage};

/// What is longer is no count of tokens, in bytes.
const LONGEST_VALUE: usize = 4096;

/// The longest name of a member that matters, in bytes.
const LONGEST_NAME: usize = 24;

/// Names of members on the way to counts are looked for so deep.
const DEEPEST: usize = 2;

/// Reads counts from a body that passes by.
#[derive(Debug)]
pub(super) struct Tap {
    division: Division,
    line: Line,
    /// The last byte was a carriage return: a line feed right after it ends no second line.
    after_return: bool,
    scanner: Scanner,
    counts: Counts,
}

/// How much of a line of an event stream is known to be data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So many bytes of `data:` have been seen.
    Begun(usize),
    Data,
    Other,
}

/// Follows JSON just so far as to know, in the outermost objects, which member is being read.
#[derive(Debug, Default)]
struct Scanner {
    depth: usize,
    /// Whether the outermost values are objects.
    objects: [bool; DEEPEST],
    /// The names of the members that are being read in them.
    names: [Vec<u8>; DEEPEST],
    in_string: bool,
    after_backslash: bool,
    /// The next string is a name.
    expects_name: bool,
    reads_name: bool,
    /// The value that is being kept, and how deep its member stands.
    kept: Option<(usize, Vec<u8>)>,
}

#[derive(Debug)]
struct Counts {
    family: Family,
    usage: Usage,
    anthropic: anthropic::Counting,
    ollama: Tokens,
}

// === impl Tap ===

impl Tap {
    pub(super) fn new(api: Api, division: Division) -> Self {
        let family = match api {
            Api::Messages | Api::CountTokens => Family::Anthropic,
            Api::OllamaChat | Api::OllamaGenerate | Api::OllamaEmbed | Api::OllamaTags => Family::Ollama,
            _ => Family::OpenAi,
        };
        let anthropic = anthropic::Counting::default();
        let counts = Counts { family, usage: Usage::Missing, anthropic, ollama: Tokens::default() };
        Self { division, line: Line::Begun(0), after_return: false, scanner: Scanner::default(), counts }
    }

    pub(super) fn usage(&self) -> Usage {
        self.counts.usage
    }

    /// Sees the next piece of the body.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        if self.division == Division::Whole {
            return self.scanner.scan(piece, &mut self.counts);
        }
        for line in piece.split_inclusive(|byte| *byte == b'\n' || *byte == b'\r') {
            let after_return = std::mem::replace(&mut self.after_return, line.ends_with(b"\r"));
            if after_return && line == b"\n" {
                continue;
            }
            self.feed_line(line);
            if line.ends_with(b"\n") || line.ends_with(b"\r") {
                // A document may go on in the next line of its event, but not in the next event.
                if self.division == Division::Lines || self.line == Line::Begun(0) {
                    self.scanner = Scanner::default();
                }
                self.line = Line::Begun(0);
            }
        }
    }

    fn feed_line(&mut self, mut piece: &[u8]) {
        const DATA: &[u8] = b"data:";
        if self.division == Division::Lines {
            return self.scanner.scan(piece, &mut self.counts);
        }
        while let (Line::Begun(seen), Some((byte, rest))) = (self.line, piece.split_first()) {
            self.line = match DATA.get(seen) {
                Some(expected) if expected == byte && seen + 1 == DATA.len() => Line::Data,
                Some(expected) if expected == byte => Line::Begun(seen + 1),
                _ if *byte == b'\n' || *byte == b'\r' => return,
                _ => Line::Other,
            };
            piece = rest;
        }
        if self.line == Line::Data {
            self.scanner.scan(piece, &mut self.counts);
        }
    }
}

// === impl Scanner ===

impl Scanner {
    fn scan(&mut self, mut piece: &[u8], counts: &mut Counts) {
        while let Some((byte, rest)) = piece.split_first() {
            piece = rest;
            if self.in_string {
                self.in_string(*byte);
                if self.in_string && !self.reads_name && self.kept.is_none() && !self.after_backslash {
                    // Most of a body is text that says nothing here.
                    let end = piece.iter().position(|byte| *byte == b'"' || *byte == b'\\').unwrap_or(piece.len());
                    piece = piece.get(end..).unwrap_or_default();
                }
            } else {
                self.outside(*byte, counts);
            }
        }
    }

    fn in_string(&mut self, byte: u8) {
        self.keep(byte);
        match byte {
            _ if self.after_backslash => self.after_backslash = false,
            b'\\' => self.after_backslash = true,
            b'"' => {
                self.in_string = false;
                self.reads_name = false;
            }
            _ => {}
        }
        if self.reads_name
            && let Some(name) = self.name_mut(self.depth).filter(|name| name.len() < LONGEST_NAME)
        {
            name.push(byte);
        }
    }

    fn outside(&mut self, byte: u8, counts: &mut Counts) {
        match byte {
            b'}' | b']' => {
                self.end_value(counts);
                self.depth = self.depth.saturating_sub(1);
                self.expects_name = false;
                self.keep(byte);
            }
            b',' => {
                self.end_value(counts);
                self.expects_name = self.is_object(self.depth);
                self.keep(byte);
            }
            b':' => {
                self.keep(byte);
                self.expects_name = false;
                if self.kept.is_none() && self.is_object(self.depth) && counts.wants(&self.names, self.depth) {
                    self.kept = Some((self.depth, Vec::new()));
                }
            }
            b'{' | b'[' => {
                self.keep(byte);
                self.depth = self.depth.saturating_add(1);
                self.expects_name = byte == b'{';
                if let Some(object) = self.depth.checked_sub(1).and_then(|at| self.objects.get_mut(at)) {
                    *object = byte == b'{';
                }
            }
            b'"' => {
                self.keep(byte);
                self.in_string = true;
                self.reads_name = self.expects_name && self.is_object(self.depth);
                if self.reads_name
                    && let Some(name) = self.name_mut(self.depth)
                {
                    name.clear();
                }
            }
            _ => self.keep(byte),
        }
    }

    fn is_object(&self, depth: usize) -> bool {
        depth.checked_sub(1).and_then(|at| self.objects.get(at)).is_some_and(|object| *object)
    }

    fn name_mut(&mut self, depth: usize) -> Option<&mut Vec<u8>> {
        depth.checked_sub(1).and_then(|at| self.names.get_mut(at))
    }

    fn keep(&mut self, byte: u8) {
        if let Some((_, value)) = &mut self.kept
            && value.len() <= LONGEST_VALUE
        {
            value.push(byte);
        }
    }

    /// A value of the object at this depth ends.
    fn end_value(&mut self, counts: &mut Counts) {
        if self.kept.as_ref().is_some_and(|(depth, _)| *depth == self.depth)
            && let Some((depth, value)) = self.kept.take()
            && let Some(node) = Node::parse(&value)
        {
            counts.take(&self.names, depth, node);
        }
    }
}

// === impl Counts ===

impl Counts {
    /// Whether the member that is being read holds counts.
    fn wants(&self, [outer, inner]: &[Vec<u8>; DEEPEST], depth: usize) -> bool {
        matches!(
            (self.family, depth, outer.as_slice(), inner.as_slice()),
            (Family::OpenAi | Family::Anthropic, 1, b"usage", _)
                | (Family::OpenAi, 2, b"response", b"usage")
                | (Family::Anthropic, 2, b"message", b"usage")
                | (Family::Ollama, 1, b"prompt_eval_count" | b"eval_count", _)
        )
    }

    fn take(&mut self, names: &[Vec<u8>; DEEPEST], depth: usize, node: Node<'_>) {
        let usage = match self.family {
            Family::OpenAi => openai::read_usage(Some(node)),
            Family::Anthropic => {
                self.anthropic.add(Some(node));
                // What a message starts with is not its last word.
                self.anthropic.usage(depth == 1)
            }
            Family::Ollama => {
                let Some(count) = node.whole() else { return };
                let [outer, _] = names;
                match outer.as_slice() {
                    b"eval_count" => self.ollama.output = count,
                    _ => self.ollama.input = count,
                }
                Usage::Complete(self.ollama)
            }
        };
        if usage != Usage::Missing {
            self.usage = usage;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way to give a body, the body, and the counts of input, of what was cached and of output.
    type Example = (Api, Division, &'static str, Option<(u64, u64, u64)>);

    const EXAMPLES: &[Example] = &[
        (
            Api::Chat,
            Division::Whole,
            r#"{"choices":[{"usage":{"prompt_tokens":9}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}"#,
            Some((3, 1, 2)),
        ),
        (
            Api::Chat,
            Division::Whole,
            r#"{"text":"\"usage\":{\"prompt_tokens\":9}","x":["usage",{"usage":{"prompt_tokens":9}}]}"#,
            None,
        ),
        (
            Api::Chat,
            Division::Events,
            "data: {\"usage\":null}\n\ndata: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
            Some((3, 0, 2)),
        ),
        (
            Api::Embeddings,
            Division::Whole,
            r#"{"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#,
            Some((3, 0, 0)),
        ),
        (
            Api::Responses,
            Division::Whole,
            r#"{"id":"r","usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":1},"output_tokens":2}}"#,
            Some((3, 1, 2)),
        ),
        (
            Api::Responses,
            Division::Events,
            "event: response.created\ndata: {\"response\":{\"usage\":null}}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":2}}}\n\n",
            Some((3, 0, 2)),
        ),
        (
            Api::Messages,
            Division::Whole,
            r#"{"content":[],"usage":{"input_tokens":1,"cache_read_input_tokens":2,"output_tokens":2}}"#,
            Some((3, 2, 2)),
        ),
        (
            Api::Messages,
            Division::Events,
            "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,\"cache_read_input_tokens\":2,\"output_tokens\":1}}}\r\n\r\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":2}}\r\n\r\n",
            Some((3, 2, 2)),
        ),
        (
            Api::OllamaChat,
            Division::Lines,
            "{\"message\":{\"eval_count\":9}}\n{\"done\":true,\"prompt_eval_count\":3,\"eval_count\":2}\n",
            Some((3, 0, 2)),
        ),
        (Api::OllamaEmbed, Division::Whole, "{\"embeddings\":[[1]],\"prompt_eval_count\": 3 }", Some((3, 0, 0))),
        (
            Api::Chat,
            Division::Events,
            "data: {\"a\":{\"b\n\ndata: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
            Some((3, 0, 2)),
        ),
    ];

    #[test]
    fn counts_are_found_wherever_the_body_is_cut() {
        for (api, division, body, expected) in EXAMPLES {
            for at in 0..=body.len() {
                let (head, tail) = body.as_bytes().split_at(at);
                let mut tap = Tap::new(*api, *division);
                tap.feed(head);
                tap.feed(tail);
                let found = tap.usage().tokens().map(|tokens| (tokens.input, tokens.cached, tokens.output));
                assert_eq!(found, *expected, "{body} cut at {at}");
            }
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_counted_in_part() {
        let mut tap = Tap::new(Api::Messages, Division::Events);
        tap.feed(
            b"data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n",
        );
        assert!(matches!(tap.usage(), Usage::Partial(_)));
    }

    #[test]
    fn nothing_is_held_of_what_is_long_or_deep() {
        let mut tap = Tap::new(Api::Chat, Division::Whole);
        tap.feed(b"{\"usage\":\"");
        (0..1000).for_each(|_| tap.feed(&[b'a'; 1024]));
        assert!(tap.scanner.kept.as_ref().is_some_and(|(_, value)| value.len() <= LONGEST_VALUE + 1));
        let mut tap = Tap::new(Api::Chat, Division::Whole);
        (0..1000).for_each(|_| tap.feed(&[b'['; 1024]));
        (0..2000).for_each(|_| tap.feed(&[b']'; 1024]));
        assert_eq!(tap.usage(), Usage::Missing);
    }
}
