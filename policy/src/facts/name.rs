//! The only texts that facts may hold: names of the policy, checked ids, and digests.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A name that a policy gave, to a level, a rule, a model: never a client's text. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A keyed digest of something that may not be kept: 16 bytes, written in hexadecimal.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

/// An id that says nothing by itself: a UUID, or 16 to 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<str>);

/// The text is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// It is no id.
    #[error("an id is a UUID or 16 to 64 hexadecimal digits")]
    Id,
    /// It is no digest.
    #[error("a digest is 32 hexadecimal digits")]
    Digest,
}

/// A text that is read: records hold many, and nothing copies one that it need not.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

// === impl Name ===

impl Name {
    /// The name as it stands in the policy's document.
    pub(crate) fn written(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|Text(text)| Self(text.into()))
    }
}

// === impl Digest ===

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).map_err(|_| InvalidId::Digest)?;
        if plain { Ok(Self(number.to_be_bytes())) } else { Err(InvalidId::Digest) }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.0.parse().map_err(D::Error::custom)
    }
}

// === impl Id ===

impl Id {
    /// A number as 16 hexadecimal digits.
    pub fn from_bits(bits: u64) -> Self {
        Self(format!("{bits:016x}").into())
    }

    /// A number as a UUID: five groups of hexadecimal digits.
    pub fn uuid(bits: u128) -> Self {
        let [group, second, third, fourth] =
            [bits >> 96, bits >> 80 & 0xFFFF, bits >> 64 & 0xFFFF, bits >> 48 & 0xFFFF];
        Self(
            format!("{group:08x}-{second:04x}-{third:04x}-{fourth:04x}-{last:012x}", last = bits & 0xFFFF_FFFF_FFFF)
                .into(),
        )
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if is_hex(text) || is_uuid(text) { Ok(Self(text.into())) } else { Err(InvalidId::Id) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.0.parse().map_err(D::Error::custom)
    }
}

fn is_hex(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// 8-4-4-4-12 hexadecimal digits: https://www.rfc-editor.org/rfc/rfc9562#section-4
fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    let whole = [8, 4, 4, 4, 12].iter().all(|length| {
        groups.next().is_some_and(|group| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    whole && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uuids_and_hexadecimal_are_ids() {
        for id in ["018f3c2e-7b1a-7c3d-9e4f-0123456789ab", "deadbeefdeadbeef", &"0".repeat(64)] {
            assert!(id.parse::<Id>().is_ok(), "{id}");
        }
        let others = ["", "alice", "dead", "018f3c2e-7b1a-7c3d-9e4f-0123456789ab-", "018f3c2e_7b1a", &"0".repeat(65)];
        for other in others {
            assert_eq!(other.parse::<Id>(), Err(InvalidId::Id), "{other}");
        }
    }

    #[test]
    fn a_digest_survives_being_written() {
        let digest = Digest(*b"0123456789abcdef");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("+1234567890123456789012345678901".parse::<Digest>(), Err(InvalidId::Digest));
        assert_eq!("secret".parse::<Digest>(), Err(InvalidId::Digest));
    }
}
