//! The document that describes the API, as it is served: what the routes need not repeat stands here.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::problem;

/// What anybody may ask.
const OPEN: [&str; 2] = ["health_alive", "health_ready"];

/// The document: errors have a media type of their own, operations of several tags the same name, and callers show a token.
pub fn described(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let routes = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    let operations = routes.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    operations.filter_map(Value::as_object_mut).for_each(describe);
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        let description = "A token of the service (`policymesh tokens`), or of the identity provider. Without `--require-tokens` \
                           and `--oidc-issuer`, whoever is on the service's machine needs none.";
        let bearer = json!({"type": "http", "scheme": "bearer", "description": description});
        components.insert("securitySchemes".to_owned(), json!({"token": bearer}));
    }
    document
}

fn describe(operation: &mut Map<String, Value>) {
    let tag = operation.get("tags").and_then(|tags| tags.get(0)?.as_str()).unwrap_or_default();
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let id = format!("{tag}_{id}");
    let is_open = OPEN.contains(&id.as_str());
    operation.insert("operationId".to_owned(), id.into());
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    responses.values_mut().for_each(name_problems);
    if is_open {
        return;
    }
    for (status, why) in [("401", "No token, or none that counts"), ("403", "The caller's role is not enough")] {
        let content = json!({problem::MEDIA_TYPE: {"schema": {"$ref": problem::SCHEMA}}});
        responses.insert(status.to_owned(), json!({"description": why, "content": content}));
    }
    operation.insert("security".to_owned(), json!([{"token": []}, {}]));
}

/// Gives the problem in a response its media type.
fn name_problems(response: &mut Value) {
    let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { return };
    let is_problem = |body: &mut Value| body.pointer("/schema/$ref") == Some(&problem::SCHEMA.into());
    if content.get_mut("application/json").is_some_and(is_problem)
        && let Some(body) = content.remove("application/json")
    {
        content.insert(problem::MEDIA_TYPE.to_owned(), body);
    }
}
