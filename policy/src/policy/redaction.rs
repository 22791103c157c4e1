//! What stays of a request once findings are replaced by placeholders.

use std::collections::{BTreeMap, BTreeSet};

use super::{Policy, holds};
use crate::{
    config::Mode,
    facts::{Facts, Name, Tally},
    level::Level,
    request::Api,
    rule::{Redaction, Situation, Truth},
};

/// A request as it is with placeholders.
pub(super) struct Residual {
    /// What is known of it then.
    pub(super) facts: Facts,
    /// How many findings were replaced, by detector.
    pub(super) replaced: BTreeMap<Name, u32>,
}

/// A rule's redaction, and how a provider sees the request under it.
#[derive(Clone, Copy)]
pub(super) struct Redacting<'r> {
    pub(super) redaction: &'r Redaction,
    pub(super) situation: Situation<'r>,
}

impl Policy {
    /// The detectors of which must be known whether their findings have a place, before this request can be decided: those
    /// that a matching rule would redact.
    pub fn to_place(&self, facts: &Facts) -> BTreeSet<Name> {
        let situation = self.situation(facts);
        let mut wanted = BTreeSet::new();
        for rule in &self.rules {
            if holds(&rule.predicates, &situation, &mut ()) == Truth::Failed {
                continue;
            }
            if let Some(redaction) = rule.action.redaction() {
                wanted.extend(unplaced(redaction, facts).cloned());
            }
            if rule.mode == Mode::Enforce {
                break;
            }
        }
        wanted
    }

    /// Whether it must first be known where findings stand.
    pub(super) fn lacks_places(&self, redaction: &Redaction, facts: &Facts) -> bool {
        unplaced(redaction, facts).next().is_some()
    }

    /// The request with placeholders in the place of all that can be replaced; `None` if that is nothing.
    pub(super) fn residual(&self, redaction: &Redaction, facts: &Facts) -> Option<Residual> {
        let raw = self.levels.find(&facts.level).filter(|_| facts.unreadable.is_none())?;
        let is_replaced =
            |(name, tally): &(&Name, &Tally)| redactable(redaction, name, tally) && tally.placed == Some(true);
        let (gone, stay): (Vec<_>, Vec<_>) = facts.detectors.iter().partition(is_replaced);
        if gone.is_empty() {
            return None;
        }
        let sure = stay.iter().filter(|(_, tally)| tally.is_sure());
        // INVARIANT: what stays counts in full; of what level it is not told counts as the request did.
        let levels =
            sure.map(|(_, tally)| tally.level.as_ref().and_then(|level| self.levels.find(level)).unwrap_or(raw));
        let level: Level = levels.max().unwrap_or_default().min(raw);
        let facts = Facts {
            level: self.level_name(level).clone(),
            labels: self.labels_without(facts, &gone, &stay),
            detectors: stay.into_iter().map(|(name, tally)| (name.clone(), tally.clone())).collect(),
            ..facts.clone()
        };
        let replaced = gone.into_iter().map(|(name, tally)| (name.clone(), tally.count)).collect();
        Some(Residual { facts, replaced })
    }

    /// The labels that stay: all but those that only what is gone could have given.
    fn labels_without(&self, facts: &Facts, gone: &[(&Name, &Tally)], stay: &[(&Name, &Tally)]) -> BTreeSet<Name> {
        let label = |name: &Name| self.detector_names.iter().find(|(known, _)| known == name).map(|(_, label)| label);
        let kept: Option<BTreeSet<&Name>> =
            stay.iter().filter(|(_, tally)| tally.is_sure()).map(|(name, _)| label(name)).collect();
        // A detector that this policy does not know may have given any label.
        let Some(kept) = kept else { return facts.labels.clone() };
        let gone: BTreeSet<&Name> = gone.iter().filter_map(|(name, _)| label(name)).collect();
        facts.labels.iter().filter(|label| !gone.contains(label) || kept.contains(label)).cloned().collect()
    }
}

/// Whether the answers of an API can be given the values back, also piece by piece; some hold no text at all.
pub(crate) fn restores(api: Api) -> bool {
    match api {
        Api::Chat | Api::Messages | Api::Responses | Api::OllamaChat => true,
        Api::Embeddings | Api::OllamaEmbed | Api::CountTokens => true,
        Api::Completions | Api::OllamaGenerate | Api::Other => false,
        Api::Models | Api::OllamaTags | Api::OllamaShow => false,
    }
}

fn redactable(redaction: &Redaction, name: &Name, tally: &Tally) -> bool {
    tally.is_sure() && redaction.detectors.contains(name)
}

fn unplaced<'f>(redaction: &Redaction, facts: &'f Facts) -> impl Iterator<Item = &'f Name> {
    let read = facts.unreadable.is_none();
    let wanted = facts.detectors.iter().filter(move |(name, tally)| read && redactable(redaction, name, tally));
    wanted.filter(|(_, tally)| tally.placed.is_none()).map(|(name, _)| name)
}
