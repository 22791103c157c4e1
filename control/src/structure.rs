//! `google.protobuf.Struct` as JSON.

use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value as Message};
use serde_json::{Map, Number, Value};

/// The largest whole number below which every whole number is a floating-point number, too: the message has no others.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The object that the message stands for. Whole numbers become integers again.
pub fn object(message: Struct) -> Map<String, Value> {
    message.fields.into_iter().map(|(name, message)| (name, value(message))).collect()
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

/// A value whose whole numbers are integers, however they were written: Envoy's access log writes large ones as `1.7e+15`.
pub fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(Value::Null, number_of),
        Value::Array(values) => values.into_iter().map(whole).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        value => value,
    }
}

/// A number; what is not finite is nothing.
fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
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
