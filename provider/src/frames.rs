//! Takes a streamed body apart, wherever the network cut it: into server-sent events,
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>, or into lines of JSON.

/// The longest event or line that is read, in bytes; Envoy's own reader of such streams has the same bound. The longest
/// in practice hold a whole answer, or a tool's arguments in one piece.
pub(crate) const LONGEST_FRAME: usize = 1 << 20;

/// How a streamed body is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Events,
    Lines,
}

/// Finds frames in a body that comes piece by piece.
#[derive(Debug)]
pub(crate) struct Frames {
    framing: Framing,
    /// The line that is being read.
    line: Vec<u8>,
    /// The data of the event that is being read.
    data: Option<Vec<u8>>,
    /// The last byte was a carriage return: a line feed right after it ends no second line.
    after_return: bool,
}

/// An event or line is longer than [`LONGEST_FRAME`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

// === impl Frames ===

impl Frames {
    pub(crate) fn new(framing: Framing) -> Self {
        Self { framing, line: Vec::new(), data: None, after_return: false }
    }

    /// The data of the next frame that is whole, and moves `input` behind it. `None` if more input is needed.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Option<Result<Vec<u8>, TooLong>> {
        while !input.is_empty() {
            if std::mem::take(&mut self.after_return) {
                *input = input.strip_prefix(b"\n").unwrap_or(input);
            }
            let Some(at) = input.iter().position(|byte| *byte == b'\n' || *byte == b'\r') else {
                let rest = std::mem::take(input);
                return self.extend(rest).err().map(Err);
            };
            let (piece, rest) = input.split_at(at);
            self.after_return = rest.first() == Some(&b'\r');
            *input = rest.get(1..).unwrap_or_default();
            if let Err(error) = self.extend(piece) {
                return Some(Err(error));
            }
            if let Some(frame) = self.end_line() {
                return Some(Ok(frame));
            }
        }
        None
    }

    /// What is left at the end of the body: a last frame that nothing ended.
    pub(crate) fn last(&mut self) -> Option<Vec<u8>> {
        let frame = self.end_line();
        frame.or_else(|| self.data.take()).filter(|data| !data.is_empty())
    }

    fn extend(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        let length = self.line.len() + self.data.as_ref().map_or(0, Vec::len) + piece.len();
        if length > LONGEST_FRAME {
            return Err(TooLong);
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    /// Takes the line that was read, and gives the frame that it ends, if it does.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        match (self.framing, line.as_slice()) {
            (Framing::Lines, line) if line.iter().all(u8::is_ascii_whitespace) => None,
            (Framing::Lines, _) => Some(line),
            (Framing::Events, []) => self.data.take(),
            (Framing::Events, line) => {
                self.field(line);
                None
            }
        }
    }

    /// A line of an event. All formats here repeat an event's name within its data, so only the data count.
    fn field(&mut self, line: &[u8]) {
        let Some(value) = line.strip_prefix(b"data") else { return };
        let value = match value.split_first() {
            None => value,
            Some((b':', value)) => value.strip_prefix(b" ").unwrap_or(value),
            Some(_) => return,
        };
        match &mut self.data {
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            None => self.data = Some(value.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(framing: Framing, pieces: &[&[u8]]) -> Vec<String> {
        let mut frames = Frames::new(framing);
        let mut found = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(frame) = frames.next(&mut input) {
                found.push(frame.unwrap());
            }
        }
        found.extend(frames.last());
        found.into_iter().map(|frame| String::from_utf8(frame).unwrap()).collect()
    }

    #[test]
    fn events_are_found_wherever_the_body_is_cut() {
        let body = b": hi\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\nid: 7\ndata: \xc3\xa9\n\n\n\ndata\n\rdata:  x\r\rdataless: 1\n\ndata: end";
        let expected = ["1\n2", "\u{e9}", "", " x", "end"];
        for a in 0..=body.len() {
            for b in a..=body.len() {
                let pieces = [&body[..a], &body[a..b], &body[b..]];
                assert_eq!(frames(Framing::Events, &pieces), expected, "cut at {a} and {b}");
            }
        }
    }

    #[test]
    fn lines_are_found_wherever_the_body_is_cut() {
        let body = b"{\"a\":1}\n\n{\"b\":2}\r\n  \n{\"c\":3}";
        for at in 0..=body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(frames(Framing::Lines, &[head, tail]), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"], "cut at {at}");
        }
    }

    #[test]
    fn a_frame_without_end_is_not_kept() {
        for framing in [Framing::Events, Framing::Lines] {
            let mut frames = Frames::new(framing);
            let piece = vec![b'a'; LONGEST_FRAME / 2 + 1];
            assert_eq!(frames.next(&mut piece.as_slice()), None);
            assert_eq!(frames.next(&mut piece.as_slice()), Some(Err(TooLong)));
        }
    }
}
