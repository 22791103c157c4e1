//! `google.protobuf.Struct` as JSON: the form in which the filter leaves its record in filter state.

use anyhow::Result;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{Struct, Value as Protobuf};
use serde_json::{Value, json};

/// Reads the bytes of a `google.protobuf.Struct`.
pub fn structure(bytes: &[u8]) -> Result<Value> {
    Ok(object(Struct::decode(bytes)?))
}

fn object(structure: Struct) -> Value {
    Value::Object(structure.fields.into_iter().map(|(name, value)| (name, value_of(value))).collect())
}

fn value_of(value: Protobuf) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(truth)) => json!(truth),
        Some(Kind::NumberValue(number)) => json!(number),
        Some(Kind::StringValue(text)) => json!(text),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(value_of).collect(),
        Some(Kind::StructValue(structure)) => object(structure),
    }
}
