//! Choices made by the bytes of an input.

/// What is left of an input.
pub struct Input<'a>(&'a [u8]);

// === impl Input ===

impl<'a> Input<'a> {
    /// All of it.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A number; 0 once the input is used up.
    pub fn number(&mut self) -> usize {
        self.bytes(1).first().copied().map_or(0, usize::from)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.number() % from.len()]
    }

    /// So many bytes, or as many as are left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// What is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}
