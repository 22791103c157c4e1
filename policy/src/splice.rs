//! Changes a body that passes by piece by piece: a provider's own id for a model in the place of the name that the client
//! wrote, and the like.

use crate::plan::Edit;

/// A change: bytes `from` up to `to` become `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first byte that goes.
    pub from: usize,
    /// The first byte that stays again.
    pub to: usize,
    /// What comes in between.
    pub with: Vec<u8>,
}

/// Changes a body on its way.
#[derive(Clone, Debug)]
pub struct Splice {
    /// What is still to be changed, the last first.
    changes: Vec<Change>,
    /// How much of the body has passed.
    passed: usize,
}

// === impl Change ===

impl From<Edit> for Change {
    fn from(Edit { from, to, with }: Edit) -> Self {
        Self { from, to, with: with.into_bytes() }
    }
}

impl Change {
    /// By how many bytes the body becomes longer, or shorter.
    pub fn growth(&self) -> isize {
        self.with.len().cast_signed().saturating_sub(self.to.saturating_sub(self.from).cast_signed())
    }
}

// === impl Splice ===

impl Splice {
    /// Will make these changes; where two overlap, the one that begins first.
    pub fn new(mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(|change| (change.from, change.to));
        let mut end = 0;
        changes.retain(|change| {
            let apart = change.from >= end;
            end = end.max(change.to);
            apart
        });
        changes.reverse();
        Self { changes, passed: 0 }
    }

    /// How much of the body must have passed until nothing changes any more.
    pub fn reach(&self) -> usize {
        self.changes.first().map_or(0, |last| last.to)
    }

    /// Takes the body's next piece and appends what stands in its place.
    pub fn feed(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        while let Some(Change { from, to, with }) = self.changes.last() {
            let before = from.saturating_sub(self.passed).min(piece.len());
            let (kept, rest) = piece.split_at(before);
            out.extend_from_slice(kept);
            self.passed += kept.len();
            let gone = to.saturating_sub(self.passed).min(rest.len());
            if self.passed < *from || self.passed + gone < *to {
                self.passed += gone;
                return;
            }
            out.extend_from_slice(with);
            self.passed += gone;
            piece = rest.get(gone..).unwrap_or_default();
            self.changes.pop();
        }
        out.extend_from_slice(piece);
        self.passed += piece.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_changed_wherever_it_is_cut() {
        let body = br#"{"model":"auto","messages":[]}"#;
        let change = |from, to, with: &[u8]| Change { from, to, with: with.to_vec() };
        let changes = vec![change(9, 15, br#""llama3.1:8b""#), change(1, 1, br#""a":1,"#), change(29, 30, b"!")];
        assert_eq!(changes.iter().map(Change::growth).sum::<isize>(), 13);
        for size in 1..=body.len() {
            let mut splice = Splice::new(changes.clone());
            assert_eq!(splice.reach(), 30);
            let mut out = Vec::new();
            for piece in body.chunks(size) {
                splice.feed(piece, &mut out);
            }
            let expected = r#"{"a":1,"model":"llama3.1:8b","messages":[]!"#;
            assert_eq!(String::from_utf8(out).unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_change_within_another_is_not_made() {
        let change = |from, to, with: &[u8]| Change { from, to, with: with.to_vec() };
        let mut out = Vec::new();
        Splice::new(vec![change(3, 5, b"x"), change(2, 6, b"y"), change(6, 6, b"z")]).feed(b"01234567", &mut out);
        assert_eq!(out, b"01yz67");
    }
}
