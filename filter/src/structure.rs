//! Values as `google.protobuf.Struct`, written while they are serialised: no tree is built on the way.
//!
//! The message is that of <https://protobuf.dev/reference/protobuf/google.protobuf/#struct>, its bytes those of
//! <https://protobuf.dev/programming-guides/encoding/>.

#[cfg(test)]
mod tests;

use serde::de::value::Error;
use serde::ser::{self, Error as _, Serialize, Serializer};

/// A value that serialises as an object, as the bytes of a `Struct`.
///
/// # Errors
///
/// Where the value is no object, or the name of a field in it is no text.
pub fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { bytes: Vec::with_capacity(USUAL), open: Vec::new() };
    value.serialize(&mut writer)?;
    // What was written is a `Value`: the field's number, a length, and then the `Struct` itself.
    match writer.bytes.split_first() {
        Some((&VALUE_STRUCT, rest)) => {
            let length = rest.iter().take_while(|byte| **byte & CONTINUED != 0).count() + 1;
            Ok(rest.get(length..).unwrap_or_default().to_vec())
        }
        _ => Err(Error::custom("no object")),
    }
}

/// So many bytes hold most records.
const USUAL: usize = 4096;

/// The field `fields` of a `Struct`, the key of its entries, and their value.
const STRUCT_ENTRY: u8 = 1 << 3 | LENGTH;
const ENTRY_KEY: u8 = 1 << 3 | LENGTH;
const ENTRY_VALUE: u8 = 2 << 3 | LENGTH;
/// The field `values` of a `ListValue`.
const LIST_VALUE: u8 = 1 << 3 | LENGTH;
/// The kinds of a `Value`.
const VALUE_NULL: u8 = 1 << 3;
const VALUE_NUMBER: u8 = 2 << 3 | EIGHT_BYTES;
const VALUE_TEXT: u8 = 3 << 3 | LENGTH;
const VALUE_TRUTH: u8 = 4 << 3;
const VALUE_STRUCT: u8 = 5 << 3 | LENGTH;
const VALUE_LIST: u8 = 6 << 3 | LENGTH;
/// How a field is written: as eight bytes, or as bytes after their length.
const EIGHT_BYTES: u8 = 1;
const LENGTH: u8 = 2;
/// The bit of a number's byte that says that more follow.
const CONTINUED: u8 = 0x80;

/// Writes one `Value`.
struct Writer {
    bytes: Vec<u8>,
    /// Where the fields begin that are being written, whose lengths are not known yet.
    open: Vec<usize>,
}

/// An object or a list that is being written.
struct Nested<'a> {
    writer: &'a mut Writer,
    /// How many fields its end closes.
    depth: usize,
}

// === impl Writer ===

impl Writer {
    fn begin(&mut self, tag: u8) {
        // Most lengths are one byte, for which there is room now.
        self.bytes.extend([tag, 0]);
        self.open.push(self.bytes.len());
    }

    /// Puts the length in front of the field that was begun last.
    fn end(&mut self) {
        let Some(start) = self.open.pop() else { return };
        let length = self.bytes.len().saturating_sub(start);
        match (u8::try_from(length), self.bytes.get_mut(start.saturating_sub(1))) {
            (Ok(length), Some(room)) if length & CONTINUED == 0 => *room = length,
            _ => drop(self.bytes.splice(start.saturating_sub(1)..start, varint(length))),
        }
    }

    fn text(&mut self, tag: u8, text: &str) {
        self.bytes.push(tag);
        self.bytes.extend(varint(text.len()));
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn entry(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.begin(STRUCT_ENTRY);
        self.text(ENTRY_KEY, key);
        self.entry_value(value)
    }

    fn entry_value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.begin(ENTRY_VALUE);
        value.serialize(&mut *self)?;
        self.end();
        self.end();
        Ok(())
    }

    fn nested(&mut self, tag: u8) -> Nested<'_> {
        self.begin(tag);
        Nested { writer: self, depth: 1 }
    }

    /// An object whose one field is the variant's name; what is in it follows.
    fn variant(&mut self, name: &str, tag: u8) -> Nested<'_> {
        self.begin(VALUE_STRUCT);
        self.begin(STRUCT_ENTRY);
        self.text(ENTRY_KEY, name);
        self.begin(ENTRY_VALUE);
        self.begin(tag);
        Nested { writer: self, depth: 4 }
    }

    fn number(&mut self, number: f64) {
        self.bytes.push(VALUE_NUMBER);
        self.bytes.extend(number.to_le_bytes());
    }
}

/// A number in groups of seven bits, the lowest first.
fn varint(number: usize) -> impl Iterator<Item = u8> {
    let mut rest = Some(number);
    std::iter::from_fn(move || {
        let number = rest?;
        let low = (number % 128) as u8;
        rest = Some(number / 128).filter(|rest| *rest > 0);
        Some(if rest.is_some() { low | CONTINUED } else { low })
    })
}

/// The message knows only floating-point numbers.
macro_rules! numbers {
    ($($method:ident($number:ty))*) => {
        $(fn $method(self, number: $number) -> Result<(), Error> {
            self.number(number as f64);
            Ok(())
        })*
    };
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Nested<'a>;
    type SerializeTuple = Nested<'a>;
    type SerializeTupleStruct = Nested<'a>;
    type SerializeTupleVariant = Nested<'a>;
    type SerializeMap = Nested<'a>;
    type SerializeStruct = Nested<'a>;
    type SerializeStructVariant = Nested<'a>;

    numbers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_f32(f32) serialize_f64(f64)
    }

    fn serialize_bool(self, truth: bool) -> Result<(), Error> {
        self.bytes.extend([VALUE_TRUTH, u8::from(truth)]);
        Ok(())
    }

    fn serialize_char(self, c: char) -> Result<(), Error> {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.text(VALUE_TEXT, text);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Err(Error::custom("bytes that are no text"))
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.bytes.extend([VALUE_NULL, 0]);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Error> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.begin(VALUE_STRUCT);
        self.entry(name, value)?;
        self.end();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Nested<'a>, Error> {
        Ok(self.nested(VALUE_LIST))
    }

    fn serialize_tuple(self, _: usize) -> Result<Nested<'a>, Error> {
        Ok(self.nested(VALUE_LIST))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Nested<'a>, Error> {
        Ok(self.nested(VALUE_LIST))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Nested<'a>, Error> {
        Ok(self.variant(name, VALUE_LIST))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Nested<'a>, Error> {
        Ok(self.nested(VALUE_STRUCT))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Nested<'a>, Error> {
        Ok(self.nested(VALUE_STRUCT))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Nested<'a>, Error> {
        Ok(self.variant(name, VALUE_STRUCT))
    }
}

// === impl Nested ===

impl Nested<'_> {
    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.writer.begin(LIST_VALUE);
        value.serialize(&mut *self.writer)?;
        self.writer.end();
        Ok(())
    }

    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.writer.entry(name, value)
    }

    fn close(self) -> Result<(), Error> {
        for _ in 0..self.depth {
            self.writer.end();
        }
        Ok(())
    }
}

/// The kinds of lists, and of objects with known fields, differ by the names of their methods alone.
macro_rules! compounds {
    ($($kind:ident::$method:ident[$($name:ident: $of:ty)?] = $write:ident)*) => {
        $(impl ser::$kind for Nested<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $of,)? value: &T) -> Result<(), Error> {
                self.$write($($name,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

compounds! {
    SerializeSeq::serialize_element[] = element
    SerializeTuple::serialize_element[] = element
    SerializeTupleStruct::serialize_field[] = element
    SerializeTupleVariant::serialize_field[] = element
    SerializeStruct::serialize_field[name: &'static str] = field
    SerializeStructVariant::serialize_field[name: &'static str] = field
}

impl ser::SerializeMap for Nested<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.writer.begin(STRUCT_ENTRY);
        let start = self.writer.bytes.len();
        key.serialize(&mut *self.writer)?;
        // A text is written alike as a value and as a key, but for the number of its field.
        match self.writer.bytes.get_mut(start) {
            Some(tag) if *tag == VALUE_TEXT => *tag = ENTRY_KEY,
            _ => return Err(Error::custom("a key that is no text")),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.writer.entry_value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
