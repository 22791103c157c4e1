//! Which names a client may ask for: those for which the rules, asked with an empty request, name a candidate.

use std::collections::BTreeSet;

use super::Policy;
use crate::{
    catalogue::Model,
    facts::{Asked, Capability, Facts, Name},
    level::Level,
    request::{Api, Family},
};

/// A name that a client may ask for, with what a request for it can count on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// A model's, or an alias's.
    pub name: Name,
    /// How many tokens prompt and answer may have together, if it is known of any model that it may lead to.
    pub context: Option<u64>,
    /// What some model that it may lead to is capable of.
    pub can: BTreeSet<Capability>,
}

impl Policy {
    /// What the client of these facts may ask for, in a family's APIs: models in the order of the catalogue, then aliases.
    pub fn offered(&self, facts: &Facts, family: Family) -> Vec<Listed> {
        let models = self.catalogue.models.iter().map(|model| Asked::Known(model.name.clone()));
        let aliases = self.aliases.iter().map(|alias| Asked::Alias(alias.name.clone()));
        models.chain(aliases).filter_map(|asked| self.list(facts, &asked, family)).collect()
    }

    fn list(&self, facts: &Facts, asked: &Asked, family: Family) -> Option<Listed> {
        let name = asked.name()?;
        let models: Vec<&Model> =
            requested_by(family).iter().flat_map(|api| self.led_to(&self.empty(facts, *api, asked))).collect();
        // A model for which the rules always take another one is not there.
        let leads = match asked {
            Asked::Alias(_) => !models.is_empty(),
            _ => models.iter().any(|model| model.name == *name),
        };
        let models = models.into_iter().filter(|model| matches!(asked, Asked::Alias(_)) || model.name == *name);
        let (context, can) = models.fold((None, BTreeSet::new()), |(context, mut can), model| {
            can.extend(&model.can);
            (model.context.max(context), can)
        });
        leads.then(|| Listed { name: name.clone(), context, can })
    }

    /// A request of the same client in which nothing stands but the name.
    fn empty(&self, facts: &Facts, api: Api, asked: &Asked) -> Facts {
        let Facts { time, client, team, predicates, .. } = facts.clone();
        let lowest = self.level_name(Level::default()).clone();
        let stream = api.streams_by_default();
        Facts { time, client, team, predicates, asked: asked.clone(), stream, ..Facts::new(api, lowest) }
    }

    /// The models that a request may go to.
    fn led_to(&self, facts: &Facts) -> Vec<&Model> {
        let decision = self.decide(facts);
        let names = decision.candidates().iter().filter_map(|candidate| candidate.model.as_ref());
        names.filter_map(|name| self.catalogue.models.iter().find(|model| model.name == name.name)).collect()
    }
}

/// The operations for which a family's clients choose a model from a list.
fn requested_by(family: Family) -> &'static [Api] {
    match family {
        Family::OpenAi => &[Api::Chat, Api::Responses, Api::Completions, Api::Embeddings],
        Family::Anthropic => &[Api::Messages],
        Family::Ollama => &[Api::OllamaChat, Api::OllamaGenerate, Api::OllamaEmbed],
    }
}
