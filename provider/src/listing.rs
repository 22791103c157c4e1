//! Lists of models, answered from the catalogue.
//!
//! <https://platform.openai.com/docs/api-reference/models/list>, <https://platform.claude.com/docs/en/api/models-list>,
//! <https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models> and `#show-model-information`.

use policy::{
    exchange::{Listing, Shown},
    facts::Capability,
    policy::Listed,
    request::Family,
};

use crate::{
    json::{self, Members},
    stamp::Stamp,
};

/// The body of an answer from the catalogue.
pub fn body(listing: &Listing) -> Vec<u8> {
    let Listing { family, shown, since } = listing;
    let since = Stamp { id: String::new(), seconds: *since };
    let mut out = Vec::new();
    json::object(&mut out, |body| match (shown, family) {
        (Shown::All(models), family) => all(body, *family, models, &since),
        (Shown::One(model), Family::Ollama) => show(body, model, &since),
        (Shown::One(model), family) => entry(body, *family, &model.name, &since),
    });
    out
}

fn all(body: &mut Members<'_>, family: Family, models: &[Listed], since: &Stamp) {
    let list = if family == Family::Ollama { "models" } else { "data" };
    body.array(list, |list| models.iter().for_each(|model| list.object(|o| entry(o, family, &model.name, since))));
    match family {
        Family::OpenAi => body.text("object", "list"),
        Family::Anthropic => {
            body.flag("has_more", false);
            for (member, model) in [("first_id", models.first()), ("last_id", models.last())] {
                match model {
                    Some(model) => body.text(member, &model.name),
                    None => body.null(member),
                }
            }
        }
        Family::Ollama => {}
    }
}

/// What Ollama tells of one model. Its clients find the context window under the name of the architecture.
fn show(body: &mut Members<'_>, model: &Listed, since: &Stamp) {
    const ARCHITECTURE: &str = "policymesh";
    ["modelfile", "parameters", "template"].iter().for_each(|name| body.text(name, ""));
    body.object("details", details);
    body.object("model_info", |info| {
        info.text("general.architecture", ARCHITECTURE);
        if let Some(context) = model.context {
            info.whole(&format!("{ARCHITECTURE}.context_length"), context);
        }
    });
    body.array("capabilities", |capabilities| {
        capabilities.text("completion");
        for (capability, name) in [(Capability::Tools, "tools"), (Capability::Vision, "vision")] {
            if model.can.contains(&capability) {
                capabilities.text(name);
            }
        }
    });
    body.text("modified_at", &since.time());
}

fn entry(model: &mut Members<'_>, family: Family, name: &str, since: &Stamp) {
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
            model.object("details", details);
        }
    }
}

/// Nothing is known of how a model is stored.
fn details(details: &mut Members<'_>) {
    ["format", "family", "parameter_size", "quantization_level"].iter().for_each(|name| details.text(name, ""));
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::policy::Policy;
    use serde_json::{Value, json};

    const POLICY: &str = r#"{"apiVersion": "policymesh.dev/v1", "kind": "Policy", "metadata": {"name": "p"}, "spec": {
        "sensitivity": {"packs": []},
        "providers": [{"name": "o", "format": "ollama", "cluster": "o", "zone": "local", "cleared": "restricted"}],
        "models": [{"name": "a", "provider": "o", "context": 8000, "can": ["tools"]}, {"name": "b", "provider": "o"}],
        "rules": [{"name": "r", "action": {"route": ["$asked"]}}]}}"#;

    fn told(family: Family, shown: impl FnOnce(Vec<Listed>) -> Shown) -> Value {
        let (policy, _) = Policy::parse(POLICY.as_bytes()).unwrap();
        let facts =
            policy::facts::Facts::new(policy::request::Api::Models, policy.level_name(Default::default()).clone());
        let shown = shown(policy.offered(&facts, Family::OpenAi));
        serde_json::from_slice(&body(&Listing { family, shown, since: 0 })).unwrap()
    }

    #[test]
    fn a_list_has_the_shape_that_each_client_reads() {
        assert_eq!(
            told(Family::OpenAi, Shown::All),
            json!({"object": "list", "data": [
                {"id": "a", "object": "model", "created": 0, "owned_by": "policymesh"},
                {"id": "b", "object": "model", "created": 0, "owned_by": "policymesh"},
            ]})
        );
        let anthropic = told(Family::Anthropic, Shown::All);
        assert_eq!((&anthropic["first_id"], &anthropic["last_id"]), (&json!("a"), &json!("b")));
        assert_eq!(anthropic["data"][0]["created_at"], "1970-01-01T00:00:00Z");
        assert_eq!(told(Family::Ollama, Shown::All)["models"][1]["name"], "b");
    }

    #[test]
    fn one_model_is_told_with_what_a_client_can_count_on() {
        let first = |models: Vec<Listed>| Shown::One(models[0].clone());
        assert_eq!(told(Family::OpenAi, first)["id"], "a");
        assert_eq!(told(Family::Anthropic, first)["type"], "model");
        let shown = told(Family::Ollama, first);
        assert_eq!(shown["model_info"]["policymesh.context_length"], 8000);
        assert_eq!(shown["capabilities"], json!(["completion", "tools"]));
    }

    #[test]
    fn a_client_that_may_use_nothing_gets_an_empty_list() {
        let none = told(Family::Anthropic, |_| Shown::All(Vec::new()));
        assert_eq!(none, json!({"data": [], "has_more": false, "first_id": null, "last_id": null}));
    }
}
