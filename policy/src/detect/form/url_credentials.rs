//! `url-credentials`: a user and a password in a URL or a connection string, `scheme://user:password@host`. RFC 3986, section 3.2.1.

use super::{Form, Hit, Stands, run};
use crate::detect::{Confidence, language};

pub const FORM: Form = Form { name: "url-credentials", triggers: &["://"], stands: Stands::Anywhere, far: 0, find };

const MAX_SCHEME: usize = 24;
const MAX_LOGIN: usize = 256;
/// Passwords that everyone writes where they mean none.
const STAND_INS: [&[u8]; 12] = [
    b"pass",
    b"pwd",
    b"password",
    b"passwd",
    b"user",
    b"username",
    b"secret",
    b"token",
    b"mypassword",
    b"admin",
    b"root",
    b"postgres",
];

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    let before = text.get(at.saturating_sub(MAX_SCHEME)..at)?;
    let scheme = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
    let login = run(text, at + 3, MAX_LOGIN, |byte| byte.is_ascii_graphic() && !b"/\"'<>`\\".contains(&byte));
    *steps = steps.saturating_sub((scheme + login.len()) as u64);
    // A password may hold an `@` itself: the last one before a host ends it.
    let sign = memchr::memrchr(b'@', login)?;
    let (login, host) = (login.get(..sign)?, login.get(sign + 1..)?);
    let colon = memchr::memchr(b':', login)?;
    let (user, password) = (login.get(..colon)?, login.get(colon + 1..)?);
    if scheme == 0
        || password.is_empty()
        || host.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'[')
    {
        return None;
    }
    let lower = password.to_ascii_lowercase();
    let stand_in = STAND_INS.contains(&lower.as_slice()) || user == password || language::is_placeholder(password);
    let confidence = if stand_in || password.len() < 3 { Confidence::Weak } else { Confidence::Pattern };
    let host = run(host, 0, 253, |byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)).len();
    Some(Hit { start: at - scheme, end: at + 3 + sign + 1 + host, confidence, test: stand_in })
}
