//! What must hold for any bytes whatever.
//!
//! The fuzz targets try it for as long as they are given; the crate's own tests try it briefly, on all of `corpus/`.

pub mod coding;
pub mod detect;
pub mod document;
pub mod exchange;
mod input;
pub mod parse;

/// A target: its name, which is that of its folder in `corpus/`, and what it checks.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("coding", coding::check),
    ("detect", detect::check),
    ("document", document::check),
    ("exchange", exchange::check),
    ("parse", parse::check),
];
