//! The test ladder: one corpus, every engine.
