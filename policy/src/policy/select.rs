//! From a rule's selection to an ordered list of candidates, and to what was struck from it.

use std::cmp::Reverse;

use super::{
    Policy, holds,
    redaction::{Redacting, restores},
};
use crate::{
    catalogue::{Model, NanoUsd, Provider},
    config::Prefer,
    decision::{Candidate, CandidateModel, Strike, Struck},
    facts::{Asked, Name},
    rule::{Choice, Rule, Selection, Situation, Truth},
};

/// A zone whose providers run on the own machines.
pub(crate) const LOCAL: &str = "local";

/// A provider and, where the request is for one, a model: places in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) provider: usize,
    pub(crate) model: Option<usize>,
}

impl Policy {
    /// The candidates of a rule, in the order to try, and those that were struck.
    pub(super) fn select(
        &self,
        rule: &Rule,
        selection: &Selection,
        situation: &Situation<'_>,
        redacting: Option<Redacting<'_>>,
    ) -> (Vec<Candidate>, Vec<Struck>) {
        let mut struck = Vec::new();
        let places = self.places(selection, situation, &mut struck);
        let mut candidates = Vec::new();
        for (place, provider, model) in places.into_iter().filter_map(|place| self.look_up(place)) {
            let strike = |situation: &Situation<'_>| self.strike(rule, place, provider, model, situation);
            match admit(provider, situation, redacting, strike) {
                Ok(redacted) => candidates.push(Candidate { redacted, ..candidate(provider, model, situation) }),
                Err(why) => struck.push(Struck {
                    provider: Some(provider.name.clone()),
                    model: model.map(|model| model.name.clone()),
                    why,
                }),
            }
        }
        (candidates, struck)
    }

    /// What a selection stands for, in its order, whether or not the request may go there.
    pub(crate) fn places(
        &self,
        selection: &Selection,
        situation: &Situation<'_>,
        struck: &mut Vec<Struck>,
    ) -> Vec<Place> {
        let places = self.listed(selection, situation, struck);
        if situation.facts.api.takes_model() {
            return places;
        }
        struck.clear();
        if selection.models.is_none() && selection.can.is_empty() {
            return self.providers_within(selection);
        }
        providers_of(places)
    }

    /// The models of a selection in its order, each once.
    fn listed(&self, selection: &Selection, situation: &Situation<'_>, struck: &mut Vec<Struck>) -> Vec<Place> {
        let mut places = Vec::new();
        match &selection.models {
            None => places.extend(0..self.catalogue.models.len()),
            Some(choices) => {
                for choice in choices {
                    self.choose(*choice, situation, &mut places, struck);
                }
            }
        }
        self.ordered(selection, situation, places)
    }

    /// The models that an entry of a list stands for.
    fn choose(&self, choice: Choice, situation: &Situation<'_>, models: &mut Vec<usize>, struck: &mut Vec<Struck>) {
        let alias = match choice {
            Choice::Model(model) => return models.push(model),
            Choice::Alias(alias) => self.aliases.get(alias),
            Choice::Asked => match &situation.facts.asked {
                Asked::Alias(name) => self.aliases.iter().find(|alias| alias.name == *name),
                Asked::Known(name) => {
                    models.extend(self.catalogue.models.iter().position(|model| model.name == *name));
                    return;
                }
                Asked::Unknown(_) | Asked::None => None,
            },
        };
        match alias {
            Some(alias) => models.extend(self.members(&alias.selection, situation)),
            None => struck.push(Struck { provider: None, model: None, why: Strike::UnknownModel }),
        }
    }

    /// The models that an alias stands for, in its order. It names no other alias and not `$asked`.
    fn members(&self, selection: &Selection, situation: &Situation<'_>) -> Vec<usize> {
        let models = match &selection.models {
            None => (0..self.catalogue.models.len()).collect(),
            Some(choices) => choices
                .iter()
                .filter_map(|choice| match choice {
                    Choice::Model(model) => Some(*model),
                    Choice::Asked | Choice::Alias(_) => None,
                })
                .collect(),
        };
        self.ordered(selection, situation, models).into_iter().filter_map(|place| place.model).collect()
    }

    /// Those of the models that the selection is not narrowed to are left out; the rest is put in its order.
    fn ordered(&self, selection: &Selection, situation: &Situation<'_>, models: Vec<usize>) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        for index in models {
            let Some(model) = self.catalogue.models.get(index) else { continue };
            let place = Place { provider: model.provider, model: Some(index) };
            let wanted = self.within(selection, model.provider) && selection.can.is_subset(&model.can);
            if wanted && !places.contains(&place) {
                places.push(place);
            }
        }
        if selection.models.is_none() {
            places.sort_by_key(|place| self.rank(selection, place.provider));
        }
        match selection.prefer {
            Prefer::Listed => {}
            Prefer::Cheapest => places.sort_by_key(|place| {
                let cost = place.model.and_then(|model| self.catalogue.models.get(model)?.cost(situation));
                cost.unwrap_or(NanoUsd(u64::MAX))
            }),
            Prefer::Local => places.sort_by_key(|place| Reverse(self.is_local(place.provider))),
        }
        places
    }

    fn providers_within(&self, selection: &Selection) -> Vec<Place> {
        let providers = (0..self.catalogue.providers.len()).filter(|provider| self.within(selection, *provider));
        let mut places: Vec<_> = providers.map(|provider| Place { provider, model: None }).collect();
        places.sort_by_key(|place| self.rank(selection, place.provider));
        if selection.prefer == Prefer::Local {
            places.sort_by_key(|place| Reverse(self.is_local(place.provider)));
        }
        places
    }

    fn within(&self, selection: &Selection, provider: usize) -> bool {
        let Some(found) = self.catalogue.providers.get(provider) else { return false };
        (selection.zones.is_empty() || selection.zones.contains(&found.zone))
            && (selection.providers.is_empty() || selection.providers.contains(&provider))
    }

    /// Where a provider stands in the lists of providers and zones of a selection: people write first what comes first.
    fn rank(&self, selection: &Selection, provider: usize) -> (Option<usize>, Option<usize>) {
        let zone = self.catalogue.providers.get(provider).map(|provider| &provider.zone);
        let listed = selection.providers.iter().position(|listed| *listed == provider);
        (listed, selection.zones.iter().position(|listed| Some(listed) == zone))
    }

    fn is_local(&self, provider: usize) -> bool {
        self.catalogue.providers.get(provider).is_some_and(|provider| provider.zone == LOCAL)
    }

    pub(crate) fn look_up(&self, place: Place) -> Option<(Place, &Provider, Option<&Model>)> {
        let provider = self.catalogue.providers.get(place.provider)?;
        match place.model {
            None => Some((place, provider, None)),
            Some(model) => Some((place, provider, Some(self.catalogue.models.get(model)?))),
        }
    }

    /// Why a candidate is taken off the list, if it is. What it may not see comes before what it cannot do.
    fn strike(
        &self,
        rule: &Rule,
        place: Place,
        provider: &Provider,
        model: Option<&Model>,
        situation: &Situation<'_>,
    ) -> Option<Strike> {
        self.not_cleared(provider, situation)
            .or_else(|| self.forbidden(place, provider, situation))
            .or_else(|| unserved(rule, provider, situation))
            .or_else(|| model.and_then(|model| unable(model, situation)))
    }

    /// INVARIANT: a candidate that passes is cleared for the level that counts and for all opaque content.
    pub(crate) fn not_cleared(&self, provider: &Provider, situation: &Situation<'_>) -> Option<Strike> {
        let facts = situation.facts;
        let level = situation.level.unwrap_or(self.levels.highest());
        if provider.cleared < level {
            let read = self.levels.find(&facts.level);
            return Some(match facts.unreadable {
                Some(why) if read.is_some_and(|read| read <= provider.cleared) => Strike::Unreadable(why),
                _ => Strike::NotCleared {
                    level: situation.level_name.clone(),
                    cleared: self.level_name(provider.cleared).clone(),
                },
            });
        }
        facts.opaque.iter().find(|kind| !provider.opaque.covers(**kind)).map(|kind| Strike::OpaqueNotCleared(*kind))
    }

    fn forbidden(&self, place: Place, provider: &Provider, situation: &Situation<'_>) -> Option<Strike> {
        let forbids = self.invariants.iter().find(|invariant| {
            invariant.covers(place.provider, &provider.zone, place.model)
                && holds(&invariant.predicates, situation, &mut ()) != Truth::Failed
        });
        forbids.map(|invariant| Strike::Invariant(invariant.name.clone()))
    }
}

/// Whether a candidate gets the request with placeholders, or why it does not get it at all.
fn admit(
    provider: &Provider,
    situation: &Situation<'_>,
    redacting: Option<Redacting<'_>>,
    strike: impl Fn(&Situation<'_>) -> Option<Strike>,
) -> Result<bool, Strike> {
    let as_it_is = strike(situation);
    let Some(Redacting { redaction, situation: residual }) = redacting else {
        return as_it_is.map_or(Ok(false), Err);
    };
    if as_it_is.is_none() && redaction.raw_in.contains(&provider.zone) {
        return Ok(false);
    }
    let api = situation.facts.api;
    if !restores(api) {
        return Err(as_it_is.unwrap_or(Strike::NotRestored(api)));
    }
    strike(&residual).map_or(Ok(true), Err)
}

fn providers_of(places: Vec<Place>) -> Vec<Place> {
    let mut providers = Vec::new();
    for Place { provider, .. } in places {
        let place = Place { provider, model: None };
        if !providers.contains(&place) {
            providers.push(place);
        }
    }
    providers
}

pub(crate) fn unserved(rule: &Rule, provider: &Provider, situation: &Situation<'_>) -> Option<Strike> {
    let api = situation.facts.api;
    if !provider.format.serves(api) {
        return Some(Strike::Api(api));
    }
    (api == crate::request::Api::Other && !rule.names_other()).then_some(Strike::UnnamedApi)
}

pub(crate) fn unable(model: &Model, situation: &Situation<'_>) -> Option<Strike> {
    let facts = situation.facts;
    if let Some(missing) = facts.needs.difference(&model.can).next() {
        return Some(Strike::Capability(*missing));
    }
    let needed = facts.prompt_tokens.saturating_add(facts.output_tokens.unwrap_or(0));
    model.context.filter(|context| needed > *context).map(|context| Strike::Context { needed, context })
}

pub(crate) fn candidate(provider: &Provider, model: Option<&Model>, situation: &Situation<'_>) -> Candidate {
    Candidate {
        provider: provider.name.clone(),
        cluster: provider.cluster.clone(),
        format: provider.format,
        zone: provider.zone.clone(),
        base_path: Name::written(&provider.endpoint.base_path),
        model: model.map(|model| CandidateModel {
            name: model.name.clone(),
            id: model.id.clone(),
            cost: model.cost(situation),
        }),
        redacted: false,
    }
}

impl Model {
    /// What a request is taken to cost.
    fn cost(&self, situation: &Situation<'_>) -> Option<NanoUsd> {
        let facts = situation.facts;
        self.prices.at(facts.time).map(|price| price.estimate(facts.prompt_tokens, facts.output_tokens))
    }
}
