//! What a conversation with a model is, whatever the format: the middle of every translation.
//!
//! One reader and one writer per format make all pairs: a reader turns bytes into these types, a writer turns them into
//! bytes. Everything borrows from the body that was read.

mod answer;
mod event;
mod ordered;
mod request;

pub(crate) use self::{
    answer::{Answer, Block, Stop},
    event::{Event, Kind},
    ordered::{CallPiece, Ordered, Sink},
    request::{
        Arguments, Choice, Conversation, Effort, Names, Output, Part, Reasoning, Role, Sampling, Source, Tool, Turn,
    },
};
