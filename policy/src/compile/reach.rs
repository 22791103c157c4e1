//! Which rules can never decide, and which can never find a candidate. Only what is certain is reported.
//!
//! Of a request, a *cell* is what can be told apart exactly: its level, its interface, whether it is streamed, whether it
//! could be read. A rule covers some cells, and asks more within them. A rule can never decide if every one of its cells is
//! taken by rules before it that enforce, and that ask nothing more than it does itself.

use super::Report;
use crate::{
    catalogue::Provider,
    config::Mode,
    level::Level,
    policy::Policy,
    problem::Problem,
    request::Api,
    rule::{Choice, Invariant, Predicate, Rule, Selection, SetTest},
};

/// Looks for rules that cannot do anything.
pub(super) fn check(policy: &Policy, report: &mut Report) {
    for (index, rule) in policy.rules.iter().enumerate() {
        let path = format!("spec.rules[{index}]");
        let own = cells(&rule.predicates, policy);
        if own.is_empty() || contradicts(&rule.predicates) {
            let message = format!("rule `{}` can never match: no request is all that it asks", rule.name);
            report.push(Problem::error(format!("{path}.match"), message));
            continue;
        }
        if let Some(taken) = taken(policy, index, rule, &own) {
            let message = format!("rule `{}` is never reached: {taken}", rule.name);
            report.push(Problem::error(path, message).help("move it up, or ask less in the rules before it"));
            continue;
        }
        if let Some(selection) = rule.action.selection() {
            let action = if rule.action.redaction().is_some() { "redact.route" } else { "route" };
            candidates(&format!("{path}.action.{action}"), policy, rule, selection, &own, report);
        }
    }
}

/// What can be told apart exactly of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cell {
    level: Level,
    api: Api,
    stream: bool,
    unreadable: bool,
}

/// The cells in which these predicates can hold.
fn cells(predicates: &[Predicate], policy: &Policy) -> Vec<Cell> {
    let highest = policy.levels.highest();
    let mut cells = Vec::new();
    for level in (0..=highest.0).map(Level) {
        for api in Api::DECIDED {
            for (stream, unreadable) in [(false, false), (false, true), (true, false), (true, true)] {
                let cell = Cell { level, api, stream, unreadable };
                // What cannot be read counts as the highest level.
                let possible = !unreadable || level == highest;
                if possible && predicates.iter().all(|predicate| allows(predicate, cell)) {
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// Whether a predicate can hold in a cell.
fn allows(predicate: &Predicate, cell: Cell) -> bool {
    match predicate {
        Predicate::Level(levels) => levels.has(cell.level),
        Predicate::Api(apis) => apis.contains(&cell.api),
        Predicate::Stream(stream) => *stream == cell.stream,
        Predicate::Unreadable(unreadable) => *unreadable == cell.unreadable,
        _ => true,
    }
}

/// Whether a predicate is told by the cell alone.
fn is_exact(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::Level(_) | Predicate::Api(_) | Predicate::Stream(_) | Predicate::Unreadable(_))
}

/// Whether two of these cannot hold together.
fn contradicts(predicates: &[Predicate]) -> bool {
    predicates.iter().any(|one| predicates.iter().any(|other| excludes(one, other)))
}

fn excludes(one: &Predicate, other: &Predicate) -> bool {
    let tests = match (one, other) {
        (Predicate::Labels(one), Predicate::Labels(other)) => (one, other),
        (Predicate::Detectors(one), Predicate::Detectors(other)) => (one, other),
        _ => return false,
    };
    match tests {
        (SetTest::Any(any), SetTest::None(none)) => any.is_subset(none),
        (SetTest::All(all), SetTest::None(none)) => !all.is_disjoint(none),
        _ => false,
    }
}

/// Which rules before this one take all that it could match, if they do.
fn taken(policy: &Policy, index: usize, rule: &Rule, own: &[Cell]) -> Option<String> {
    let before = policy.rules.iter().take(index).filter(|before| before.mode == Mode::Enforce);
    let wider: Vec<_> = before.filter(|before| asks_no_more(&before.predicates, &rule.predicates)).collect();
    let takes = |before: &Rule, cell: Cell| before.predicates.iter().all(|predicate| allows(predicate, cell));
    let mut takers = Vec::new();
    for cell in own {
        let taker = wider.iter().find(|before| takes(before, *cell))?;
        let name = format!("`{}`", taker.name);
        if !takers.contains(&name) {
            takers.push(name);
        }
    }
    let verb = if takers.len() == 1 { "takes" } else { "take" };
    Some(format!("{} before it {verb} all that it could match", takers.join(" and ")))
}

/// Whether, within a cell, whatever meets `these` also meets `those`.
fn asks_no_more(those: &[Predicate], these: &[Predicate]) -> bool {
    those.iter().all(|that| is_exact(that) || these.iter().any(|this| implies(this, that)))
}

/// Whether a request that meets `this` is certain to meet `that`.
fn implies(this: &Predicate, that: &Predicate) -> bool {
    use Predicate::{Client, Detectors, Labels, Model, Needs, Opaque, Signal, Team, Tokens};
    match (this, that) {
        (Labels(this), Labels(that)) | (Detectors(this), Detectors(that)) => implies_set(this, that),
        (Client(this), Client(that)) | (Team(this), Team(that)) | (Model(this), Model(that)) => this.is_subset(that),
        (Needs(this), Needs(that)) => this.is_subset(that),
        (Opaque(this), Opaque(that)) => this.is_subset(that),
        (Tokens(from, below), Tokens(at_least, limit)) => {
            from >= at_least && limit.is_none_or(|limit| below.is_some_and(|below| below <= limit))
        }
        (Signal(this), Signal(that)) => this == that,
        _ => false,
    }
}

fn implies_set(this: &SetTest, that: &SetTest) -> bool {
    match (this, that) {
        (SetTest::Any(this), SetTest::Any(that)) => this.is_subset(that),
        (SetTest::All(this), SetTest::Any(that)) => !this.is_disjoint(that),
        (SetTest::All(this), SetTest::All(that)) => that.is_subset(this),
        (SetTest::None(this), SetTest::None(that)) => that.is_subset(this),
        _ => false,
    }
}

// === candidates ===

/// Reports a rule that routes, but can never find a candidate.
fn candidates(path: &str, policy: &Policy, rule: &Rule, selection: &Selection, own: &[Cell], report: &mut Report) {
    let models = selected(policy, selection);
    let lists_providers = own.iter().any(|cell| !cell.api.takes_model());
    let mut places: Vec<(usize, Option<usize>)> =
        models.iter().map(|(provider, model)| (*provider, Some(*model))).collect();
    if lists_providers {
        places.extend(models.iter().map(|(provider, _)| (*provider, None)));
        if selection.models.is_none() && selection.can.is_empty() {
            let within = |(index, provider): &(usize, &Provider)| chooses(selection, *index, provider);
            let providers = policy.catalogue.providers.iter().enumerate().filter(within);
            places.extend(providers.map(|(index, _)| (index, None)));
        }
    }
    if places.is_empty() {
        let message = format!("rule `{}` can never find a model: there is none such in the catalogue", rule.name);
        return report.push(Problem::error(path, message));
    }
    let possible = places.iter().any(|(provider, model)| {
        let Some(found) = policy.catalogue.providers.get(*provider) else { return false };
        own.iter().any(|cell| can_go(policy, rule, *cell, *provider, found, *model))
    });
    if !possible {
        let message =
            format!("rule `{}` can never find a cleared candidate: all that it could choose is struck", rule.name);
        let names: Vec<_> = policy.catalogue.providers.iter().enumerate().collect();
        let chosen = names.iter().filter(|(index, _)| places.iter().any(|(provider, _)| provider == index));
        let clearances = chosen
            .map(|(_, provider)| format!("{} is cleared for {}", provider.name, policy.level_name(provider.cleared)));
        report.push(Problem::error(path, message).help(clearances.collect::<Vec<_>>().join(", ")));
    }
}

/// The providers and models that a selection could yield for some request.
fn selected(policy: &Policy, selection: &Selection) -> Vec<(usize, usize)> {
    let lists = |index: usize| match &selection.models {
        None => true,
        Some(choices) => choices.iter().any(|choice| match choice {
            Choice::Asked => true,
            Choice::Model(model) => *model == index,
            Choice::Alias(alias) => policy.aliases.get(*alias).is_some_and(|alias| match &alias.selection.models {
                None => true,
                Some(models) => models.contains(&Choice::Model(index)),
            }),
        }),
    };
    let models = policy.catalogue.models.iter().enumerate();
    models
        .filter(|(index, model)| {
            let provider = policy.catalogue.providers.get(model.provider);
            lists(*index)
                && selection.can.is_subset(&model.can)
                && provider.is_some_and(|provider| chooses(selection, model.provider, provider))
        })
        .map(|(index, model)| (model.provider, index))
        .collect()
}

fn chooses(selection: &Selection, index: usize, provider: &Provider) -> bool {
    (selection.zones.is_empty() || selection.zones.contains(&provider.zone))
        && (selection.providers.is_empty() || selection.providers.contains(&index))
}

/// Whether some request of this cell that the rule matches could go there.
fn can_go(policy: &Policy, rule: &Rule, cell: Cell, index: usize, provider: &Provider, model: Option<usize>) -> bool {
    let opaque = rule.predicates.iter().all(|predicate| match predicate {
        Predicate::Opaque(kinds) => kinds.iter().any(|kind| provider.opaque.covers(*kind)),
        _ => true,
    });
    let forbids = |invariant: &Invariant| {
        invariant.covers(index, &provider.zone, model)
            && invariant.predicates.iter().all(|predicate| allows(predicate, cell))
            && asks_no_more(&invariant.predicates, &rule.predicates)
    };
    // What stays once findings are replaced may be of any level, and the invariants ask about what stays.
    let redacts = rule.action.redaction().is_some();
    model.is_some() == cell.api.takes_model()
        && (redacts || provider.cleared >= cell.level)
        && opaque
        && provider.format.serves(cell.api)
        && (cell.api != Api::Other || rule.names_other())
        && (redacts || !policy.invariants.iter().any(forbids))
}
