//! Anthropic's messages, <https://platform.claude.com/docs/en/api/messages>, in its version 2023-06-01.
//!
//! That version, not 2026-10-21, is what translated requests are written in: the newer one takes no sampling parameters.

mod answer;
mod content;
mod parameters;
mod read;
mod results;
mod schema;
mod stream;
mod usage;
mod write;

pub(crate) use self::{
    answer::{read_answer, write_answer},
    read::read_request,
    stream::{Reader, Writer},
    usage::Counting,
    write::write_request,
};
