//! From a written policy to one that can decide, with everything that is wrong told at once.

mod catalogue;
mod condition;
mod identity;
mod price;
mod reach;
mod report;
mod rules;
mod sensitivity;

use sha2::{Digest as _, Sha256};

pub(crate) use self::report::Report;
use self::{
    catalogue::{aliases, models, providers},
    rules::{Scope, invariants, rules},
};
use crate::{
    catalogue::Catalogue,
    config::{
        self, ApiVersion, Document, FailoverConfig, InvariantConfig, Kind, LimitsConfig, MetadataConfig, Node,
        PolicyConfig, ResponseConfig, SpecConfig,
    },
    facts::Name,
    policy::Policy,
    problem::Problem,
};

/// How large a body is read if the policy does not say, in bytes: what the largest providers take.
const DEFAULT_MAX_BODY: u64 = 32 << 20;
/// The largest limit that a policy may set: a filter's memory is 4 GiB at most, for all bodies in flight.
const LARGEST_MAX_BODY: u64 = 256 << 20;

/// How long a provider may take to begin a streamed answer if the policy does not say, in milliseconds. A local model that
/// has to be loaded first takes some tens of seconds.
const DEFAULT_FIRST_BYTE: u64 = 60_000;

/// Reads and compiles a policy document.
pub(crate) fn policy(bytes: &[u8]) -> Result<(Policy, Vec<Problem>), Vec<Problem>> {
    let Document { config, problems, broken, node } = config::read(bytes)?;
    let mut report = Report::new("", problems, broken);
    let policy = compile(config, &node, &mut report);
    report.finish(policy)
}

/// The policy with one more invariant, as its last. Problems with that are told with their path below `never`.
pub(crate) fn with_invariant(policy: &[u8], never: &[u8]) -> Result<(Policy, Vec<Problem>), Vec<Problem>> {
    let Document { mut config, problems, broken, node } = config::read::<PolicyConfig>(policy)?;
    let asked = config::read(never)?;
    if !asked.problems.is_empty() {
        return Err(asked.problems);
    }
    let path = format!("spec.invariants[{}].never", config.spec.invariants.len());
    config.spec.invariants.push(InvariantConfig { name: "asked".into(), never: asked.config });
    let mut report = Report::new("", problems, broken);
    let policy = unchecked(config, &node, &mut report);
    report.finish(policy).map_err(|mut problems| {
        problems.iter_mut().for_each(|problem| problem.path = problem.path.replacen(&path, "never", 1));
        problems
    })
}

/// Compiles a written policy. What comes back can be used only if there is no error in the report.
pub(crate) fn compile(config: PolicyConfig, node: &Node, report: &mut Report) -> Option<Policy> {
    let policy = unchecked(config, node, report)?;
    if !report.has_errors() {
        reach::check(&policy, report);
    }
    Some(policy)
}

/// The same, without looking for rules that are of no use.
pub(crate) fn unchecked(config: PolicyConfig, node: &Node, report: &mut Report) -> Option<Policy> {
    let PolicyConfig { api_version: ApiVersion::V1, kind: Kind::Policy, metadata, spec } = config;
    let MetadataConfig { name, version } = metadata;
    let SpecConfig {
        identity,
        sensitivity,
        providers: written_providers,
        models: written_models,
        aliases: written_aliases,
        rules: written_rules,
        invariants: written_invariants,
        response: ResponseConfig { reveal },
        translation,
        failover,
        limits,
    } = spec;
    report.name("metadata.name", &name);
    let (client, team) = identity::sources(identity, report);
    let sensitivity = sensitivity::sensitivity(sensitivity, report)?;
    let providers = providers(&written_providers, &sensitivity.levels, report);
    let models = models(&written_models, &providers, report);
    let catalogue = Catalogue { providers, models };
    let aliases = aliases(&written_aliases, &catalogue, report);
    let mut scope = Scope::new(&sensitivity, &catalogue, &aliases, [&client, &team]);
    let rules = rules(&written_rules, &mut scope, report);
    let invariants = invariants(&written_invariants, &mut scope, report);
    let (identities, signals) = scope.gathered();
    let sensitivity::Sensitivity { levels, level_names, detectors, detector_names } = sensitivity;
    Some(Policy {
        name: Name::written(&name),
        version: version.as_deref().map(Name::written),
        digest: Name::written(&digest(node)),
        levels,
        level_names,
        detectors,
        detector_names,
        catalogue,
        aliases,
        client,
        team,
        identities,
        signals,
        rules,
        invariants,
        reveal,
        translation,
        first_byte: first_byte(failover, report),
        max_body: max_body(limits, report),
    })
}

/// The SHA-256 of the canonical form, in hexadecimal.
fn digest(node: &Node) -> String {
    Sha256::digest(node.canonical()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn first_byte(failover: FailoverConfig, report: &mut Report) -> u64 {
    let FailoverConfig { first_byte } = failover;
    let Some(time) = first_byte else { return DEFAULT_FIRST_BYTE };
    if time.0 == 0 {
        report.error("spec.failover.first_byte", "no provider answers in no time");
    }
    time.0
}

fn max_body(limits: LimitsConfig, report: &mut Report) -> u64 {
    let LimitsConfig { body } = limits;
    let Some(body) = body else { return DEFAULT_MAX_BODY };
    if !(1..=LARGEST_MAX_BODY).contains(&body.0) {
        let message = format!("`{}` is no limit for a body", body.0);
        report.push(Problem::error("spec.limits.body", message).help(format!("from 1 to {LARGEST_MAX_BODY} bytes")));
    }
    body.0
}

#[cfg(test)]
mod tests;
