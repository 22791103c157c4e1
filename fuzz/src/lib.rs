//! What must hold for any bytes whatever.
//!
//! The fuzz targets try it for as long as they are given; `make test` tries it briefly, on all of `corpus/`.

pub mod answer;
pub mod coding;
pub mod detect;
pub mod document;
pub mod exchange;
mod input;
pub mod parse;
pub mod relay;
pub mod request;
pub mod restore;
pub mod stream;
mod wire;

/// A target: its name, which is that of its folder in `corpus/`, and what it checks.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("answer", answer::check),
    ("coding", coding::check),
    ("detect", detect::check),
    ("document", document::check),
    ("exchange", exchange::check),
    ("parse", parse::check),
    ("relay", relay::check),
    ("request", request::check),
    ("restore", restore::check),
    ("stream", stream::check),
];
