//! What comes out for what goes in, as data: `tests/golden/*/*.toml`.
//!
//! A case is one translation of one body. The expected texts were written by the providers' references, not by the code.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod case;
mod requests;
mod restoring;
mod streams;
