//! The wire formats of model providers: requests and answers translated between them, or relayed as they are, usage
//! counted on the way.
//!
//! A request goes one of the [`Way`](way::Way)s. Where client and provider speak one format, bytes pass untouched:
//! [`relay`] reads the usage as it goes by. Where they do not, [`translate::request`] makes the provider's request, and
//! its answer comes back through [`answer::whole`] or [`stream::Stream`]; a failure through [`failure::Failure`]. What the
//! provider's format cannot express is a [`loss`], never silent.
//!
//! This crate is pure, as `policy` is: no host, clock, environment, file or thread. Nothing in it recurses on its input,
//! and every buffer has a bound with a name.

mod anthropic;
mod conversation;
mod frames;
mod json;
mod ollama;
mod openai;
mod responses;

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
