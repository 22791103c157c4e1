//! `private-key`: a PEM, OpenSSH, PGP or PuTTY private key. RFC 7468.

use super::{Form, Hit, Stands, run};
use crate::detect::{Confidence, MAX_FINDING};
use memchr::memmem;

pub const FORM: Form = Form {
    name: "private-key",
    triggers: &["private key", "putty-user-key-file"],
    stands: Stands::Anywhere,
    far: 0,
    find,
};

/// The fewest base64 characters after the header that are a key.
const MIN_BODY: usize = 40;

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    let begin = if is_putty(text, at) { at } else { header(text, at)? };
    let body = text.get(at..(begin + MAX_FINDING).min(text.len()))?;
    *steps = steps.saturating_sub(body.len() as u64);
    let end_mark = memmem::find(body, b"-----END").or_else(|| memmem::find(body, b"---- END"));
    let key = body.get(..end_mark.unwrap_or(body.len()))?;
    let base64 = key.iter().skip(11).filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).count();
    // A header alone is talk about keys.
    let confidence = if base64 >= MIN_BODY { Confidence::Validated } else { Confidence::Weak };
    let tail = end_mark.map_or(0, |mark| run(text, at + mark, 64, |byte| byte != b'\n' && byte != b'\\').len());
    let end = (at + key.len() + tail).min(begin + MAX_FINDING);
    Some(Hit { start: begin, end, confidence, test: false })
}

/// Where `-----BEGIN ... ` begins, of which the trigger at `at` is the end.
fn header(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(at.saturating_sub(40)..at)?;
    let mark = memmem::rfind(before, b"BEGIN")?;
    let label = before.get(mark + 5..)?;
    let is_label = label.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ');
    let dashes = before.get(..mark)?.iter().rev().take_while(|byte| **byte == b'-' || **byte == b' ').count();
    is_label.then_some(at + mark - before.len() - dashes)
}

fn is_putty(text: &[u8], at: usize) -> bool {
    run(text, at, 19, |_| true).eq_ignore_ascii_case(b"putty-user-key-file")
}
