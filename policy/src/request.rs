//! What a request asks for: which API it calls, what its body wants, and what in it could not be read.

mod api;
mod asked;
mod exempt;
mod kind;
mod path;
mod readable;
mod reader;
mod unreadable;

pub use api::{Api, Family};
pub use asked::{Asked, Model};
pub use exempt::Exempt;
pub use kind::{Capability, Opaque};
pub use path::{model_in_path, path_texts, upstream_path};
pub use readable::Readable;
pub use reader::Reader;
pub use unreadable::Unreadable;
