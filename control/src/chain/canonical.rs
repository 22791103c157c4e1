//! Canonical JSON and its hashes: what the audit chain is made of.
//!
//! The canonical form is that of RFC 8785 (JCS): equal values have equal bytes, so that they have equal hashes anywhere.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

/// A SHA-256 hash, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// The text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits")]
pub struct InvalidHash;

/// Below this, whole numbers are the same as floating-point numbers, which are all that the canonical form knows.
pub const EXACT: u64 = 1 << 53;

/// The canonical form of anything that serialises to JSON; an error only for what JSON cannot say, such as a NaN.
pub fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json_canonicalizer::to_string(value)
}

/// The same of a value that is read already: most are written so as they stand, which is three times as fast.
pub fn of_value(value: &Value) -> serde_json::Result<String> {
    if is_plain(value) { of_plain(value) } else { to_string(value) }
}

/// The same of what is written so as it stands. Whoever says so has looked: its keys are ASCII in order, and its numbers are whole
/// and [exact](EXACT).
pub fn of_plain(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

/// Whether a value is written so as it stands: its keys are ASCII in order, and its numbers are whole and exact.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < EXACT),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(fields) => {
            fields.keys().all(|key| key.is_ascii()) && fields.keys().is_sorted() && fields.values().all(is_plain)
        }
    }
}

// === impl Hash ===

impl Hash {
    /// The hash of these bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let mut hash = [0; 32];
        // The lengths are the same: nothing is left out.
        hash.iter_mut().zip(digest(&SHA256, bytes.as_ref()).as_ref()).for_each(|(byte, digested)| *byte = *digested);
        Self(hash)
    }

    /// From the bytes that a database kept.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidHash> {
        bytes.try_into().map(Self).map_err(|_| InvalidHash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.pad(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        // A hash is written in one way only.
        let upper = text.bytes().any(|digit| digit.is_ascii_uppercase());
        let mut hash = [0; 32];
        match hex::decode_to_slice(text, &mut hash) {
            Ok(()) if !upper => Ok(Self(hash)),
            _ => Err(InvalidHash),
        }
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_have_equal_bytes() {
        let one = json!({"b": [1, 2.50, "\u{20ac}\n"], "a": {"\u{1f600}": 1, "\u{fb33}": 2}});
        // RFC 8785 sorts keys by UTF-16 units: the emoji's surrogates come before U+FB33.
        assert_eq!(to_string(&one).unwrap(), "{\"a\":{\"\u{1f600}\":1,\"\u{fb33}\":2},\"b\":[1,2.5,\"\u{20ac}\\n\"]}");
    }

    #[test]
    fn a_value_that_is_written_as_it_stands_is_written_as_the_library_writes_it() {
        let odd: String = (0..0x300).filter_map(char::from_u32).chain("\u{2028}\u{ffff}\u{1f600}".chars()).collect();
        let texts = [json!(odd), json!({"a": odd, "b": [odd, null, true]}), json!({"": 0, "\u{7f}\n\"": -1})];
        let numbers =
            [0, 1, -7, (1 << 53) - 1, 1 - (1 << 53), 1 << 53, i64::MIN, i64::MAX].map(|number| json!({"n": number}));
        let others = [
            json!({"x": 1.5, "y": 1e300, "z": u64::MAX}),
            json!({"é": 1, "z": 2}),
            json!([[], {}, [{"b": {}, "a": []}]]),
        ];
        let mut plain = 0;
        for value in texts.iter().chain(&numbers).chain(&others) {
            assert_eq!(of_value(value).ok(), to_string(value).ok(), "{value}");
            plain += usize::from(is_plain(value));
        }
        assert_eq!(plain, texts.len() + 5 + 1);
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_nothing_else_is() {
        let hash = Hash::of("abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "ba", &"g".repeat(64), &"A".repeat(64), &format!("+{}", "a".repeat(63))] {
            assert_eq!(text.parse::<Hash>(), Err(InvalidHash), "{text}");
        }
    }
}
