//! A document as a tree, before it is known whether it says anything sensible.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

/// How deep a document may nest. A policy needs nine.
const MAX_DEPTH: usize = 48;

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the document. A key may stand in it twice.
    Map(Vec<(String, Node)>),
    /// Whatever is wanted here: put in the place of what was wrong, to find out what else is.
    Any,
}

/// Where something stands in a document: one step down from a map or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To this key.
    Key(String),
    /// To this place.
    Index(usize),
}

// === impl Node ===

impl Node {
    /// The part at this place.
    pub fn at_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, step| match (node, step) {
            (Self::Map(entries), Step::Key(key)) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, value)| value),
            (Self::List(nodes), Step::Index(index)) => nodes.get_mut(*index),
            _ => None,
        })
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The number that a text stands for, if it has decimals. Envoy's YAML reader makes texts of such numbers, so where a
    /// number is wanted such a text is one.
    pub fn decimal(&self) -> Option<f64> {
        let Self::Text(text) = self else { return None };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.contains(['.', 'e', 'E']);
        text.parse().ok().filter(|number: &f64| plain && number.is_finite())
    }

    /// The document as JSON with its keys sorted, no white space, whole numbers without a fraction, and others as texts: two
    /// documents that say the same, in YAML, in JSON or handed on by Envoy, have the same.
    pub fn canonical(&self) -> String {
        let mut json = String::new();
        self.write_canonical(&mut json);
        json
    }

    fn write_canonical(&self, json: &mut String) {
        match self {
            Self::Null | Self::Any => json.push_str("null"),
            Self::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            Self::Integer(number) => json.push_str(&number.to_string()),
            Self::Float(number) => json.push_str(&format!("\"{number}\"")),
            Self::Text(text) => json.push_str(&serde_json::Value::from(text.as_str()).to_string()),
            Self::List(nodes) => {
                write_between(json, ['[', ']'], nodes, |json, node| node.write_canonical(json));
            }
            Self::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by_key(|(key, _)| key);
                write_between(json, ['{', '}'], sorted, |json, (key, node)| {
                    json.push_str(&serde_json::Value::from(key.as_str()).to_string());
                    json.push(':');
                    node.write_canonical(json);
                });
            }
        }
    }
}

fn write_between<T>(
    json: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    json.push(open);
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        write(json, item);
    }
    json.push(close);
}

/// A path as people read it: `spec.rules[2].match`.
pub fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$'));
                if plain { text.push_str(key) } else { text.push_str(&format!("'{key}'")) }
            }
        }
    }
    text
}

// === reading ===

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Build { depth: 0 }.deserialize(deserializer)
    }
}

#[derive(Clone, Copy)]
struct Build {
    depth: usize,
}

impl Build {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("the document nests deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Build {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Build {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        #[expect(clippy::cast_precision_loss, reason = "no field of a policy is so large a whole number")]
        Ok(i64::try_from(number).map_or(Node::Float(number as f64), Node::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        // Envoy's `Struct` has no whole numbers: 3 comes as 3.0, and must mean the same.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range, as just seen")]
            return Ok(Node::Integer(number as i64));
        }
        Ok(Node::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let deeper = self.deeper()?;
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element_seed(deeper)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let deeper = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(deeper)? {
            entries.push((key_text(key)?, map.next_value_seed(deeper)?));
        }
        Ok(Node::Map(entries))
    }
}

/// A key as text: YAML reads `404: x` as a number.
fn key_text<E: Error>(key: Node) -> Result<String, E> {
    match key {
        Node::Text(text) => Ok(text),
        Node::Null => Ok("null".into()),
        Node::Bool(value) => Ok(value.to_string()),
        Node::Integer(number) => Ok(number.to_string()),
        Node::Float(number) => Ok(number.to_string()),
        Node::List(_) | Node::Map(_) | Node::Any => Err(E::custom("a list or a map cannot be a key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_say_the_same_have_the_same_canonical_form() {
        let json: Node = serde_json::from_str(r#"{"b": [1.0, 2.5, "ä\"\n"], "a": {"d": null, "c": true}}"#).unwrap();
        let yaml: Node = serde_saphyr::from_str("a: {c: true, d: }\nb:\n- 1\n- 2.50\n- \"ä\\\"\\n\"\n").unwrap();
        assert_eq!(json.canonical(), r#"{"a":{"c":true,"d":null},"b":[1,"2.5","ä\"\n"]}"#);
        assert_eq!(yaml.canonical(), json.canonical());
    }

    #[test]
    fn a_document_may_not_nest_without_end() {
        let deep = "[".repeat(60) + &"]".repeat(60);
        for error in [
            serde_json::from_str::<Node>(&deep).unwrap_err().to_string(),
            serde_saphyr::from_str::<Node>(&deep).unwrap_err().to_string(),
        ] {
            assert!(error.contains("nests deeper than 48 levels"), "{error}");
        }
    }

    #[test]
    fn a_path_reads_as_people_write_it() {
        let path = [Step::Key("header".into()), Step::Key("a b".into()), Step::Index(3), Step::Key("x-y".into())];
        assert_eq!(written(&path), "header.'a b'[3].x-y");
    }
}
