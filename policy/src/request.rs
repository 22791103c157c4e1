//! What a request asks for: which API it calls, what its body wants, and what in it could not be read.

mod api;
mod asked;
mod kind;
mod unreadable;

pub use api::{Api, Family};
pub use asked::{Asked, Model};
pub use kind::{Capability, Opaque};
pub use unreadable::Unreadable;
