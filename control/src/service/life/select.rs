//! Which nodes a policy is for.

use serde_json::json;

use super::{Policy, Refused, find, keep};
use crate::service::Service;
use crate::service::board::Selector;
use crate::service::store::policies;

/// Says which nodes a policy is for.
pub async fn select(
    service: &Service,
    who: &str,
    name: &str,
    selector: Selector,
    revision: u64,
) -> Result<Policy, Refused> {
    let mut policy = find(service, name, revision).await?;
    policy.selector = selector;
    if policy.published.is_some() {
        has_nodes_of_its_own(service, &policy).await?;
    }
    let told = json!({"what": "nodes-selected", "who": who, "policy": name, "selector": policy.selector});
    keep(service, policy, told, None).await
}

/// That no other policy is published for the same nodes, of which one would have them by its name alone.
pub(super) async fn has_nodes_of_its_own(service: &Service, policy: &Policy) -> Result<(), Refused> {
    let all = policies::all(&service.store).await?;
    let alike = |other: &&Policy| other.published.is_some() && other.selector == policy.selector;
    match all.iter().filter(|other| other.name != policy.name).find(alike) {
        None => Ok(()),
        Some(other) => Err(Refused::NotNow(format!(
            "policy `{}` is published for just the same nodes: say which nodes `{}` is for (`policymesh select`)",
            other.name, policy.name
        ))),
    }
}
