//! Watches versions that come to some nodes first, there and for a while when all have them: one that nodes refuse, or under which
//! more goes wrong than before, is taken back at once.

use std::time::Duration;

use super::rollout::{Limits, Rollout};
use super::{Policy, Refused, publish};
use crate::service::store::policies;
use crate::service::store::tallies::{self, Tally};
use crate::service::time::now_us;
use crate::service::{Service, ended};

/// How often they are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How far back requests are compared, in microseconds.
const WINDOW_US: u64 = 600_000_000;
/// Fewer requests than this say nothing.
const ENOUGH: u64 = 20;

/// Who takes back, in the chain.
const WHO: &str = "rollout guard";

/// Watches until the service ends.
pub async fn watch(service: Service) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = ended(service.ending.clone()) => return,
        }
        if let Err(reason) = look(&service).await {
            tracing::error!(%reason, "cannot look at the rollouts");
        }
    }
}

async fn look(service: &Service) -> Result<(), Refused> {
    for policy in policies::all(&service.store).await? {
        if let Some(reason) = trouble(service, &policy).await? {
            tracing::warn!(policy = policy.name, reason, "version taken back");
            match publish::roll_back(service, WHO, &policy.name, Some(reason), policy.revision).await {
                // Another replica, or somebody, was quicker.
                Ok(_) | Err(Refused::Conflict(_)) => {}
                Err(reason) => return Err(reason),
            }
        }
    }
    Ok(())
}

/// Why the newest version of a policy should be taken back, if it is watched and should.
async fn trouble(service: &Service, policy: &Policy) -> Result<Option<String>, sqlx::Error> {
    let Some(rollout) = policy.rollout.as_ref().filter(|rollout| rollout.is_watched(now_us())) else {
        return Ok(None);
    };
    if let Some(refusal) = refused(service, &policy.name, rollout).await? {
        return Ok(Some(refusal));
    }
    let (Some(new), Some(old)) = (
        policies::find_version(&service.store, &policy.name, rollout.to).await?,
        policies::find_version(&service.store, &policy.name, rollout.from.unwrap_or(0)).await?,
    ) else {
        return Ok(None);
    };
    let since_us = rollout.since_us.max(now_us().saturating_sub(WINDOW_US));
    let [new, old] = [
        tallies::since(&service.store, &new.digest, since_us).await?,
        tallies::since(&service.store, &old.digest, since_us).await?,
    ];
    Ok(worse(new, old, rollout.limits))
}

async fn refused(service: &Service, policy: &str, rollout: &Rollout) -> Result<Option<String>, sqlx::Error> {
    let nodes = service.fleet.all().await?;
    Ok(nodes.into_iter().find_map(|node| {
        let refusal = node.refused.iter().rev().find(|refusal| {
            refusal.policy == policy && refusal.number == rollout.to && refusal.time_us >= rollout.since_us
        })?;
        Some(format!("node `{}` refuses it: {}", node.identity.id, refusal.message))
    }))
}

/// What is worse under the new version than under the old one by more than the limits, in words.
fn worse(new: Tally, old: Tally, limits: Limits) -> Option<String> {
    if new.requests < ENOUGH {
        return None;
    }
    let measures =
        [("fail", new.failed, old.failed, limits.errors), ("are denied", new.denied, old.denied, limits.denials)];
    measures.into_iter().find_map(|(what, new_count, old_count, limit)| {
        let [now, before] = [percent(new_count, new.requests), percent(old_count, old.requests)];
        (now > before.saturating_add(u64::from(limit)))
            .then(|| format!("{now} % of its requests {what}, under the version before {before} %"))
    })
}

fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_worse_if_more_of_its_requests_go_wrong_than_before() {
        let tally = |requests, failed, denied| Tally { requests, failed, denied };
        let told = |new, old| worse(new, old, Limits::default());
        assert_eq!(told(tally(19, 19, 0), tally(100, 0, 0)), None);
        assert_eq!(told(tally(100, 5, 25), tally(100, 0, 0)), None);
        assert_eq!(told(tally(100, 50, 0), tally(100, 50, 0)), None);
        let failing = "6 % of its requests fail, under the version before 0 %";
        assert_eq!(told(tally(100, 6, 0), tally(100, 0, 0)).as_deref(), Some(failing));
        let denying = "100 % of its requests are denied, under the version before 10 %";
        assert_eq!(told(tally(20, 0, 20), tally(50, 0, 5)).as_deref(), Some(denying));
        assert!(told(tally(20, 0, 20), tally(0, 0, 0)).is_some());
    }
}
