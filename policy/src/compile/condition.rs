//! What a rule or an invariant asks of a request.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Report,
    identity::header,
    rules::{Scope, unknown_model},
    sensitivity::level,
};
use crate::{
    config::{MatchConfig, RangeMatch, SensitivityMatch, SetMatch, ValueMatch},
    facts::Name,
    level::Levels,
    problem::Problem,
    request::Api,
    rule::{LevelSet, Predicate, SetTest, Signal, Source, ValueTest, property_path},
};

/// Compiles what a rule asks, in the order of the format.
pub(super) fn predicates(
    path: &str,
    written: &MatchConfig,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Vec<Predicate> {
    let MatchConfig {
        sensitivity,
        labels,
        detectors,
        client,
        team,
        api,
        model,
        needs,
        opaque,
        tokens,
        stream,
        header,
        property,
        unreadable,
    } = written;
    let mut predicates = Vec::new();
    if let Some(written) = sensitivity {
        let levels = &scope.sensitivity.levels;
        predicates.push(Predicate::Level(level_set(&format!("{path}.sensitivity"), written, levels, report)));
    }
    if let Some(written) = labels {
        let known = scope.sensitivity.detector_names.iter().map(|(_, label)| label.as_str()).collect();
        let tests = set_tests(&format!("{path}.labels"), "label", written, &known, report);
        predicates.extend(tests.into_iter().map(Predicate::Labels));
    }
    if let Some(written) = detectors {
        let known = scope.sensitivity.detector_names.iter().map(|(name, _)| name.as_str()).collect();
        let tests = set_tests(&format!("{path}.detectors"), "detector", written, &known, report);
        predicates.extend(tests.into_iter().map(Predicate::Detectors));
    }
    let (has_client, has_team) = (scope.has_client, scope.has_team);
    let client = identities(&format!("{path}.client"), &client.0, has_client, "client", scope, report);
    predicates.extend(client.map(Predicate::Client));
    let team = identities(&format!("{path}.team"), &team.0, has_team, "team", scope, report);
    predicates.extend(team.map(Predicate::Team));
    predicates.extend(apis(&format!("{path}.api"), &api.0, report).map(Predicate::Api));
    predicates.extend(models(&format!("{path}.model"), &model.0, scope, report).map(Predicate::Model));
    predicates.extend(any_of(&needs.0).map(Predicate::Needs));
    predicates.extend(any_of(&opaque.0).map(Predicate::Opaque));
    predicates.extend(tokens.map(|written| range(&format!("{path}.tokens"), written, report)));
    predicates.extend(stream.map(Predicate::Stream));
    predicates.extend(unreadable.map(Predicate::Unreadable));
    predicates.extend(headers(&format!("{path}.header"), header, scope, report));
    predicates.extend(properties(&format!("{path}.property"), property, scope, report));
    predicates
}

fn apis(path: &str, written: &[Api], report: &mut Report) -> Option<BTreeSet<Api>> {
    for api in written.iter().filter(|api| api.is_answered()) {
        let message = format!("no rule is asked for `{}`: it is answered from the catalogue", api.name());
        report.push(Problem::error(path, message).help("a client is shown the models that the rules let it use"));
    }
    any_of(written)
}

fn any_of<T: Copy + Ord>(list: &[T]) -> Option<BTreeSet<T>> {
    (!list.is_empty()).then(|| list.iter().copied().collect())
}

fn level_set(path: &str, written: &SensitivityMatch, levels: &Levels, report: &mut Report) -> LevelSet {
    let SensitivityMatch { at_least, below, is } = written;
    let mut said = Vec::new();
    let mut bits = u16::MAX.checked_shr(u32::from(15 - levels.highest().0.min(15))).unwrap_or(u16::MAX);
    let lower = |level: crate::level::Level| 1u16.checked_shl(u32::from(level.0)).map_or(u16::MAX, |bit| bit - 1);
    if let Some(name) = at_least {
        bits &= !lower(level(format!("{path}.at_least"), name, levels, report));
        said.push(format!("at least {name}"));
    }
    if let Some(name) = below {
        bits &= lower(level(format!("{path}.below"), name, levels, report));
        said.push(format!("below {name}"));
    }
    if !is.0.is_empty() {
        let one = is.0.iter().map(|name| level(format!("{path}.is"), name, levels, report));
        bits &= one.fold(0, |bits, level| bits | 1u16.checked_shl(u32::from(level.0)).unwrap_or(0));
        said.push(is.0.join(" or "));
    }
    if said.is_empty() {
        report.push(Problem::error(path, "it says nothing").help("give `at_least`, `below` or `is`"));
    } else if bits == 0 {
        report.error(path, format!("no level is {}", said.join(" and ")));
    }
    LevelSet { bits, written: Name::written(&said.join(" and ")) }
}

fn set_tests(path: &str, what: &str, written: &SetMatch, known: &BTreeSet<&str>, report: &mut Report) -> Vec<SetTest> {
    let SetMatch { any, all, none } = written;
    if any.0.is_empty() && all.0.is_empty() && none.0.is_empty() {
        report.push(Problem::error(path, "it says nothing").help("give `any`, `all` or `none`"));
    }
    let mut names = |field: &str, names: &[String]| -> Option<BTreeSet<Name>> {
        for name in names.iter().filter(|name| !known.contains(name.as_str())) {
            let path = format!("{path}.{field}");
            if !report.is_broken("spec.sensitivity.packs") {
                report.unknown(path, what, name, known.iter().copied(), "spec.sensitivity.detectors");
            }
        }
        (!names.is_empty()).then(|| names.iter().map(|name| Name::written(name)).collect())
    };
    let tests = [
        names("any", &any.0).map(SetTest::Any),
        names("all", &all.0).map(SetTest::All),
        names("none", &none.0).map(SetTest::None),
    ];
    tests.into_iter().flatten().collect()
}

fn identities(
    path: &str,
    names: &[String],
    has_source: bool,
    what: &str,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Option<BTreeSet<Name>> {
    if names.is_empty() {
        return None;
    }
    if !has_source && !report.is_broken("spec.identity") {
        let place = if what == "team" { "`spec.identity.team`" } else { "`spec.identity`" };
        report.push(
            Problem::error(path, format!("no {what} is ever known")).help(format!("say in {place} where it stands")),
        );
    }
    names.iter().for_each(|name| report.name(path, name));
    let names: BTreeSet<_> = names.iter().map(|name| Name::written(name)).collect();
    scope.identities.extend(names.iter().cloned());
    Some(names)
}

fn models(path: &str, names: &[String], scope: &Scope<'_>, report: &mut Report) -> Option<BTreeSet<Name>> {
    let mut found = BTreeSet::new();
    for name in names {
        let model = scope.catalogue.models.iter().map(|model| &model.name).find(|known| **known == name.as_str());
        let alias = scope.aliases.iter().map(|alias| &alias.name).find(|known| **known == name.as_str());
        match model.or(alias) {
            Some(name) => drop(found.insert(name.clone())),
            None => unknown_model(path.to_owned(), name, scope.catalogue, scope.aliases, report),
        }
    }
    (!names.is_empty()).then_some(found)
}

fn range(path: &str, written: RangeMatch, report: &mut Report) -> Predicate {
    let RangeMatch { at_least, below } = written;
    if at_least.is_none() && below.is_none() {
        report.push(Problem::error(path, "it says nothing").help("give `at_least` or `below`"));
    }
    let from = at_least.unwrap_or(0);
    if let Some(below) = below.filter(|below| *below <= from) {
        report.error(path, format!("no number is at least {from} and below {below}"));
    }
    Predicate::Tokens(from, below)
}

fn headers(
    path: &str,
    written: &BTreeMap<String, ValueMatch>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Vec<Predicate> {
    let mut predicates = Vec::new();
    for (name, value) in written {
        let path = format!("{path}.{name}");
        let source = Source::Header(header(&path, name, report));
        predicates.push(signal(&path, source, value, scope, report));
    }
    predicates
}

fn properties(
    path: &str,
    written: &BTreeMap<String, ValueMatch>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Vec<Predicate> {
    let mut predicates = Vec::new();
    for (name, value) in written {
        let path = format!("{path}.'{name}'");
        match property_path(name) {
            Ok(elements) => predicates.push(signal(&path, Source::Property(elements), value, scope, report)),
            Err(error) => {
                let help = "write it like `connection.requested_server_name` or `metadata['a.b'].c`";
                report.push(Problem::error(path, error.to_string()).help(help));
            }
        }
    }
    predicates
}

fn signal(path: &str, source: Source, written: &ValueMatch, scope: &mut Scope<'_>, report: &mut Report) -> Predicate {
    let ValueMatch { equals, prefix, suffix, present } = written;
    let asks_value = !equals.0.is_empty() || prefix.is_some() || suffix.is_some();
    match (present, asks_value) {
        (None, false) => {
            let problem = Problem::error(path, "it says nothing");
            report.push(problem.help("give `equals`, `prefix`, `suffix` or `present`"));
        }
        (Some(false), true) => report.error(path, "what is not there has no value"),
        _ => {}
    }
    let test = ValueTest {
        equals: equals.0.iter().map(|text| Name::written(text)).collect(),
        prefix: prefix.as_deref().map(Name::written),
        suffix: suffix.as_deref().map(Name::written),
        absent: *present == Some(false),
    };
    let signal = Signal::new(source, test);
    let name = signal.name.clone();
    if !scope.signals.contains(&signal) {
        scope.signals.push(signal);
    }
    Predicate::Signal(name)
}
