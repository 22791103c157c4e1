//! Which version a node should have.

use std::sync::Arc;

use super::resource;
use crate::service::board::{Plan, Release};
use crate::service::fleet::{Acked, Identity, Node, Refusal};
use crate::service::time::now_us;

/// What a node should have.
#[derive(Clone, Debug)]
pub enum Due {
    /// No policy is for it.
    Nothing,
    /// The version that is published for it.
    Published(Arc<Release>),
    /// It has refused that one, as it would again.
    Refused(Refused),
}

/// What is known of a node that refuses what is published for it.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What it took last, if anything.
    pub last: Option<Acked>,
    /// What it has to say of this version, if it has only said it of another number with the same content.
    pub anew: Option<Refusal>,
}

/// What this node should have, with what is known of it.
pub fn due(plan: &Plan, identity: &Identity, known: Option<&Node>) -> Due {
    let Some(release) = plan.release_for(identity) else { return Due::Nothing };
    let version = resource::version(&release, identity);
    let Some((known, refusal)) = known.and_then(|known| Some((known, known.refusal_of(&version)?))) else {
        return Due::Published(release);
    };
    let (policy, number, time_us) = (release.policy.clone(), release.number, now_us());
    let again = || Refusal { version: version.clone(), policy, number, time_us, ..refusal.clone() };
    Due::Refused(Refused { last: known.acked.clone(), anew: (!known.has_refused(&version)).then(again) })
}
