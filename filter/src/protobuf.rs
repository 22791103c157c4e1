//! The protobuf messages that pass between Envoy and the filter.
//!
//! A configuration that is written into Envoy's YAML as `google.protobuf.Struct` comes as that message. A record in filter state is a `google.protobuf.Struct`, declared as such: then Envoy's access log prints it as an
//! object, and its gRPC access log carries it typed.

use crate::structure;
use policy::audit::Record;
use prost::Message;
use prost_types::{Struct, Value, value::Kind};
use serde_json::Value as Json;

/// A record as `google.protobuf.Struct`.
pub fn record(record: &Record) -> Vec<u8> {
    // A record is an object of strings and numbers, which can always be written.
    structure::to_bytes(record).unwrap_or_default()
}

/// A configuration as text: JSON, if it came as `google.protobuf.Struct`; else as it came.
pub fn configuration(bytes: Vec<u8>) -> Vec<u8> {
    // Text is no such message, save by an accident that no policy brings about.
    match Struct::decode(bytes.as_slice()) {
        Ok(message) if !message.fields.is_empty() => object(message).to_string().into_bytes(),
        _ => bytes,
    }
}

/// What `declare_property` takes to make a property of filter state a `google.protobuf.Struct`.
pub fn declare_structure(name: &str) -> Vec<u8> {
    let declaration = DeclareProperty {
        name: name.to_string(),
        kind: PROTOBUF,
        schema: "type.googleapis.com/google.protobuf.Struct".to_string(),
        span: DOWNSTREAM_REQUEST,
    };
    declaration.encode_to_vec()
}

/// `envoy.source.extensions.common.wasm.DeclarePropertyArguments`,
/// <https://github.com/envoyproxy/envoy/blob/main/source/extensions/common/wasm/ext/declare_property.proto>.
#[derive(Clone, PartialEq, Message)]
struct DeclareProperty {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(string, tag = "4")]
    schema: String,
    #[prost(int32, tag = "5")]
    span: i32,
}

/// `WasmType.Protobuf`.
const PROTOBUF: i32 = 3;
/// `LifeSpan.DownstreamRequest`.
const DOWNSTREAM_REQUEST: i32 = 1;

fn object(message: Struct) -> Json {
    Json::Object(message.fields.into_iter().map(|(name, value)| (name, json(value))).collect())
}

fn json(value: Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(truth)) => Json::Bool(truth),
        Some(Kind::NumberValue(number)) => json_number(number),
        Some(Kind::StringValue(text)) => Json::String(text),
        Some(Kind::ListValue(list)) => Json::Array(list.values.into_iter().map(json).collect()),
        Some(Kind::StructValue(message)) => object(message),
    }
}

/// The message knows only floating-point numbers; a whole one was written as an integer.
fn json_number(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Json::from(number as i64);
    }
    serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)
}
