//! Providers, models and aliases.

use std::collections::BTreeMap;

use super::{Report, price::prices, rules::selection, sensitivity::level};
use crate::{
    catalogue::{Catalogue, Endpoint, Format, InvalidTemplate, Model, OpaqueClearance, PathTemplate, Prices, Provider},
    config::{KeyConfig, KeyHeader, ModelConfig, ProviderConfig, SelectionConfig},
    facts::Name,
    level::Levels,
    policy::{Alias, LOCAL},
    problem::Problem,
};

pub(super) fn providers(written: &[ProviderConfig], levels: &Levels, report: &mut Report) -> Vec<Provider> {
    if written.is_empty() {
        report.error("spec.providers", "there is no provider");
    }
    report.distinct("spec.providers", written.iter().map(|provider| provider.name.as_str()));
    let placed = written.iter().enumerate();
    placed.map(|(index, written)| provider(&format!("spec.providers[{index}]"), written, levels, report)).collect()
}

fn provider(path: &str, written: &ProviderConfig, levels: &Levels, report: &mut Report) -> Provider {
    let ProviderConfig { name, format, cluster, zone, cleared, opaque, endpoint, path: template, key, quirks } =
        written;
    report.name(&format!("{path}.cluster"), cluster);
    report.name(&format!("{path}.zone"), zone);
    let cleared = level(format!("{path}.cleared"), cleared, levels, report);
    let opaque = if cleared == levels.highest() {
        OpaqueClearance::All
    } else {
        OpaqueClearance::Only(opaque.0.iter().copied().collect())
    };
    Provider {
        name: Name::written(name),
        format: *format,
        cluster: Name::written(cluster),
        zone: Name::written(zone),
        cleared,
        opaque,
        endpoint: address(&format!("{path}.endpoint"), endpoint.as_deref(), *format, report),
        path: template.as_deref().and_then(|written| paths(&format!("{path}.path"), written, report)),
        key: key_header(&format!("{path}.key"), key.as_ref(), *format, report),
        takes_client_key: *key == Some(KeyConfig::Client),
        quirks: *quirks,
    }
}

fn paths(path: &str, written: &str, report: &mut Report) -> Option<PathTemplate> {
    let parsed = written.parse().map_err(|error: InvalidTemplate| {
        let problem = Problem::error(path, error.to_string());
        report.push(problem.help("write it like `/openai/deployments/{model}/{operation}?api-version=2024-10-21`"));
    });
    parsed.ok()
}

fn key_header(path: &str, written: Option<&KeyConfig>, format: Format, report: &mut Report) -> KeyHeader {
    let Some(KeyConfig::Held(KeyHeader { header, prefix })) = written else { return format.key_header() };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if header.is_empty() || !header.bytes().all(is_token) {
        report.error(format!("{path}.header"), format!("`{}` is no name of a header", header.escape_debug()));
    }
    if !prefix.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        report.error(format!("{path}.prefix"), "no header can hold this");
    }
    KeyHeader { header: header.to_ascii_lowercase(), prefix: prefix.clone() }
}

fn address(path: &str, written: Option<&str>, format: Format, report: &mut Report) -> Endpoint {
    let url = written.unwrap_or(format.default_endpoint());
    url.parse().unwrap_or_else(|error: crate::catalogue::InvalidEndpoint| {
        let problem = Problem::error(path, error.to_string());
        report.push(problem.help(format!("write it like `{}`", format.default_endpoint())));
        Endpoint { tls: true, host: String::new(), port: 0, base_path: String::new() }
    })
}

pub(super) fn models(written: &[ModelConfig], providers: &[Provider], report: &mut Report) -> Vec<Model> {
    report.distinct("spec.models", written.iter().map(|model| model.name.as_str()));
    let placed = written.iter().enumerate();
    placed.map(|(index, written)| model(&format!("spec.models[{index}]"), written, providers, report)).collect()
}

fn model(path: &str, written: &ModelConfig, providers: &[Provider], report: &mut Report) -> Model {
    let ModelConfig { name, provider, id, context, can, price, quirks } = written;
    let id = id.as_ref().unwrap_or(name);
    report.name(&format!("{path}.id"), id);
    let place = providers.iter().position(|known| known.name == provider.as_str());
    let found = place.and_then(|place| providers.get(place));
    match found {
        Some(provider) => stays_local(path, id, provider, report),
        None => {
            let known = providers.iter().map(|provider| provider.name.as_str());
            report.unknown(format!("{path}.provider"), "provider", provider, known, "spec.providers");
        }
    }
    if *context == Some(0) {
        report.error(format!("{path}.context"), "a context of `0` holds nothing");
    }
    Model {
        name: Name::written(name),
        // A model whose provider is not known is part of no policy that compiles.
        provider: place.unwrap_or(usize::MAX),
        id: Name::written(id),
        context: *context,
        can: can.0.iter().copied().collect(),
        prices: price.as_ref().map_or_else(Prices::default, |price| prices(&format!("{path}.price"), price, report)),
        quirks: found.map_or(*quirks, |provider| quirks.or(provider.quirks)),
    }
}

/// Ollama runs models of these names on its makers' machines: https://docs.ollama.com/cloud
///
/// Behind another format there may be an Ollama, too.
fn stays_local(path: &str, id: &str, provider: &Provider, report: &mut Report) {
    let tag = id.rsplit_once(':').map_or(id, |(_, tag)| tag);
    if provider.zone == LOCAL && (tag == "cloud" || id.ends_with("-cloud")) {
        let (kind, whose): (fn(String, String) -> Problem, _) = match provider.format {
            Format::Ollama => (Problem::error, "Ollama"),
            _ => (Problem::warning, "an Ollama"),
        };
        let message =
            format!("{whose} runs `{id}` in its cloud, but its provider `{}` is in zone `local`", provider.name);
        let problem = kind(format!("{path}.id"), message);
        report.push(
            problem.help("give it a provider of its own, with the same cluster, another zone and its own clearance"),
        );
    }
}

pub(super) fn aliases(
    written: &BTreeMap<String, SelectionConfig>,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for (name, config) in written {
        let path = format!("spec.aliases.{name}");
        report.name(&path, name);
        if catalogue.models.iter().any(|model| model.name == name.as_str() || model.id == name.as_str()) {
            report.error(&*path, format!("`{name}` is the name of a model already"));
        }
        aliases.push(Alias { name: Name::written(name), selection: selection(&path, config, catalogue, None, report) });
    }
    aliases
}
