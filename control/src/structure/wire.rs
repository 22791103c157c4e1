//! Canonical JSON straight from an encoded `google.protobuf.Struct`, with no message made of it first.
//!
//! That is the most of what taking a record in costs. Whatever is not written as everybody writes it is left to the library.
//! The wire format: <https://protobuf.dev/programming-guides/encoding/>

use prost::encoding::decode_varint;
use serde::Serialize;

use super::whole_number;

/// What is left of a message.
struct Wire<'m>(&'m [u8]);

/// The tags of all that there can be: the number of a field and how it is encoded.
mod tag {
    pub const FIELDS: u8 = 1 << 3 | 2;
    pub const KEY: u8 = 1 << 3 | 2;
    pub const VALUE: u8 = 2 << 3 | 2;
    pub const LIST_VALUES: u8 = 1 << 3 | 2;
    pub const NULL: u8 = 1 << 3;
    pub const NUMBER: u8 = 2 << 3 | 1;
    pub const STRING: u8 = 3 << 3 | 2;
    pub const BOOL: u8 = 4 << 3;
    pub const STRUCT: u8 = 5 << 3 | 2;
    pub const LIST: u8 = 6 << 3 | 2;
}

/// How deep objects and lists may stand in one another.
const DEPTH: usize = 32;

/// The object that an encoded message stands for, as canonical JSON; `None` if the library is to say what it is, or what is wrong
/// with it.
pub fn canonical(message: &[u8]) -> Option<String> {
    let mut written = Vec::with_capacity(message.len());
    object(message, &mut written, DEPTH)?;
    String::from_utf8(written).ok()
}

fn object(message: &[u8], written: &mut Vec<u8>, depth: usize) -> Option<()> {
    let mut fields = fields(message)?;
    fields.sort_unstable_by_key(|(key, _)| *key);
    if fields.is_sorted_by(|(one, _), (next, _)| one < next) {
        written.push(b'{');
        for (place, (key, value)) in fields.into_iter().enumerate() {
            separate(place, written);
            write(key, written)?;
            written.push(b':');
            self::value(value, written, depth)?;
        }
        written.push(b'}');
        return Some(());
    }
    // A key that is there twice.
    None
}

/// The fields of an object, as they come. Keys that are not ASCII have an order of their own in canonical JSON.
fn fields(message: &[u8]) -> Option<Vec<(&str, &[u8])>> {
    let mut fields = Vec::with_capacity(16);
    let mut wire = Wire(message);
    while !wire.0.is_empty() {
        let mut field = Wire(wire.tagged(tag::FIELDS)?);
        let key = std::str::from_utf8(field.tagged(tag::KEY)?).ok()?;
        let value = field.tagged(tag::VALUE)?;
        if !key.is_ascii() || !field.0.is_empty() {
            return None;
        }
        fields.push((key, value));
    }
    Some(fields)
}

fn list(message: &[u8], written: &mut Vec<u8>, depth: usize) -> Option<()> {
    let mut wire = Wire(message);
    written.push(b'[');
    for place in 0.. {
        if wire.0.is_empty() {
            break;
        }
        separate(place, written);
        value(wire.tagged(tag::LIST_VALUES)?, written, depth)?;
    }
    written.push(b']');
    Some(())
}

fn value(message: &[u8], written: &mut Vec<u8>, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let mut wire = Wire(message);
    match wire.byte()? {
        tag::NULL => wire.varint().and_then(|_| write(&(), written))?,
        tag::NUMBER => write(&whole_number(wire.double()?)?, written)?,
        tag::STRING => write(std::str::from_utf8(wire.bytes()?).ok()?, written)?,
        tag::BOOL => write(&(wire.varint()? != 0), written)?,
        tag::STRUCT => object(wire.bytes()?, written, depth)?,
        tag::LIST => list(wire.bytes()?, written, depth)?,
        _ => return None,
    }
    // Of several values the last would count.
    wire.0.is_empty().then_some(())
}

fn separate(place: usize, written: &mut Vec<u8>) {
    if place > 0 {
        written.push(b',');
    }
}

/// Strings and whole numbers are written canonically by any who write them as short as they can be.
fn write(value: &(impl Serialize + ?Sized), written: &mut Vec<u8>) -> Option<()> {
    serde_json::to_writer(written, value).ok()
}

// === impl Wire ===

impl<'m> Wire<'m> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        decode_varint(&mut self.0).ok()
    }

    fn double(&mut self) -> Option<f64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    /// Bytes behind their length.
    fn bytes(&mut self) -> Option<&'m [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// The same behind this tag.
    fn tagged(&mut self, tag: u8) -> Option<&'m [u8]> {
        if self.byte()? == tag { self.bytes() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::value::Kind;
    use prost_types::{Struct, Value};
    use serde_json::{Value as Json, json};

    use crate::chain::canonical;
    use crate::structure;

    fn encoded(json: &Json) -> Vec<u8> {
        structure::message(json.as_object().unwrap().clone()).encode_to_vec()
    }

    fn record() -> Json {
        let odd: String = (0..0x300).filter_map(char::from_u32).chain("\u{2028}\u{ffff}\u{1f600}".chars()).collect();
        json!({"z": [1, -2, null, true, false, {"b": {}, "a": []}], "a": odd, "A\u{7f}\n": (1_u64 << 53) - 1})
    }

    #[test]
    fn a_message_is_written_as_the_library_writes_what_it_stands_for() {
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        // The library leaves an empty key out.
        let nameless = json!({"": 0});
        let numbers = json!({"b": 1.5, "a": 1e300, "c": -9_007_199_254_740_992_i64, "d": -0.0});
        let keys = json!({"\u{1f600}": 1, "\u{fb33}": 2, "é": 3, "z": 4});
        for (value, straight) in [
            (record(), true),
            (json!({}), true),
            (nameless, false),
            (numbers, false),
            (keys, false),
            (json!({"d": deep}), false),
        ] {
            let encoded = encoded(&value);
            let library = canonical::to_string(&value).ok();
            assert_eq!(structure::canonical(&encoded).ok(), library, "{value}");
            assert_eq!(super::canonical(&encoded), library.filter(|_| straight), "{value}");
        }
        let endless = Struct { fields: [("n".to_owned(), Value { kind: Some(Kind::NumberValue(f64::NAN)) })].into() };
        assert_eq!(structure::canonical(&endless.encode_to_vec()).ok().as_deref(), Some(r#"{"n":null}"#));
    }

    /// What the library makes of bytes, by the long way.
    fn by_library(bytes: &[u8]) -> Option<String> {
        let value = Json::Object(structure::object(Struct::decode(bytes).ok()?));
        canonical::to_string(&value).ok()
    }

    #[test]
    fn whatever_comes_is_what_the_library_says_it_is_or_nothing() {
        let whole = encoded(&record());
        let twice = [whole.as_slice(), &whole].concat();
        assert_eq!(structure::canonical(&twice).ok(), by_library(&twice));
        // A fixed pseudo-random order: Lehmer's generator.
        let mut state = 48271_usize;
        let mut random = |below: usize| {
            state = state * 48271 % 2_147_483_647;
            state % below
        };
        let mut straight = 0;
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            for _ in 0..=random(3) {
                let place = random(bytes.len());
                match random(4) {
                    0 => bytes.truncate(place),
                    1 => drop(bytes.remove(place)),
                    2 => bytes.insert(place, random(256) as u8),
                    _ => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte = random(256) as u8),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let written = super::canonical(&bytes);
            straight += usize::from(written.is_some());
            assert!(written.is_none() || written == by_library(&bytes), "{bytes:?}");
        }
        assert!(straight > 500, "{straight} were read at all");
    }
}
