//! A text made from another one, and where each part of it comes from.

/// A text made from another: folded or decoded.
#[derive(Debug, Default)]
pub struct View {
    pub text: String,
    parts: Vec<Part>,
}

/// A stretch of the view and the stretch of the original that it comes from.
#[derive(Clone, Copy, Debug)]
struct Part {
    at: usize,
    len: usize,
    from: usize,
    from_len: usize,
}

// === impl View ===

impl View {
    /// Adds text that comes from so many bytes of the original.
    pub fn push(&mut self, text: &str, from: usize, from_len: usize) {
        let at = self.text.len();
        self.text.push_str(text);
        match self.parts.last_mut() {
            // Unchanged text goes on unchanged.
            Some(last) if last.len == last.from_len && text.len() == from_len && last.from + last.from_len == from => {
                last.len += text.len();
                last.from_len += from_len;
            }
            _ if text.is_empty() => {}
            _ => self.parts.push(Part { at, len: text.len(), from, from_len }),
        }
    }

    /// The span of the original that a span of the view comes from.
    pub fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.part(start).map_or(0, |part| {
            let within = start.saturating_sub(part.at).min(part.len);
            part.from + within * part.from_len / part.len.max(1)
        });
        let to = self.part(end.saturating_sub(1)).map_or(from, |part| {
            let within = end.saturating_sub(part.at).min(part.len);
            part.from + (within * part.from_len).div_ceil(part.len.max(1))
        });
        (from, to.max(from))
    }

    fn part(&self, at: usize) -> Option<&Part> {
        let after = self.parts.partition_point(|part| part.at <= at);
        self.parts.get(after.checked_sub(1)?)
    }
}
