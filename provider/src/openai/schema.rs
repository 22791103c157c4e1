//! Schemas that OpenAI can keep strictly to: every object says that it has no other members than those it names, and
//! needs them all, <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>.

use serde_json::Value;

use crate::json::Node;

/// Whether all objects of a schema are as strict schemas have them. One that is nested too deeply to be read is not.
pub(super) fn is_strict(schema: Node<'_>) -> bool {
    let Ok(root) = serde_json::from_str::<Value>(schema.json()) else { return false };
    let mut rest = vec![&root];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(members) if members.get("type").is_some_and(|kind| kind == "object") && !is_closed(value) => {
                return false;
            }
            Value::Object(members) => rest.extend(members.values()),
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    true
}

fn is_closed(object: &Value) -> bool {
    let required = object.get("required").and_then(Value::as_array);
    let is_required = |name: &String| required.is_some_and(|all| all.iter().any(|one| one == name.as_str()));
    let named = object.get("properties").and_then(Value::as_object).into_iter().flatten();
    object.get("additionalProperties").is_some_and(|others| others == false)
        && named.into_iter().all(|(name, _)| is_required(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_is_open_or_leaves_something_out_is_not_strict() {
        for (schema, strict) in [
            (r#"{"type":"string"}"#, true),
            (r#"{"type":"object","additionalProperties":false}"#, true),
            (r#"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}"#, true),
            (r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#, false),
            (r#"{"type":"array","items":{"type":"object"}}"#, false),
        ] {
            assert_eq!(is_strict(Node::parse_text(schema).unwrap()), strict, "{schema}");
        }
    }
}
