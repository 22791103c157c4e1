//! JSON Schema of a policy, for editors. Made from the types; here are only the short ways to write things.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};

use super::{
    Bytes, Date, KeyConfig, KeyHeader, List, PolicyConfig, PriceConfig, SelectionConfig, Time, UsdConfig,
    action::Selection,
};

/// The JSON Schema of a policy document.
pub fn json_schema() -> Schema {
    schema_for!(PolicyConfig)
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("List of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]+ *([kMG]?B|[KMG]iB)?$" },
        ] })
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]+ *(ms|s|m)$" },
        ] })
    }
}

impl JsonSchema for KeyConfig {
    fn schema_name() -> Cow<'static, str> {
        "KeyConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "client" }, generator.subschema_for::<KeyHeader>()] })
    }
}

impl JsonSchema for PriceConfig {
    fn schema_name() -> Cow<'static, str> {
        "PriceConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let usd = generator.subschema_for::<UsdConfig>();
        json_schema!({ "anyOf": [{ "const": "free" }, usd, { "type": "array", "items": usd }] })
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

impl JsonSchema for SelectionConfig {
    fn schema_name() -> Cow<'static, str> {
        "SelectionConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let models = json_schema!({ "type": "array", "items": { "type": "string" } });
        json_schema!({ "anyOf": [models, generator.subschema_for::<Selection>()] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_the_fields_and_the_short_ways() {
        let schema = serde_json::to_value(json_schema()).unwrap();
        let definitions = &schema["$defs"];
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(definitions["SpecConfig"]["required"], serde_json::json!(["providers"]));
        assert_eq!(definitions["PriceConfig"]["anyOf"][0]["const"], "free");
        assert_eq!(definitions["SelectionConfig"]["anyOf"][0]["type"], "array");
        assert!(definitions["RuleConfig"]["properties"]["match"].is_object());
        assert!(definitions["RedactConfig"]["properties"]["raw_in"].is_object());
    }
}
