//! Which version a node should have.

use std::sync::Arc;

use super::resource;
use crate::service::board::{Plan, Release};
use crate::service::fleet::{Acked, Identity, Node};

/// What a node should have.
#[derive(Clone, Debug)]
pub enum Due {
    /// No policy is for it.
    Nothing,
    /// The version that is published for it.
    Published(Arc<Release>),
    /// It has refused that one, as it would again; this is what it took last, if anything.
    Refused(Option<Acked>),
}

/// What this node should have, with what is known of it.
pub fn due(plan: &Plan, identity: &Identity, known: Option<&Node>) -> Due {
    let Some(release) = plan.release_for(identity) else { return Due::Nothing };
    match known.filter(|known| known.has_refused(&resource::version(&release, identity))) {
        None => Due::Published(release),
        Some(known) => Due::Refused(known.acked.clone()),
    }
}
