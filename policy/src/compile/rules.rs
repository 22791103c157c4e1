//! Rules and invariants.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, condition::predicates, sensitivity::Sensitivity};
use crate::{
    catalogue::Catalogue,
    config::{
        ActionConfig, DenyConfig, InvariantConfig, MatchConfig, NeverConfig, RedactConfig, RuleConfig, SelectionConfig,
    },
    decision::Denial,
    facts::Name,
    policy::{Alias, LOCAL},
    problem::Problem,
    rule::{Action, Choice, Invariant, Redaction, Rule, Selection, Signal, Source},
};

/// The entry that stands for what the client asks for.
const ASKED: &str = "$asked";
/// The longest message that a client is told, in characters.
const MAX_MESSAGE: usize = 500;
const FORBIDDEN: u16 = 403;

/// The names that a rule may use, and what the rules ask for besides.
pub(super) struct Scope<'s> {
    pub(super) sensitivity: &'s Sensitivity,
    pub(super) catalogue: &'s Catalogue,
    pub(super) aliases: &'s [Alias],
    /// Whether it is known who the client is.
    pub(super) has_client: bool,
    /// Whether it is known which team the client is in.
    pub(super) has_team: bool,
    /// The clients and teams that rules name.
    pub(super) identities: BTreeSet<Name>,
    /// What rules ask of headers and properties.
    pub(super) signals: Vec<Signal>,
}

impl<'s> Scope<'s> {
    pub(super) fn new(
        sensitivity: &'s Sensitivity,
        catalogue: &'s Catalogue,
        aliases: &'s [Alias],
        [client, team]: [&[Source]; 2],
    ) -> Self {
        Self {
            sensitivity,
            catalogue,
            aliases,
            has_client: !client.is_empty(),
            has_team: !team.is_empty(),
            identities: BTreeSet::new(),
            signals: Vec::new(),
        }
    }

    /// What the rules ask for besides: the clients and teams, and the signals.
    pub(super) fn gathered(self) -> (BTreeSet<Name>, Vec<Signal>) {
        (self.identities, self.signals)
    }
}

pub(super) fn rules(written: &[RuleConfig], scope: &mut Scope<'_>, report: &mut Report) -> Vec<Rule> {
    report.distinct("spec.rules", written.iter().map(|rule| rule.name.as_str()));
    if written.is_empty() && !report.is_broken("spec.rules") {
        report.push(Problem::warning("spec.rules", "there is no rule: every request is refused"));
    }
    let placed = written.iter().enumerate();
    placed
        .map(|(index, RuleConfig { name, mode, condition, action: written })| {
            let path = format!("spec.rules[{index}]");
            Rule {
                name: Name::written(name),
                mode: *mode,
                predicates: predicates(&format!("{path}.match"), condition, scope, report),
                action: action(&format!("{path}.action"), written, scope, report),
            }
        })
        .collect()
}

fn action(path: &str, written: &ActionConfig, scope: &Scope<'_>, report: &mut Report) -> Action {
    match written {
        ActionConfig::Route(config) => {
            let path = format!("{path}.route");
            Action::Route(selection(&path, config, scope.catalogue, Some(scope.aliases), report))
        }
        ActionConfig::Deny(config) => Action::Deny(denial(&format!("{path}.deny"), config, report)),
        ActionConfig::Redact(config) => Action::Redact(redaction(&format!("{path}.redact"), config, scope, report)),
    }
}

fn redaction(path: &str, written: &RedactConfig, scope: &Scope<'_>, report: &mut Report) -> Redaction {
    let RedactConfig { labels, detectors, raw_in, route } = written;
    let known = &scope.sensitivity.detector_names;
    let mut check = |field: &str, what: &str, names: &[String], known: BTreeSet<&str>| {
        for name in names.iter().filter(|name| !known.contains(name.as_str())) {
            if !report.is_broken("spec.sensitivity.packs") {
                let path = format!("{path}.{field}");
                report.unknown(path, what, name, known.iter().copied(), "spec.sensitivity.detectors");
            }
        }
    };
    check("labels", "label", &labels.0, known.iter().map(|(_, label)| label.as_str()).collect());
    check("detectors", "detector", &detectors.0, known.iter().map(|(name, _)| name.as_str()).collect());
    let all = labels.0.is_empty() && detectors.0.is_empty();
    let named = |names: &[String], name: &Name| names.iter().any(|known| *name == known.as_str());
    let replaced = known.iter().filter(|(name, label)| all || named(&labels.0, label) || named(&detectors.0, name));
    Redaction {
        detectors: replaced.map(|(name, _)| name.clone()).collect(),
        raw_in: match raw_in {
            Some(written) => zones(&format!("{path}.raw_in"), &written.0, scope.catalogue, report),
            None => vec![Name::written(LOCAL)],
        },
        selection: selection(&format!("{path}.route"), route, scope.catalogue, Some(scope.aliases), report),
    }
}

fn denial(path: &str, written: &DenyConfig, report: &mut Report) -> Denial {
    let DenyConfig { message, status } = written;
    let status = status.unwrap_or(FORBIDDEN);
    if !(400..=499).contains(&status) {
        let problem = Problem::error(format!("{path}.status"), format!("`{status}` does not refuse a request"));
        report.push(problem.help("from 400 to 499; 403 is usual"));
    }
    let message = message.as_deref().unwrap_or("the policy refuses this request");
    if message.trim().is_empty() || message.chars().count() > MAX_MESSAGE {
        report.error(format!("{path}.message"), format!("a message has 1 to {MAX_MESSAGE} characters"));
    }
    Denial { status, message: Name::written(message) }
}

/// Compiles a selection: of a rule, which may name `$asked` and these aliases, or (without) of an alias itself.
pub(super) fn selection(
    path: &str,
    written: &SelectionConfig,
    catalogue: &Catalogue,
    aliases: Option<&[Alias]>,
    report: &mut Report,
) -> Selection {
    let SelectionConfig { models, zone, provider, can, prefer } = written;
    if models.as_ref().is_some_and(Vec::is_empty) {
        report.error(path, "the list of models is empty");
    }
    Selection {
        models: models.as_ref().map(|names| choices(path, names, catalogue, aliases, report)),
        zones: zones(&format!("{path}.zone"), &zone.0, catalogue, report),
        providers: provider_places(&format!("{path}.provider"), &provider.0, catalogue, report),
        can: can.0.iter().copied().collect(),
        prefer: *prefer,
    }
}

fn choices(
    path: &str,
    names: &[String],
    catalogue: &Catalogue,
    aliases: Option<&[Alias]>,
    report: &mut Report,
) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (index, name) in names.iter().enumerate() {
        // An alias is mostly written as the list alone.
        let path = format!("{path}{}[{index}]", if aliases.is_some() { ".models" } else { "" });
        if let Some(model) = catalogue.models.iter().position(|model| model.name == name.as_str()) {
            choices.push(Choice::Model(model));
            continue;
        }
        let Some(aliases) = aliases else {
            let problem = Problem::error(path.clone(), format!("an alias cannot stand for `{name}`"));
            match name.as_str() {
                ASKED => report.push(problem.help("list models of the catalogue")),
                _ => unknown_model(path, name, catalogue, &[], report),
            }
            continue;
        };
        match aliases.iter().position(|alias| alias.name == name.as_str()) {
            _ if name == ASKED => choices.push(Choice::Asked),
            Some(alias) => choices.push(Choice::Alias(alias)),
            None => unknown_model(path, name, catalogue, aliases, report),
        }
    }
    choices
}

/// A name that is neither a model's nor an alias's.
pub(super) fn unknown_model(path: String, name: &str, catalogue: &Catalogue, aliases: &[Alias], report: &mut Report) {
    if report.is_broken("spec.aliases") {
        return;
    }
    let models = catalogue.models.iter().map(|model| model.name.as_str());
    let known = models.chain(aliases.iter().map(|alias| alias.name.as_str()));
    report.unknown(path, "model", name, known, "spec.models");
}

fn zones(path: &str, names: &[String], catalogue: &Catalogue, report: &mut Report) -> Vec<Name> {
    let known: BTreeSet<_> = catalogue.providers.iter().map(|provider| provider.zone.as_str()).collect();
    for name in names.iter().filter(|name| !known.contains(name.as_str())) {
        report.unknown(path.to_owned(), "provider in zone", name, known.iter().copied(), "spec.providers");
    }
    names.iter().map(|name| Name::written(name)).collect()
}

fn provider_places(path: &str, names: &[String], catalogue: &Catalogue, report: &mut Report) -> Vec<usize> {
    let mut places = Vec::new();
    for name in names {
        match catalogue.providers.iter().position(|provider| provider.name == name.as_str()) {
            Some(place) => places.push(place),
            None => {
                let known = catalogue.providers.iter().map(|provider| provider.name.as_str());
                report.unknown(path.to_owned(), "provider", name, known, "spec.providers");
            }
        }
    }
    places
}

pub(super) fn invariants(written: &[InvariantConfig], scope: &mut Scope<'_>, report: &mut Report) -> Vec<Invariant> {
    report.distinct("spec.invariants", written.iter().map(|invariant| invariant.name.as_str()));
    let placed = written.iter().enumerate();
    placed
        .map(|(index, InvariantConfig { name, never })| {
            invariant(&format!("spec.invariants[{index}].never"), name, never, scope, report)
        })
        .collect()
}

fn invariant(path: &str, name: &str, never: &NeverConfig, scope: &mut Scope<'_>, report: &mut Report) -> Invariant {
    let NeverConfig {
        sensitivity,
        labels,
        detectors,
        client,
        team,
        api,
        needs,
        opaque,
        unreadable,
        zone,
        provider,
        model,
    } = never.clone();
    if zone.0.is_empty() && provider.0.is_empty() && model.0.is_empty() {
        let problem = Problem::error(path, "it does not say where such a request must never go");
        report.push(problem.help("add `zone`, `provider` or `model`"));
    }
    let condition = MatchConfig {
        sensitivity,
        labels,
        detectors,
        client,
        team,
        api,
        needs,
        opaque,
        unreadable,
        model: Default::default(),
        tokens: None,
        stream: None,
        header: BTreeMap::new(),
        property: BTreeMap::new(),
    };
    Invariant {
        name: Name::written(name),
        predicates: predicates(path, &condition, scope, report),
        zones: zones(&format!("{path}.zone"), &zone.0, scope.catalogue, report),
        providers: provider_places(&format!("{path}.provider"), &provider.0, scope.catalogue, report),
        models: model_places(&format!("{path}.model"), &model.0, scope.catalogue, report),
    }
}

fn model_places(path: &str, names: &[String], catalogue: &Catalogue, report: &mut Report) -> Vec<usize> {
    let mut places = Vec::new();
    for name in names {
        match catalogue.models.iter().position(|model| model.name == name.as_str()) {
            Some(place) => places.push(place),
            None => unknown_model(path.to_owned(), name, catalogue, &[], report),
        }
    }
    places
}
