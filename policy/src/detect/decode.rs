//! Finds encoded stretches of a text and decodes them: base64, hexadecimal, percent-encoding, escapes, character references.

mod blob;
mod escape;

use super::marks::Marks;
use super::view::View;
use super::{Opaque, Work};

/// What is encoded in a text: views to scan, and stretches that encode no text.
#[derive(Debug, Default)]
pub struct Decoded {
    pub views: Vec<View>,
    pub opaque: Vec<Opaque>,
}

/// Decodes all that is encoded in a text, once; takes steps for what it decodes.
pub fn decode(text: &str, marks: &[Marks], work: &mut Work) -> Decoded {
    let mut decoded = Decoded::default();
    escape::decode(text, work, &mut decoded);
    blob::decode(text, marks, work, &mut decoded);
    decoded
}
