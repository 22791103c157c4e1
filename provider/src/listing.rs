//! Lists of models, answered from the catalogue.
//!
//! <https://platform.openai.com/docs/api-reference/models/list>, <https://platform.claude.com/docs/en/api/models-list>,
//! <https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models>

use policy::request::Family;

use crate::{
    json::{self, Members},
    stamp::Stamp,
};

/// The body that lists these models. `since` is when the policy that they are from came into force.
pub fn all<'n>(family: Family, names: impl IntoIterator<Item = &'n str>, since: &Stamp) -> Vec<u8> {
    let names: Vec<&str> = names.into_iter().collect();
    let list = if family == Family::Ollama { "models" } else { "data" };
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.array(list, |models| names.iter().for_each(|name| models.object(|o| write(o, family, name, since))));
        match family {
            Family::OpenAi => body.text("object", "list"),
            Family::Anthropic => {
                body.flag("has_more", false);
                for (member, name) in [("first_id", names.first()), ("last_id", names.last())] {
                    match name {
                        Some(name) => body.text(member, name),
                        None => body.null(member),
                    }
                }
            }
            Family::Ollama => {}
        }
    });
    out
}

/// The body that describes one model.
pub fn one(family: Family, name: &str, since: &Stamp) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |model| write(model, family, name, since));
    out
}

fn write(model: &mut Members<'_>, family: Family, name: &str, since: &Stamp) {
    match family {
        Family::OpenAi => {
            model.text("id", name);
            model.text("object", "model");
            model.whole("created", since.seconds);
            model.text("owned_by", "policymesh");
        }
        Family::Anthropic => {
            model.text("type", "model");
            model.text("id", name);
            model.text("display_name", name);
            model.text("created_at", &since.time());
            model.text("lifecycle", "active");
        }
        Family::Ollama => {
            model.text("name", name);
            model.text("model", name);
            model.text("modified_at", &since.time());
            model.whole("size", 0);
            model.text("digest", "");
            model.object("details", |details| {
                ["format", "family", "parameter_size", "quantization_level"]
                    .iter()
                    .for_each(|name| details.text(name, ""));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_list_has_the_shape_that_each_client_reads() {
        let since = Stamp { id: String::new(), seconds: 0 };
        let list = |family| serde_json::from_slice::<Value>(&all(family, ["a", "b"], &since)).unwrap();
        assert_eq!(
            list(Family::OpenAi),
            json!({"object": "list", "data": [
                {"id": "a", "object": "model", "created": 0, "owned_by": "policymesh"},
                {"id": "b", "object": "model", "created": 0, "owned_by": "policymesh"},
            ]})
        );
        let anthropic = list(Family::Anthropic);
        assert_eq!((&anthropic["first_id"], &anthropic["last_id"]), (&json!("a"), &json!("b")));
        assert_eq!(anthropic["data"][0]["created_at"], "1970-01-01T00:00:00Z");
        assert_eq!(list(Family::Ollama)["models"][1]["name"], "b");
        let one: Value = serde_json::from_slice(&one(Family::OpenAi, "a", &since)).unwrap();
        assert_eq!(one["id"], "a");
    }

    #[test]
    fn a_client_that_may_use_nothing_gets_an_empty_list() {
        let since = Stamp { id: String::new(), seconds: 0 };
        let none: Value = serde_json::from_slice(&all(Family::Anthropic, [], &since)).unwrap();
        assert_eq!(none, json!({"data": [], "has_more": false, "first_id": null, "last_id": null}));
    }
}
