//! Takes the chunk of usage out of a stream of chat completions.

use crate::{
    frames::LONGEST_FRAME,
    json::{Node, Object},
};

/// Holds an event until it is whole, and lets it go unless it is the one.
#[derive(Debug, Default)]
pub(super) struct Strip {
    held: Vec<u8>,
    /// Nothing stands in the line yet.
    at_line_start: bool,
    after_return: bool,
    /// The event is longer than any chunk of usage: it goes on as it comes.
    letting_go: bool,
}

// === impl Strip ===

impl Strip {
    /// Takes a piece, and gives what may go on.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len());
        for byte in piece {
            self.held.push(*byte);
            let second = *byte == b'\n' && std::mem::take(&mut self.after_return);
            self.after_return = *byte == b'\r';
            match byte {
                b'\n' | b'\r' if second => {}
                b'\n' | b'\r' if self.at_line_start => self.end_event(&mut out),
                b'\n' | b'\r' => self.at_line_start = true,
                _ => self.at_line_start = false,
            }
            self.letting_go |= self.held.len() > LONGEST_FRAME;
        }
        if self.letting_go {
            out.append(&mut self.held);
        }
        out
    }

    /// What is held at the end.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.end_event(&mut out);
        out
    }

    fn end_event(&mut self, out: &mut Vec<u8>) {
        let event = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.letting_go) || !is_usage(&event) {
            out.extend_from_slice(&event);
        }
    }
}

/// Whether an event is a chunk without choices, which says what was used.
fn is_usage(event: &[u8]) -> bool {
    let text = String::from_utf8_lossy(event);
    let data = text.trim().strip_prefix("data:").map(str::trim_start);
    let Some(chunk) = data.filter(|data| data.contains("\"usage\"")).and_then(Node::parse_text) else { return false };
    let mut chunk = Object::answered(Some(chunk));
    let none = chunk.take("choices").is_some_and(Node::says_nothing);
    none && chunk.take("usage").is_some_and(Node::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_chunk_of_usage_goes_wherever_the_body_is_cut() {
        for newline in ["\n", "\r\n", "\r"] {
            let event = |data: &str| format!("data: {data}{newline}{newline}");
            let [first, usage, last] = [
                event(r#"{"choices":[{"delta":{"content":"\"usage\""}}],"usage":null}"#),
                event(r#"{"choices":[ ],"usage":{"prompt_tokens":1}}"#),
                event("[DONE]"),
            ];
            let (body, expected) = (format!("{first}{usage}{last}: end"), format!("{first}{last}: end"));
            for at in 0..=body.len() {
                let (head, tail) = body.as_bytes().split_at(at);
                let mut strip = Strip::default();
                let out = [strip.feed(head), strip.feed(tail), strip.finish()].concat();
                assert_eq!(String::from_utf8(out).unwrap(), expected, "cut at {at}");
            }
        }
    }

    #[test]
    fn an_event_without_end_is_not_kept() {
        let mut strip = Strip::default();
        let piece = vec![b'a'; LONGEST_FRAME];
        assert!(strip.feed(&piece).is_empty());
        assert_eq!(strip.feed(&piece).len(), 2 * LONGEST_FRAME);
        assert_eq!(strip.feed(&piece).len(), LONGEST_FRAME);
    }
}
