//! `google.protobuf.Struct` as JSON.

mod wire;

use prost::{DecodeError, Message as _};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Message};
use serde_json::{Map, Number, Value};

use crate::chain::canonical::{self, EXACT};

/// What the message is called where there may be another.
pub const TYPE_URL: &str = "type.googleapis.com/google.protobuf.Struct";

/// The object that the message stands for. Whole numbers become integers again.
pub fn object(message: Struct) -> Map<String, Value> {
    message.fields.into_iter().map(|(name, message)| (name, value(message))).collect()
}

/// The message that stands for an object.
pub fn message(object: Map<String, Value>) -> Struct {
    Struct { fields: object.into_iter().map(|(name, json)| (name, message_of(json))).collect() }
}

/// The object of an encoded message, as canonical JSON.
pub fn canonical(message: &[u8]) -> Result<String, DecodeError> {
    if let Some(written) = wire::canonical(message) {
        return Ok(written);
    }
    let value = Value::Object(object(Struct::decode(message)?));
    // Only a number that is not finite has no canonical form, and `Value` holds none.
    Ok(canonical::of_value(&value).unwrap_or_default())
}

/// A value whose whole numbers are integers, however they were written: Envoy's access log writes large ones as `1.7e+15`.
pub fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(Value::Null, number_of),
        Value::Array(values) => values.into_iter().map(whole).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        value => value,
    }
}

fn value(message: Message) -> Value {
    match message.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(truth)) => Value::Bool(truth),
        Some(Kind::NumberValue(number)) => number_of(number),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(value).collect()),
        Some(Kind::StructValue(message)) => Value::Object(object(message)),
    }
}

fn message_of(json: Value) -> Message {
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(truth) => Kind::BoolValue(truth),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => Kind::ListValue(ListValue { values: values.into_iter().map(message_of).collect() }),
        Value::Object(fields) => Kind::StructValue(message(fields)),
    };
    Message { kind: Some(kind) }
}

/// A number; what is not finite is nothing.
fn number_of(number: f64) -> Value {
    match whole_number(number) {
        Some(number) => Value::from(number),
        None => Number::from_f64(number).map_or(Value::Null, Value::Number),
    }
}

/// The integer that a number is, if it is one.
fn whole_number(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < EXACT as f64).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_integers_however_they_came() {
        let written = json!({"a": [1.764e15, 2.5, -3.0, "4.0"], "b": null, "c": 1e300});
        assert_eq!(whole(written).to_string(), r#"{"a":[1764000000000000,2.5,-3,"4.0"],"b":null,"c":1e+300}"#);
        assert_eq!(number_of(f64::NAN), Value::Null);
    }
}
