//! `email`: an e-mail address, told from its `@`.

use super::{Form, Hit, Stands};
use crate::detect::Confidence;

pub const FORM: Form = Form { name: "email", triggers: &["@"], stands: Stands::Anywhere, far: 0, find };

/// The most bytes of the part before the `@`, and of a label of a domain. RFC 5321, section 4.5.3.1.
const MAX_LOCAL: usize = 64;
/// The most bytes of a domain.
const MAX_DOMAIN: usize = 253;

/// Last labels that are file endings, not domains.
const FILES: [&[u8]; 14] =
    [b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"ts", b"html", b"json", b"yaml", b"yml", b"txt"];
/// Local parts that name a service's account in a URL, not a person's mailbox.
const SERVICES: [&[u8]; 2] = [b"git", b"hg"];
/// Local parts of mailboxes that nobody reads: coding agents have one in every request, as the author of their commits.
const NOBODYS: [&[u8]; 5] = [b"noreply", b"no-reply", b"donotreply", b"do-not-reply", b"mailer-daemon"];

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    let before = text.get(..at)?;
    let after = text.get(at + 1..)?;
    let local = before.iter().rev().take(MAX_LOCAL + 1).take_while(|byte| is_local(**byte)).count();
    let domain = after.iter().take(MAX_DOMAIN).take_while(|byte| is_domain(**byte)).count();
    *steps = steps.saturating_sub((local + domain) as u64);
    if local > MAX_LOCAL {
        return None;
    }
    let mut name = before.get(at - local..)?;
    while let [b'.' | b'-' | b'\'' | b'&' | b'=' | b'/' | b'?', rest @ ..] = name {
        name = rest;
    }
    // In `\nann@...`, written inside a JSON string, the `n` is no part of the name.
    let escaped = name.len() > 1 && at.checked_sub(name.len() + 1).and_then(|i| text.get(i)) == Some(&b'\\');
    if let (true, [b'n' | b'r' | b't', rest @ ..]) = (escaped, name) {
        name = rest;
    }
    let mut host = after.get(..domain)?;
    while let [rest @ .., b'.' | b'-'] = host {
        host = rest;
    }
    if name.is_empty() || name.ends_with(b".") || !is_host(host) {
        return None;
    }
    let is_url_login = after.get(host.len()) == Some(&b':') && SERVICES.contains(&name);
    if is_url_login || is_login(text, at - name.len()) {
        return None;
    }
    let is_nobodys = NOBODYS.iter().any(|known| name.eq_ignore_ascii_case(known));
    let confidence = if is_nobodys { Confidence::Weak } else { Confidence::Pattern };
    Some(Hit { start: at - name.len(), end: at + 1 + host.len(), confidence, test: is_reserved(host) })
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-'
}

/// Whether what stands before the name makes it the user of a URL: `https://name@host`, `https://name:word@host`.
fn is_login(text: &[u8], start: usize) -> bool {
    text.get(..start).is_some_and(|before| before.ends_with(b"://"))
}

/// Whether these bytes can be a domain with a top-level one.
fn is_host(host: &[u8]) -> bool {
    let mut labels = host.split(|byte| *byte == b'.');
    let whole = labels.clone().all(|label| {
        !label.is_empty() && label.len() <= MAX_LOCAL && !label.starts_with(b"-") && !label.ends_with(b"-")
    });
    let top = labels.next_back().unwrap_or_default();
    let deep = labels.next_back().is_some();
    let top_ok = (2..=24).contains(&top.len()) && (top.iter().all(u8::is_ascii_alphabetic) || top.starts_with(b"xn--"));
    let lower = top.to_ascii_lowercase();
    whole && deep && top_ok && !FILES.contains(&lower.as_slice())
}

/// Whether the domain is set aside for examples and tests: RFC 2606, RFC 6761.
fn is_reserved(host: &[u8]) -> bool {
    let host = host.to_ascii_lowercase();
    let is = |name: &[u8]| {
        host == name
            || (host.ends_with(name) && host.len() > name.len() && {
                host.get(host.len() - name.len() - 1) == Some(&b'.')
            })
    };
    [&b"example.com"[..], b"example.org", b"example.net", b"example.edu", b"example", b"test", b"invalid", b"localhost"]
        .into_iter()
        .any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(&str, bool)> {
        let at = text.find('@').unwrap();
        find(text.as_bytes(), at, &mut 10_000).map(|hit| (text.get(hit.start..hit.end).unwrap(), hit.test))
    }

    #[test]
    fn addresses_are_found_whole() {
        let cases = [
            ("write to ann.lee+x@mail.acme.co.uk.", Some(("ann.lee+x@mail.acme.co.uk", false))),
            ("<ann@acme.io>", Some(("ann@acme.io", false))),
            (r"To:\nann@acme.io", Some(("ann@acme.io", false))),
            ("joe@example.com", Some(("joe@example.com", true))),
            ("icon@2x.png", None),
            ("git@github.com:a/b.git", None),
            ("@decorator.name", None),
            ("a @ b.com", None),
            ("user@localhost", None),
            ("postgres://app@db.internal.net/x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
