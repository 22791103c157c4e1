//! `jwt`: a JSON web token whose header says so. RFC 7519.

use super::{Form, Hit, Stands, run};
use crate::detect::{Confidence, MAX_FINDING, base64};
use memchr::memmem;

pub const FORM: Form = Form { name: "jwt", triggers: &["eyj"], stands: Stands::AtStart, far: 0, find };

/// The signature of the sample token of jwt.io.
const SAMPLE: &[u8] = b"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
/// The fewest characters of a header and of a payload: `{"alg":1}` is longer.
const MIN_PART: usize = 12;

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    if at > 0 && text.get(at - 1).is_some_and(|byte| is_token(*byte)) && !super::after_escape(text, at) {
        return None;
    }
    let token = run(text, at, MAX_FINDING, |byte| is_token(byte) || byte == b'.');
    *steps = steps.saturating_sub(token.len() as u64);
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, payload) = (parts.next()?, parts.next()?);
    let signature = parts.next().unwrap_or_default();
    if header.len() < MIN_PART || payload.len() < MIN_PART {
        return None;
    }
    let head = base64::decode(header);
    if !(head.starts_with(b"{") && memmem::find(&head, b"\"alg\"").is_some()) {
        return None;
    }
    // A longer token is known by its beginning.
    let cut = token.len() == MAX_FINDING;
    if !cut && !payload.starts_with(b"eyJ") && memmem::find(&head, b"\"enc\"").is_none() {
        return None;
    }
    let end = at + token.len() - usize::from(token.ends_with(b"."));
    Some(Hit { start: at, end, confidence: Confidence::Validated, test: signature == SAMPLE })
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
