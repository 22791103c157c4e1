//! The wire formats of model providers: the requests they receive, and errors in the shape of the API that was called.
//!
//! This crate is pure, as `policy` is: no host, clock, environment, file or thread.

mod anthropic;
mod conversation;
mod frames;
mod json;
mod ollama;
mod openai;

pub mod answer;
pub mod answer_headers;
pub mod error;
pub mod failure;
pub mod headers;
pub mod listing;
pub mod loss;
pub mod quirks;
pub mod redact;
pub mod relay;
pub mod request;
pub mod splice;
pub mod stamp;
pub mod stream;
pub mod translate;
pub mod usage;
pub mod way;
