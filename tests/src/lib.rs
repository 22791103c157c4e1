//! The test ladder: one corpus, every engine.
//!
//! What stands here is the scaffolding that the tests under `tests/tests/` share, and that `make up` builds its
//! demonstration on: a real [`envoy`], [`standin`] providers that record what they receive, and a [`client`].

pub mod background;
pub mod bench;
pub mod client;
pub mod control;
pub mod corpus;
pub mod engine;
pub mod envoy;
pub mod mesh;
pub mod node;
pub mod place;
pub mod postgres;
#[cfg(feature = "module")]
pub mod protobuf;
pub mod python;
pub mod sqlite;
pub mod standin;
pub mod waiting;
#[cfg(feature = "module")]
pub mod wasm_host;
