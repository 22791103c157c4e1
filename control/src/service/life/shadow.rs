//! A version that is asked beside the one in force: what it would do is recorded, and not done.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::publish::version;
use super::{Policy, Refused, State, check, find, keep};
use crate::service::Service;
use crate::service::board::Group;
use crate::service::time::now_us;

/// A version in shadow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shadow {
    /// The number of the version.
    pub version: u64,
    /// The nodes on which it is asked; all of the policy's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Group>,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: u64,
}

/// Which version is to be asked, and where.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shadowing {
    /// The number of the version.
    pub version: u64,
    /// The nodes on which it is asked; all of the policy's if absent.
    #[serde(default)]
    pub nodes: Option<Group>,
}

/// Has a version asked beside the one in force, in the place of any that was.
pub async fn shadow(
    service: &Service,
    who: &str,
    name: &str,
    Shadowing { version: number, nodes }: Shadowing,
    revision: u64,
) -> Result<Policy, Refused> {
    let mut policy = find(service, name, revision).await?;
    let version = version(service, name, number).await?;
    match policy.published {
        None => return Err(Refused::NotNow(format!("`{name}` is not published yet: there is nothing to run beside"))),
        Some(published) if published == number => {
            return Err(Refused::NotNow(format!("version {number} of `{name}` is the one in force")));
        }
        Some(_) => {}
    }
    if let Some(fault) = nodes.as_ref().and_then(Group::fault) {
        return Err(Refused::NotNow(fault));
    }
    // A version with failing tests may be watched all the same, one with errors could not be read.
    if version.state == State::Draft {
        let checked = check::check(&version.document, name, &[]).await;
        if !checked.is_sound() {
            return Err(Refused::Errors(checked.findings));
        }
    }
    let told = json!({
        "what": "shadow-started", "who": who, "policy": name, "version": number, "digest": version.digest, "nodes": nodes,
    });
    policy.shadow = Some(Shadow { version: number, nodes, since_us: now_us() });
    keep(service, policy, told, None).await
}

/// Has it asked no more.
pub async fn end_shadow(service: &Service, who: &str, name: &str, revision: u64) -> Result<Policy, Refused> {
    let mut policy = find(service, name, revision).await?;
    let shadow = policy.shadow.take().ok_or_else(|| Refused::NotNow(format!("`{name}` has no shadow")))?;
    let told = json!({"what": "shadow-ended", "who": who, "policy": name, "version": shadow.version});
    keep(service, policy, told, None).await
}
