//! `assigned-secret`: a value given to a name that says it is secret, in code, configuration, headers or prose.
//!
//! Three steps: what the name promises, where its value begins, and whether the value can be a secret.

mod value;

use super::{Form, Hit, Stands, run};
use crate::detect::Confidence;
use value::{Name, judge};

pub const FORM: Form = Form {
    name: "assigned-secret",
    triggers: &[
        "passw",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "apikey",
        "api_key",
        "api-key",
        "api key",
        "access_key",
        "access-key",
        "accesskey",
        "_key",
        "-key",
        "key\"",
        "key=",
        "key'",
        "key:",
        "key ",
        "credential",
        "creds",
        "bearer ",
        "basic ",
        "authorization",
        "auth",
    ],
    stands: Stands::Anywhere,
    far: 0,
    find,
};

/// The most bytes of a name after the trigger.
const MAX_NAME: usize = 40;
/// The most bytes between a name and its value.
const MAX_GAP: usize = 48;
/// The most bytes of a value.
const MAX_VALUE: usize = 512;

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    let rest = run(text, at, MAX_NAME + MAX_GAP + MAX_VALUE, |_| true);
    let trigger = FORM
        .triggers
        .iter()
        .find(|t| rest.get(..t.len()).is_some_and(|head| head.eq_ignore_ascii_case(t.as_bytes())))?;
    *steps = steps.saturating_sub(16);
    let (name, told, after) = if matches!(*trigger, "bearer " | "basic ") {
        (Name::Scheme, Told::Itself, trigger.len())
    } else {
        let word = run(rest, 0, MAX_NAME, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let after = word.len().max(trigger.trim_end_matches([' ', '"', '\'', '=', ':']).len());
        (name(text, at, word), told(text, at, word), after)
    };
    let gap = if name == Name::Scheme { 0 } else { operator(rest.get(after..)?)? };
    let (start, quote) = opening(rest, after + gap);
    let value = value::cut(rest.get(start..)?, quote);
    *steps = steps.saturating_sub(value.len() as u64);
    let confidence = match told {
        Told::Itself => judge(name, value, quote.is_some())?,
        Told::Identity => judge(name, value, quote.is_some()).map(|_| Confidence::Weak)?,
        Told::Property => return None,
    };
    Some(Hit { start: at + start, end: at + start + value.len(), confidence, test: false })
}

/// What a name tells of the secret that it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The secret itself.
    Itself,
    /// Which one it is, or a half of it that everybody may see.
    Identity,
    /// Where it is, how long it is, what kind it is.
    Property,
}

/// The last parts of names that tell a property: `secret_length`, `credentials.url`, `tokenType`.
const PROPERTIES: [&[u8]; 20] = [
    b"url",
    b"uri",
    b"host",
    b"hostname",
    b"endpoint",
    b"path",
    b"file",
    b"dir",
    b"source",
    b"length",
    b"len",
    b"size",
    b"type",
    b"ttl",
    b"expiry",
    b"expires",
    b"count",
    b"name",
    b"prefix",
    b"vault",
];

/// Keys that find something and open nothing: `prompt_cache_key`, `Idempotency-Key`. A UUID looks like a secret there.
const FINDING: [&[u8]; 8] =
    [b"cache", b"idempotency", b"primary", b"foreign", b"partition", b"sort", b"routing", b"dedup"];

/// What the name tells, by its last part and by a `public` before it.
fn told(text: &[u8], at: usize, word: &[u8]) -> Told {
    let last = word.iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |place| place + 1);
    let last = word.get(last..).unwrap_or_default();
    let camel = last.iter().rposition(u8::is_ascii_uppercase).filter(|_| last.iter().any(u8::is_ascii_lowercase));
    let last = last.get(camel.unwrap_or(0)..).unwrap_or_default();
    let is = |part: &&[u8]| last.len() < word.len() && last.eq_ignore_ascii_case(part);
    let before = text.get(at.saturating_sub(12)..at).unwrap_or_default().to_ascii_lowercase();
    let before = before.strip_suffix(b"_").or(before.strip_suffix(b"-")).unwrap_or(&before);
    let public = before.ends_with(b"public");
    let bare = word.strip_prefix(b"_").or(word.strip_prefix(b"-")).unwrap_or(word);
    let is_key = bare.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"key"));
    let finds = is_key && FINDING.iter().any(|part| before.ends_with(part));
    if PROPERTIES.iter().any(is) {
        Told::Property
    } else if public || finds || is(&b"id".as_slice()) && !is_secret_id(word) {
        Told::Identity
    } else {
        Told::Itself
    }
}

/// Vault's AppRole calls a secret `secret_id`, <https://developer.hashicorp.com/vault/docs/auth/approle>.
fn is_secret_id(word: &[u8]) -> bool {
    [&b"secret_id"[..], b"secret-id", b"secretid"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// What a name promises: the word from the trigger on, and what stands before the trigger.
fn name(text: &[u8], at: usize, word: &[u8]) -> Name {
    let word = word.to_ascii_lowercase();
    let before = text.get(at.saturating_sub(16)..at).unwrap_or_default().to_ascii_lowercase();
    if word.starts_with(b"passw") || word.starts_with(b"pwd") || word.starts_with(b"passphrase") {
        Name::Password
    } else if word.starts_with(b"secret")
        || word.starts_with(b"cred")
        || word.starts_with(b"api")
        || word.starts_with(b"access")
    {
        Name::Secret
    } else if word.starts_with(b"authorization") {
        Name::Scheme
    } else if word.starts_with(b"token") {
        Name::Token
    } else {
        let parts: [&[u8]; 9] =
            [b"api", b"access", b"secret", b"private", b"auth", b"encryption", b"signing", b"client", b"master"];
        let named = parts.iter().any(|part| before.windows(part.len()).any(|found| found == *part));
        if named && before.last().is_some_and(|byte| !byte.is_ascii_whitespace()) { Name::Secret } else { Name::Key }
    }
}

/// How many bytes stand between a name and its value, if there is an operator among them.
///
/// After the name may come what closes it (quotes, brackets), a type, and then `=`, `:=`, `=>`, `:`, `,` before a quote, `>`
/// of an element, or ` is `; after it blanks, line breaks and a type's or string's prefix.
fn operator(text: &[u8]) -> Option<usize> {
    let mut at = skip(text, 0, b"\"'`\\])", 4);
    let quoted = at > 0;
    at += skip(text, at, b" \t", 8);
    let typed = run(text, at, 24, |byte| byte.is_ascii_alphabetic() || b":?[]<> ".contains(&byte));
    if !typed.is_empty() && text.get(at + typed.len()) == Some(&b'=') && memchr::memchr(b'\n', typed).is_none() {
        at += typed.len();
    }
    let rest = text.get(at..)?;
    let operator = if rest.starts_with(b"is ") || rest.starts_with(b"IS ") {
        3
    } else {
        let marks = run(rest, 0, 5, |byte| b"=:|?.>-+".contains(&byte));
        let assigns = marks.iter().any(|byte| b"=:>".contains(byte)) && marks != b"==" && marks != b"===";
        match (assigns, rest.first()) {
            (true, _) => marks.len(),
            (false, Some(b',')) if quoted => 1,
            _ => return None,
        }
    };
    let mut end = at + operator;
    end += skip(text, end, b" \t\r\n", 12);
    for prefix in
        [&b"|"[..], b"is ", b"Bearer ", b"bearer ", b"Basic ", b"basic ", b"token ", b"Token ", b"new String("]
    {
        if text.get(end..).is_some_and(|rest| rest.starts_with(prefix)) {
            end += prefix.len();
            end += skip(text, end, b" \t\r\n", 12);
        }
    }
    Some(end)
}

/// Where the value begins past its quotes, and the quote that ends it.
fn opening(text: &[u8], at: usize) -> (usize, Option<u8>) {
    let prefix = run(text, at, 2, |byte| b"fbru@".contains(&byte)).len();
    let prefix = if matches!(text.get(at + prefix), Some(b'"' | b'\'')) { prefix } else { 0 };
    let slashes = skip(text, at + prefix, b"\\", 4);
    let open = at + prefix + slashes;
    match text.get(open) {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            let many = skip(text, open, &[*quote], 3);
            let start = open + many;
            let scheme = [&b"Bearer "[..], b"Basic ", b"bearer ", b"basic ", b"Token ", b"token "];
            let rest = text.get(start..).unwrap_or_default();
            let scheme = scheme.iter().find(|scheme| rest.starts_with(scheme)).map_or(0, |scheme| scheme.len());
            (start + scheme, Some(*quote))
        }
        _ => (at, None),
    }
}

fn skip(text: &[u8], at: usize, set: &[u8], most: usize) -> usize {
    run(text, at, most, |byte| set.contains(&byte)).len()
}
