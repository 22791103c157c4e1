//! What a replay has come to, counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{line::Recorded, provider, striking};
use crate::{
    catalogue::NanoUsd,
    decision::{Candidate, Decision},
    facts::{Facts, Identity, Name},
    policy::Policy,
};

/// What a replay has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Lines that were read.
    pub lines: u64,
    /// Those of them that are no record.
    pub malformed: u64,
    /// Those on which no decision fell: refused before, or never whole.
    pub undecided: u64,
    /// Those that were decided once more.
    pub decided: u64,
    /// Those of them that hang on something that was not recorded. They count nowhere below.
    pub indeterminate: u64,
    /// What goes to the same provider and model, or is refused, as before.
    pub same: u64,
    /// What goes elsewhere: to another provider or model, or is refused, or is refused no more.
    pub moved: Vec<Moved>,
    /// The same by the rules that decided: before, and now.
    pub by_rule: BTreeMap<String, Counts>,
    /// By the provider before.
    pub by_provider: BTreeMap<String, Counts>,
    /// By team.
    pub by_team: BTreeMap<String, Counts>,
    /// By level.
    pub by_level: BTreeMap<String, Counts>,
    /// What requests did cost, or where that is not recorded were taken to cost: those for which `cost_now` is known too.
    pub cost_before: NanoUsd,
    /// What the same would cost: the tokens that were used, at the price of the model that they would go to first.
    pub cost_now: NanoUsd,
    /// For how many both are estimates, because it is not recorded what they used.
    pub estimated: u64,
    /// Of how many one of them is not known.
    pub unpriced: u64,
    /// By invariant of the policy.
    pub invariants: BTreeMap<Name, Kept>,
    /// The digests of policies that were in force and were not given: that they found the same is assumed.
    pub unknown_policies: BTreeSet<String>,
}

/// Requests that go from one place to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Where they went: a model at a provider, a provider, or `refused`.
    pub from: String,
    /// Where they would go.
    pub to: String,
    /// How many.
    pub count: u64,
    /// The id of one such decision.
    pub example: String,
}

/// How many, and how many of them go elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All.
    pub all: u64,
    /// What goes elsewhere.
    pub moved: u64,
}

/// What an invariant has to do with the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What was sent, before, where it says that it never goes.
    pub broken_before: u64,
    /// The id of one such decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What it now strikes a candidate of, and so keeps from going there.
    pub strikes: u64,
}

const REFUSED: &str = "refused";

// === impl Summary ===

impl Summary {
    pub(super) fn new(policy: &Policy) -> Self {
        let invariants = policy.invariants.iter().map(|invariant| (invariant.name.clone(), Kept::default())).collect();
        Self { invariants, ..Self::default() }
    }

    /// Adds what another replay by the same policy, of other requests, has come to.
    pub fn join(&mut self, other: Self) {
        let Self { lines, malformed, undecided, decided, indeterminate, same, estimated, unpriced, .. } = self;
        for (count, more) in [
            (lines, other.lines),
            (malformed, other.malformed),
            (undecided, other.undecided),
            (decided, other.decided),
            (indeterminate, other.indeterminate),
            (same, other.same),
            (estimated, other.estimated),
            (unpriced, other.unpriced),
            (&mut self.cost_before.0, other.cost_before.0),
            (&mut self.cost_now.0, other.cost_now.0),
        ] {
            *count = count.saturating_add(more);
        }
        other.moved.into_iter().for_each(|moved| self.add_moved(moved));
        for (counts, more) in [
            (&mut self.by_rule, other.by_rule),
            (&mut self.by_provider, other.by_provider),
            (&mut self.by_team, other.by_team),
            (&mut self.by_level, other.by_level),
        ] {
            for (key, Counts { all, moved }) in more {
                let counts = counts.entry(key).or_default();
                counts.all += all;
                counts.moved += moved;
            }
        }
        for (name, kept) in other.invariants {
            let known = self.invariants.entry(name).or_default();
            known.broken_before += kept.broken_before;
            known.strikes += kept.strikes;
            known.example = known.example.take().or(kept.example);
        }
        self.unknown_policies.extend(other.unknown_policies);
    }

    /// How many go elsewhere.
    pub fn moved(&self) -> u64 {
        self.moved.iter().map(|moved| moved.count).sum()
    }

    /// Adds a request that was decided once more.
    pub(super) fn add(
        &mut self,
        policy: &Policy,
        recorded: &Recorded<'_>,
        facts: &Facts,
        decision: &Decision,
        indeterminate: bool,
        spoken: &[usize],
    ) {
        self.decided += 1;
        self.invariants(policy, recorded, decision, spoken);
        if indeterminate {
            self.indeterminate += 1;
            return;
        }
        let moved = self.compare(recorded, decision);
        let rules = format!(
            "{} -> {}",
            recorded.rule.as_deref().unwrap_or("none"),
            decision.rule().map_or("none", Name::as_str)
        );
        let before = recorded.chosen.as_ref().map_or(REFUSED, |chosen| &chosen.provider);
        count(&mut self.by_rule, &rules, moved);
        count(&mut self.by_provider, before, moved);
        count(&mut self.by_team, &facts.team.as_ref().map_or("none".into(), identity), moved);
        count(&mut self.by_level, &decision.level, moved);
        if let Some((then, now)) = costs(policy, recorded, facts, decision) {
            self.cost_before.0 = self.cost_before.0.saturating_add(then.0);
            self.cost_now.0 = self.cost_now.0.saturating_add(now.0);
            self.estimated += u64::from(recorded.used.is_none());
        } else {
            self.unpriced += 1;
        }
    }

    /// Whether a request goes elsewhere.
    fn compare(&mut self, recorded: &Recorded<'_>, decision: &Decision) -> bool {
        let candidate = decision.candidates().first();
        let chosen = recorded.chosen.as_ref();
        let model = |candidate: &Candidate| candidate.model.as_ref().map(|model| model.name.clone());
        let same = match (chosen, candidate) {
            (None, None) => true,
            (Some(chosen), Some(candidate)) => {
                let before = chosen.model.as_ref().map(|model| &*model.name);
                *chosen.provider == **provider(decision).unwrap_or(&candidate.provider)
                    && before == model(candidate).as_deref()
            }
            _ => false,
        };
        if same {
            self.same += 1;
            return false;
        }
        let from = chosen
            .map_or(REFUSED.into(), |chosen| place(&chosen.provider, chosen.model.as_ref().map(|model| &*model.name)));
        let to = candidate.map_or(REFUSED.into(), |candidate| place(&candidate.provider, model(candidate).as_deref()));
        self.add_moved(Moved { from, to, count: 1, example: recorded.id.to_string() });
        true
    }

    fn add_moved(&mut self, more: Moved) {
        match self.moved.iter_mut().find(|moved| moved.from == more.from && moved.to == more.to) {
            Some(moved) => moved.count += more.count,
            None => self.moved.push(more),
        }
    }

    fn invariants(&mut self, policy: &Policy, recorded: &Recorded<'_>, decision: &Decision, spoken: &[usize]) {
        for name in striking(decision) {
            self.invariants.entry(name.clone()).or_default().strikes += 1;
        }
        let Some(chosen) = &recorded.chosen else { return };
        let catalogue = policy.catalogue();
        let Some(provider) = catalogue.providers().iter().position(|known| *known.name == *chosen.provider) else {
            return;
        };
        let model = chosen.model.as_ref();
        let model = model.and_then(|model| catalogue.models().iter().position(|known| *known.name == *model.name));
        let Some(zone) = catalogue.providers().get(provider).map(|provider| &provider.zone) else { return };
        for invariant in spoken.iter().filter_map(|index| policy.invariants.get(*index)) {
            if invariant.covers(provider, zone, model) {
                let kept = self.invariants.entry(invariant.name.clone()).or_default();
                kept.broken_before += 1;
                kept.example.get_or_insert_with(|| recorded.id.to_string());
            }
        }
    }
}

fn count(counts: &mut BTreeMap<String, Counts>, key: &str, moved: bool) {
    if !counts.contains_key(key) {
        counts.insert(key.to_owned(), Counts::default());
    }
    if let Some(counts) = counts.get_mut(key) {
        counts.all += 1;
        counts.moved += u64::from(moved);
    }
}

fn place(provider: &str, model: Option<&str>) -> String {
    model.map_or_else(|| provider.to_owned(), |model| format!("{model} at {provider}"))
}

/// What a request cost and what it would; `None` where one of them is not known.
fn costs(policy: &Policy, recorded: &Recorded<'_>, facts: &Facts, decision: &Decision) -> Option<(NanoUsd, NanoUsd)> {
    const NOTHING: NanoUsd = NanoUsd(0);
    let model = decision.candidates().first().and_then(|candidate| candidate.model.as_ref());
    if let Some((tokens, cost)) = &recorded.used {
        let Some(model) = model else { return Some((*cost, NOTHING)) };
        let known = policy.catalogue().models().iter().find(|known| known.name == model.name)?;
        return Some((*cost, known.prices.at(facts.time)?.cost(tokens)));
    }
    let before = recorded.chosen.as_ref().and_then(|chosen| chosen.model.as_ref());
    Some((
        before.map_or(Some(NOTHING), |model| model.cost.map(NanoUsd))?,
        model.map_or(Some(NOTHING), |model| model.cost)?,
    ))
}

fn identity(identity: &Identity) -> String {
    match identity {
        Identity::Named(name) => name.to_string(),
        Identity::Id(id) => id.to_string(),
        Identity::Hidden(_) => "unnamed".into(),
    }
}
