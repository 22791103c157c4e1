//! Puts a provider's own id for a model in the place of the name that the client wrote.

/// Replaces one range of bytes in a body that passes by piece by piece.
#[derive(Clone, Debug)]
pub struct Splice {
    from: usize,
    to: usize,
    with: Vec<u8>,
    /// How much of the body has passed.
    passed: usize,
    placed: bool,
}

// === impl Splice ===

impl Splice {
    /// Will put `with` where the bytes `from..to` stand.
    pub fn new(from: usize, to: usize, with: Vec<u8>) -> Self {
        Self { from, to: to.max(from), with, passed: 0, placed: false }
    }

    /// How much of the body must have passed until nothing changes any more.
    pub fn reach(&self) -> usize {
        self.to
    }

    /// Takes the body's next piece and appends what stands in its place.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let before = self.from.saturating_sub(self.passed).min(piece.len());
        let after = self.to.saturating_sub(self.passed).min(piece.len());
        self.passed += piece.len();
        out.extend_from_slice(piece.get(..before).unwrap_or_default());
        if !self.placed && self.passed >= self.from {
            self.placed = true;
            out.extend_from_slice(&self.with);
        }
        out.extend_from_slice(piece.get(after..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_replaced_wherever_the_body_is_cut() {
        let body = br#"{"model":"auto","messages":[]}"#;
        for size in 1..=body.len() {
            let mut splice = Splice::new(9, 15, br#""llama3.1:8b""#.to_vec());
            let mut out = Vec::new();
            for piece in body.chunks(size) {
                splice.feed(piece, &mut out);
            }
            assert_eq!(String::from_utf8(out).unwrap(), r#"{"model":"llama3.1:8b","messages":[]}"#, "pieces of {size}");
        }
    }
}
