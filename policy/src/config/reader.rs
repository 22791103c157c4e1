//! Reads the types of a policy from a tree, and knows the path to what it cannot read.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
        value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use super::{
    fault::{Fault, found},
    node::{Node, Step},
};

/// Reads from a part of a document. From [`Node::Any`] it reads whatever is wanted.
#[derive(Clone, Copy)]
pub struct Reader<'n>(pub &'n Node);

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Node::Null | Node::Any => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Integer(number) => visitor.visit_i64(*number),
            Node::Float(number) => visitor.visit_f64(*number),
            Node::Text(text) => visitor.visit_str(text),
            Node::List(nodes) => visitor.visit_seq(Elements { nodes: nodes.iter().enumerate() }),
            Node::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Node::Null | Node::Any => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_bool(false))
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_u64(0))
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_u64(0))
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_u64(0))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.decimal() {
            Some(number) => visitor.visit_f64(number),
            None => self.or_any(visitor, |visitor| visitor.visit_f64(0.0)),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.decimal() {
            Some(number) => visitor.visit_f64(number),
            None => self.or_any(visitor, |visitor| visitor.visit_f64(0.0)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_str(""))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_seq(Elements { nodes: [].iter().enumerate() }))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.or_any(visitor, |visitor| visitor.visit_map(Entries { entries: [].iter(), value: None }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if let Node::List(_) = self.0 {
            // Serde would take a list for the fields in their order, which nobody means.
            return Err(Fault::invalid_type(Unexpected::Seq, &visitor));
        }
        self.or_any(visitor, |visitor| visitor.visit_map(AnyFields { fields: fields.iter() }))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let one_of = || format!("one of {}", variants.join(", "));
        match self.0 {
            Node::Any => {
                let first = variants.first().copied().unwrap_or_default();
                visitor.visit_enum(Variant { name: first, content: Some(&Node::Any) })
            }
            Node::Text(name) => visitor.visit_enum(Variant { name, content: None }),
            Node::Map(entries) => match entries.as_slice() {
                [(name, content)] => visitor.visit_enum(Variant { name, content: Some(content) }),
                _ => Err(Fault::unfit(format!("a map of {} fields", entries.len()), one_of())),
            },
            _ => Err(Fault::unfit(self.found(), one_of())),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

impl Reader<'_> {
    /// Reads what stands here, or for [`Node::Any`] what is given.
    fn or_any<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        any: impl FnOnce(V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        if *self.0 == Node::Any { any(visitor) } else { self.deserialize_any(visitor) }
    }

    fn found(self) -> String {
        found(match self.0 {
            Node::Null | Node::Any => Unexpected::Unit,
            Node::Bool(value) => Unexpected::Bool(*value),
            Node::Integer(number) => Unexpected::Signed(*number),
            Node::Float(number) => Unexpected::Float(*number),
            Node::Text(text) => Unexpected::Str(text),
            Node::List(_) => Unexpected::Seq,
            Node::Map(_) => Unexpected::Map,
        })
    }
}

/// The elements of a list.
struct Elements<'n> {
    nodes: std::iter::Enumerate<std::slice::Iter<'n, Node>>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.nodes.next() else { return Ok(None) };
        seed.deserialize(Reader(node)).map(Some).map_err(|fault| fault.below(Step::Index(index)))
    }
}

/// The entries of a map.
struct Entries<'n> {
    entries: std::slice::Iter<'n, (String, Node)>,
    value: Option<&'n (String, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.value = self.entries.next();
        self.value.map(|(key, _)| seed.deserialize(StrDeserializer::new(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, value) = self.value.take().ok_or_else(|| Fault::custom("a value without a key"))?;
        seed.deserialize(Reader(value)).map_err(|fault| fault.below(Step::Key(key.clone())))
    }
}

/// Every field that a map may have, holding anything.
struct AnyFields {
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> MapAccess<'de> for AnyFields {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.fields.next().map(|key| seed.deserialize(StrDeserializer::new(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(Reader(&Node::Any))
    }
}

/// A word, or a map of one field, that says which of several things it is.
struct Variant<'n> {
    name: &'n str,
    content: Option<&'n Node>,
}

impl<'de, 'n> EnumAccess<'de> for Variant<'n> {
    type Error = Fault;
    type Variant = Content<'n>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'n>), Fault> {
        let Self { name, content } = self;
        Ok((seed.deserialize(StrDeserializer::<Fault>::new(name))?, Content { name, content }))
    }
}

/// What goes with the word.
struct Content<'n> {
    name: &'n str,
    content: Option<&'n Node>,
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None | Some(Node::Any | Node::Null) => Ok(()),
            Some(content) => Err(Fault::unfit(Reader(content).found(), "nothing more".into())),
        }
        .map_err(|fault| fault.below(Step::Key(self.name.to_owned())))
    }

    /// The word alone stands for a map in which everything is left out.
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        let nothing = Node::Map(Vec::new());
        let content = match self.content {
            None | Some(Node::Null) => &nothing,
            Some(content) => content,
        };
        seed.deserialize(Reader(content)).map_err(|fault| fault.below(Step::Key(self.name.to_owned())))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("no such thing can be written"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("no such thing can be written"))
    }
}
