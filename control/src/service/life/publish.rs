//! Publishing and taking back.

use serde::Deserialize;
use serde_json::json;

use super::check;
use super::rollout::{Limits, Rollout, Stage};
use super::select::has_nodes_of_its_own;
use super::{Policy, Refused, State, Version, find, keep};
use crate::service::Service;
use crate::service::board::Group;
use crate::service::store::policies;
use crate::service::time::now_us;

/// How a version is to be published.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Publication {
    /// The nodes that get it first; all get it at once if this is absent.
    pub canary: Option<Group>,
    /// How much worse those may do before it is taken back.
    pub limits: Limits,
    /// Publishes it also if it has no tests, and the version in force has some.
    pub without_tests: bool,
}

/// Publishes a version: to all nodes of the policy, or to some of them first.
pub async fn publish(
    service: &Service,
    who: &str,
    name: &str,
    number: u64,
    publication: Publication,
    revision: u64,
) -> Result<Policy, Refused> {
    let Publication { canary, limits, without_tests } = publication;
    let mut policy = find(service, name, revision).await?;
    let mut version = version(service, name, number).await?;
    // Checked again: what is right can have changed with the service.
    let checked = check::check(&version.document, name, &version.tests).await;
    if !checked.is_sound() {
        return Err(Refused::Errors(checked.findings));
    }
    if version.tests.is_empty() && !without_tests && has_tests(service, &policy).await? {
        return Err(Refused::NotNow(format!(
            "the version of `{name}` that is in force has tests, and version {number} has none: give it its tests, or say \
             that it is to be without (`without_tests`)"
        )));
    }
    if service.rules.four_eyes && version.author == who {
        return Err(Refused::NotNow(format!("`{who}` made version {number}: somebody else must publish it")));
    }
    if let Some((_, to)) = policy.rollout.as_ref().and_then(Rollout::canary) {
        return Err(Refused::NotNow(format!(
            "version {to} of `{name}` is being rolled out: promote it or roll it back"
        )));
    }
    if policy.published.is_none() {
        has_nodes_of_its_own(service, &policy).await?;
    }
    let canary = match canary {
        Some(_) if policy.published.is_none() => {
            return Err(Refused::NotNow(format!(
                "`{name}` is not published yet: there is nothing to compare a canary with"
            )));
        }
        canary => canary,
    };
    if let Some(fault) = canary.as_ref().and_then(Group::fault) {
        return Err(Refused::NotNow(fault));
    }
    let stage = if canary.is_some() { Stage::Canary } else { Stage::Complete };
    let told = json!({
        "what": "published", "who": who, "policy": name, "version": number, "digest": version.digest, "canary": canary,
    });
    let from = policy.published;
    if stage == Stage::Complete {
        policy.published = Some(number);
        // What is in force everywhere is a shadow no more.
        policy.shadow.take_if(|shadow| shadow.version == number);
    }
    let since_us = now_us();
    policy.rollout =
        Some(Rollout { to: number, from, canary, limits, stage, reason: None, since_us, promoted_us: None });
    version.state = State::Published;
    version.published_by = Some(who.to_owned());
    keep(service, policy, told, Some(version)).await
}

/// Gives all nodes what the first ones have.
pub async fn promote(service: &Service, who: &str, name: &str, revision: u64) -> Result<Policy, Refused> {
    let mut policy = find(service, name, revision).await?;
    let rollout = policy.rollout.as_mut().filter(|rollout| rollout.stage == Stage::Canary);
    let rollout = rollout.ok_or_else(|| Refused::NotNow(format!("no version of `{name}` is being rolled out")))?;
    rollout.stage = Stage::Complete;
    rollout.promoted_us = Some(now_us());
    policy.published = Some(rollout.to);
    policy.shadow.take_if(|shadow| shadow.version == rollout.to);
    let told = json!({"what": "promoted", "who": who, "policy": name, "version": rollout.to});
    keep(service, policy, told, None).await
}

/// Puts the version before in force again, of which the rollout knows; or the one of this number.
pub async fn roll_back(
    service: &Service,
    who: &str,
    name: &str,
    reason: Option<String>,
    revision: u64,
) -> Result<Policy, Refused> {
    let mut policy = find(service, name, revision).await?;
    let rollout = policy.rollout.as_mut().filter(|rollout| rollout.stage != Stage::Halted);
    let rollout = rollout.ok_or_else(|| Refused::NotNow(format!("there is no rollout of `{name}` to take back")))?;
    let Some(from) = rollout.from else {
        return Err(Refused::NotNow(format!("no version of `{name}` was published before version {}", rollout.to)));
    };
    rollout.stage = Stage::Halted;
    rollout.reason = reason;
    policy.published = Some(from);
    let mut version = version(service, name, rollout.to).await?;
    version.state = State::RolledBack;
    let told = json!({
        "what": "rolled-back", "who": who, "policy": name, "version": rollout.to, "to": from, "reason": rollout.reason,
    });
    keep(service, policy, told, Some(version)).await
}

/// Whether the version in force has tests.
async fn has_tests(service: &Service, policy: &Policy) -> Result<bool, Refused> {
    let Some(number) = policy.published else { return Ok(false) };
    let version = policies::find_version(&service.store, &policy.name, number).await?;
    Ok(version.is_some_and(|version| !version.tests.is_empty()))
}

/// The version of this number.
pub(super) async fn version(service: &Service, name: &str, number: u64) -> Result<Version, Refused> {
    let version = policies::find_version(&service.store, name, number).await?;
    version.ok_or_else(|| Refused::NotFound(format!("version {number} of policy `{name}`")))
}
