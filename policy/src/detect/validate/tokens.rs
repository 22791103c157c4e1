//! Credentials: structure that their makers publish, and the signs of a placeholder.

use super::checksum::{crc32, entropy};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("random", random),
    ("random-value", random_value),
    ("github-token", github_token),
    ("jwt", jwt),
    ("aws-access-key", aws_access_key),
    ("aws-secret-key", aws_secret_key),
    ("azure-key", azure_key),
    ("discord-token", discord_token),
    ("spoken-password", spoken_password),
    ("login", login),
];

/// Whether this could have come from a random generator: not `xxxxxxxx`, `abcdefgh`, `12345678`, `EXAMPLE`, or one word many times.
fn random(text: &str) -> Check {
    Check::allows(!is_placeholder(text) && entropy(text.as_bytes()) >= 2.5)
}

/// As `random`, for the value at the end of an assignment: what stands behind the last `=`, `:`, space or quote.
fn random_value(text: &str) -> Check {
    let value = text.trim_end_matches(['"', '\'', '`']);
    let value =
        value.rsplit(['=', ':', ' ', '"', '\'', '`', '>', '(', ',']).find(|part| part.len() >= 8).unwrap_or_default();
    let floor = if value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') { 2.6 } else { 3.0 };
    Check::allows(
        !is_placeholder(value) && entropy(value.as_bytes()) >= floor && value.bytes().any(|byte| byte.is_ascii_digit()),
    )
}

/// The signs of a value that a person put in the place of a secret.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 12] = [
        "example",
        "xxxx",
        "your_",
        "your-",
        "yourtoken",
        "placeholder",
        "changeme",
        "redacted",
        "dummy",
        "sample",
        "insert",
        "1234567890abcdef1234567890",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || runs(lower.as_bytes())
}

/// Whether more than three in four of the bytes repeat, or follow on, the byte before them (`aaaa`, `1234`, `abcd`).
fn runs(bytes: &[u8]) -> bool {
    let follows = |pair: &[u8]| matches!(pair, [left, right] if left == right || right.checked_sub(*left) == Some(1));
    bytes.len() > 7 && bytes.windows(2).filter(|pair| follows(pair)).count() * 4 > bytes.len() * 3
}

/// GitHub, npm: the last six characters are the CRC-32 of the random part in base 62 ("Behind GitHub's new authentication token formats", 2021).
fn github_token(text: &str) -> Check {
    let body = text.rsplit_once('_').map_or(text, |(_, body)| body);
    let Some((head, check)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else {
        return Check::Invalid;
    };
    if is_placeholder(body) {
        return Check::Invalid;
    }
    if base62(crc32(head.as_bytes())).as_bytes() == check.as_bytes() { Check::Valid } else { Check::Unsure }
}

/// Six digits of base 62, zeros in front.
fn base62(mut value: u32) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((value % 62) as usize).copied().unwrap_or(b'0');
        value /= 62;
    }
    digits.map(char::from).iter().collect()
}

/// JSON Web Token: the header decodes to JSON that names an algorithm (RFC 7515). One that does not is not refused: examples are often cut up.
fn jwt(text: &str) -> Check {
    let header = text.split('.').next().map(base64url).unwrap_or_default();
    let header = String::from_utf8_lossy(&header);
    let opens = header.trim_start().starts_with('{');
    if opens && header.contains("\"alg\"") { Check::Valid } else { Check::Unsure }
}

/// The most bytes of base 64 that are decoded.
const MOST_BASE64: usize = 4096;

/// The bytes that base 64 (either alphabet) stands for, as far as it is well formed.
fn base64url(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().take(MOST_BASE64) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

/// AWS access key id: base 32 behind four letters; AWS ends its documentation's with EXAMPLE. The prefix says so much that a
/// random part may repeat itself more than elsewhere.
fn aws_access_key(text: &str) -> Check {
    let body = text.get(4..).unwrap_or_default();
    if body.ends_with("EXAMPLE") {
        return Check::Specimen;
    }
    Check::allows(!is_placeholder(text) && entropy(body.as_bytes()) >= 2.0)
}

/// AWS secret access key: forty characters of base 64, of all classes, near 5 bits each; not a digest in hex, not a path.
fn aws_secret_key(text: &str) -> Check {
    let value = text.trim_end_matches(['"', '\'', '`']);
    let value = value.len().checked_sub(40).and_then(|at| value.get(at..)).unwrap_or_default();
    if value.ends_with("EXAMPLEKEY") {
        return Check::Specimen;
    }
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    Check::allows(mixed && entropy(value.as_bytes()) >= 4.1 && value.bytes().filter(|byte| *byte == b'/').count() < 5)
}

/// A key of an Azure storage account: 88 characters of base 64 that decode to 64 bytes.
fn azure_key(text: &str) -> Check {
    let value = text.rsplit_once("Key=").map_or(text, |(_, value)| value);
    Check::allows(entropy(value.as_bytes()) >= 4.0 && !is_placeholder(value))
}

/// A password told in prose: no plain word, but letters with digits or other signs.
fn spoken_password(text: &str) -> Check {
    let word = text.trim_end_matches(['.', '!', '?', ':']);
    let has = |class: fn(&u8) -> bool| word.bytes().any(|byte| class(&byte));
    let signs = word.bytes().any(|byte| byte.is_ascii_punctuation() && !b"-_.'/:".contains(&byte));
    let letters = has(u8::is_ascii_alphabetic);
    let cases = word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) && has(u8::is_ascii_lowercase);
    Check::allows(word.len() >= 6 && letters && (has(u8::is_ascii_digit) || signs || cases) && !is_placeholder(word))
}

/// A user and a password joined by a colon, neither of them the word for itself.
fn login(text: &str) -> Check {
    const WORDS: [&str; 12] =
        ["user", "username", "test", "token", "pass", "password", "passwd", "secret", "xxx", "yyy", "foo", "bar"];
    let Some((_, password)) = text.trim_matches(['"', '\'']).split_once(':') else { return Check::Invalid };
    let lower = password.to_ascii_lowercase();
    Check::allows(
        !WORDS.contains(&lower.as_str()) && !is_placeholder(password) && !password.starts_with(['$', '<', '{']),
    )
}

/// Discord: the first part is the user's id, a decimal number, in base 64.
fn discord_token(text: &str) -> Check {
    let id = text.split('.').next().map(base64url).unwrap_or_default();
    Check::proves(id.len() >= 17 && id.iter().all(u8::is_ascii_digit))
}
