use super::*;
use prost::Message;
use prost_types::{ListValue, Struct, Value, value::Kind};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(Option<u64>),
    Tuple(bool, char),
    Fields { long: String },
}

#[derive(Serialize)]
struct Everything {
    shapes: Vec<Shape>,
    by_name: BTreeMap<String, f64>,
    pair: (i8, ()),
    absent: Option<u8>,
}

#[test]
fn the_bytes_are_those_of_the_message_made_from_its_json() -> Result<(), Box<dyn std::error::Error>> {
    // Lengths of one, two and three bytes.
    for length in [0, 1, 127, 128, 20_000] {
        let long = "é".repeat(length);
        let everything = Everything {
            shapes: vec![
                Shape::Unit,
                Shape::Newtype(Some(7)),
                Shape::Newtype(None),
                Shape::Tuple(true, 'é'),
                Shape::Fields { long: long.clone() },
            ],
            by_name: [(long, 0.5), ("b".to_string(), -1e300)].into(),
            pair: (-3, ()),
            absent: None,
        };
        let json = serde_json::to_value(&everything)?;
        let written = Struct::decode(to_bytes(&everything)?.as_slice())?;
        assert_eq!(Value { kind: Some(Kind::StructValue(written)) }, value(json));
    }
    Ok(())
}

#[test]
fn only_an_object_with_names_that_are_text_is_such_a_message() {
    assert!(to_bytes(&"text").is_err());
    assert!(to_bytes(&[1, 2]).is_err());
    assert!(to_bytes(&BTreeMap::from([(1, 2)])).is_err());
}

fn value(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(truth) => Kind::BoolValue(truth),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => Kind::ListValue(ListValue { values: values.into_iter().map(value).collect() }),
        Json::Object(fields) => {
            Kind::StructValue(Struct { fields: fields.into_iter().map(|(name, json)| (name, value(json))).collect() })
        }
    };
    Value { kind: Some(kind) }
}
