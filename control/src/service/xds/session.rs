//! One node on one stream: what it has, what it was offered, and what comes next.

use std::sync::Arc;

use envoy_types::pb::envoy::config::core::v3::Node as Introduction;
use envoy_types::pb::envoy::config::core::v3::node::UserAgentVersionType;
use envoy_types::pb::google::rpc::Status as Fault;
use prost::Message as _;
use prost_types::Struct;
use serde_json::json;
use tokio::sync::watch;
use tonic::Status;
use tracing::field::Empty;
use tracing::{Span, info_span};

use super::due::{self, Due, Refused};
use super::resource::{self, Resource, Salt};
use crate::chain::Kind;
use crate::service::board::{Plan, Release};
use crate::service::fleet::{Acked, Identity, Refusal, is_name};
use crate::service::journal::Draft;
use crate::service::peer::Peer;
use crate::service::store::policies;
use crate::service::time::now_us;
use crate::service::{Service, TRACES};
use crate::structure;

/// A stream of a node, as far as it concerns our one resource.
pub struct Session {
    service: Service,
    peer: Peer,
    plan: watch::Receiver<Arc<Plan>>,
    /// Who it is; told in the first message.
    identity: Option<Identity>,
    subscribed: bool,
    /// The version that the node says it has, or is known to have.
    has: Option<String>,
    /// What it has, where that is what it should have: as long as it is, nothing has to be worked out.
    settled: Option<Arc<Release>>,
    /// What it was offered and has not answered.
    offer: Option<Offer>,
    offers: u64,
    salt: Salt,
}

/// A resource on its way to a node.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What the answer to it will name.
    pub nonce: String,
    /// What is offered.
    pub resource: Resource,
    /// The version of a policy that it is; none if it is what refuses everything.
    release: Option<Arc<Release>>,
    /// From the offer to the answer.
    span: Span,
}

/// The longest message of an Envoy that is kept, in characters.
const LONGEST_MESSAGE: usize = 4_000;

// === impl Session ===

impl Session {
    /// A stream on which nothing has been said.
    pub fn new(service: Service, peer: Peer) -> Self {
        let plan = service.board.watch();
        Self {
            service,
            peer,
            plan,
            identity: None,
            subscribed: false,
            has: None,
            settled: None,
            offer: None,
            offers: 0,
            salt: Salt::new(),
        }
    }

    /// Takes the node's introduction, which the first message must have.
    pub async fn introduce(&mut self, node: Option<Introduction>) -> Result<(), Status> {
        if self.identity.is_some() {
            return Ok(());
        }
        let node = node.filter(|node| is_name(&node.id));
        let node = node.ok_or_else(|| {
            Status::invalid_argument("the first request must have `node.id`, without control characters")
        })?;
        let identity = identity(node);
        if self.service.rules.nodes_by_certificate {
            self.peer.must_be(&identity.id, "policies")?;
        }
        let learnt = self.service.fleet.learn(&identity.id).await;
        learnt.map_err(|reason| {
            tracing::error!(%reason, "cannot read what is known of a node");
            Status::unavailable("the store cannot be read now")
        })?;
        self.service.fleet.connected(&identity);
        self.identity = Some(identity);
        Ok(())
    }

    /// The node wants our resource, and has this version of it, if any.
    pub async fn subscribe(&mut self, has: Option<String>) {
        let begins = !std::mem::replace(&mut self.subscribed, true);
        if let Some(has) = has {
            self.has = Some(has);
        } else if begins && self.has.is_none() {
            self.started_anew().await;
        }
    }

    /// Takes note, in the chain too, where a node that took a policy before has none now: its process is another one. If the
    /// last one was killed, what it had not yet written of its access log is lost, and no number tells.
    async fn started_anew(&self) {
        let Some(id) = self.identity.as_ref().map(|identity| &identity.id) else { return };
        let Some(before) = self.service.fleet.own(id).and_then(|node| node.acked) else { return };
        self.service.fleet.change(id, |node| node.started_us = now_us());
        let told = json!({"what": "node-started-anew", "node": id, "took_before": before.version});
        if let Err(reason) = self.service.journal.submit(vec![Draft::own(Kind::Change, &told)]).await {
            tracing::warn!(%reason, node = id, "cannot write that a node was started anew");
        }
    }

    /// The node does not want our resource any more.
    pub fn unsubscribe(&mut self) {
        self.subscribed = false;
        self.has = None;
        self.settled = None;
    }

    /// The node answers an offer: it takes it, or refuses it with a reason. What it says about anything else is out of date.
    pub async fn answered(&mut self, nonce: &str, fault: Option<&Fault>) {
        let Some(offer) = self.offer.take_if(|offer| offer.nonce == nonce) else { return };
        let Some(identity) = &self.identity else { return };
        offer.span.record("refused", fault.is_some());
        let version = offer.resource.version;
        let Some(release) = offer.release else {
            self.has = Some(version);
            return;
        };
        let (policy, number, time_us) = (release.policy.clone(), release.number, now_us());
        match fault {
            None => {
                tracing::info!(node = identity.id, version, "policy taken");
                self.has = Some(version.clone());
                self.took(&identity.id, version, &release);
            }
            Some(fault) => {
                let mut message: String = fault.message.chars().take(LONGEST_MESSAGE).collect();
                for cluster in resource::missing_clusters(&release, identity) {
                    message += &format!(" (this Envoy has no cluster `{cluster}`)");
                }
                tracing::warn!(node = identity.id, version, message, "policy refused");
                let refusal = Refusal { version, policy, number, message, time_us };
                self.service.fleet.refused(&identity.id, refusal).await;
            }
        }
    }

    /// Takes note that the node has this version: it says so now, or, where its answer was lost with the stream, on the next one.
    fn took(&self, id: &str, version: String, release: &Release) {
        let Release { policy, number, .. } = release;
        let is_known = |acked: &Acked| acked.version == version;
        if self.service.fleet.own(id).and_then(|node| node.acked).as_ref().is_some_and(is_known) {
            return;
        }
        let acked = Acked { version, policy: policy.clone(), number: *number, time_us: now_us() };
        self.service.fleet.change(id, |node| node.acked = Some(acked));
    }

    /// What the node is to be sent now, if anything. One offer is made at a time, so that each answer is to the last.
    pub async fn next(&mut self) -> Option<Offer> {
        if !self.subscribed || self.offer.is_some() || self.is_settled() {
            return None;
        }
        let release = self.due().await?;
        let identity = self.identity.as_ref()?;
        let resource =
            release.as_deref().map_or_else(resource::refusal, |release| resource::of(release, identity, &self.salt));
        if self.has.as_ref() == Some(&resource.version) {
            if let Some(release) = release {
                self.took(&identity.id, resource.version, &release);
                self.settled = Some(release);
            }
            return None;
        }
        self.settled = None;
        self.offers += 1;
        let span = info_span!(
            target: TRACES, "push policy", node = identity.id, version = resource.version, refused = Empty
        );
        let offer = Offer { nonce: self.offers.to_string(), resource, release, span };
        self.service.fleet.change(&identity.id, |node| {
            node.sent = Some(offer.resource.version.clone());
            node.sent_us = now_us();
        });
        self.offer = Some(offer.clone());
        Some(offer)
    }

    fn is_settled(&mut self) -> bool {
        let Some((identity, settled)) = self.identity.as_ref().zip(self.settled.as_ref()) else { return false };
        self.plan.borrow_and_update().release_for(identity).is_some_and(|release| release.is(settled))
    }

    /// The version that the node should have: the one that is published for it, or, where it has refused that one and runs
    /// nothing (it was started anew), the last one that it took. `Some(None)` is what refuses everything: for a node that has
    /// nothing, where nothing is published for it.
    async fn due(&mut self) -> Option<Option<Arc<Release>>> {
        let identity = self.identity.as_ref()?;
        let known = self.service.fleet.own(&identity.id)?;
        let due = due::due(&self.plan.borrow_and_update(), identity, Some(&known));
        let Refused { last, anew } = match due {
            Due::Nothing => return self.has.is_none().then_some(None),
            Due::Published(release) => return Some(Some(release)),
            Due::Refused(refused) => refused,
        };
        if let Some(refusal) = anew {
            self.service.fleet.refused(&identity.id, refusal).await;
        }
        let last = match last {
            _ if self.has.is_some() => return None,
            None => return Some(None),
            Some(last) => last,
        };
        match policies::release(&self.service.store, &last.policy, last.number).await {
            Ok(good) => Some(good.map(Arc::new)),
            Err(reason) => {
                tracing::error!(%reason, "cannot read the last good policy");
                None
            }
        }
    }

    /// Waits until what nodes are to have changes, or the service ends.
    pub async fn changed(&mut self) -> Change {
        let mut ending = self.service.ending.clone();
        tokio::select! {
            changed = self.plan.changed() => if changed.is_ok() { Change::Plan } else { Change::End },
            _ = ending.wait_for(|ending| *ending) => Change::End,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(identity) = &self.identity {
            self.service.fleet.disconnected(&identity.id);
        }
    }
}

/// What a session waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nodes may be to have something else.
    Plan,
    /// The service ends.
    End,
}

/// What the node says of itself.
fn identity(node: Introduction) -> Identity {
    let envoy = match node.user_agent_version_type {
        Some(UserAgentVersionType::UserAgentVersion(text)) => text,
        Some(UserAgentVersionType::UserAgentBuildVersion(build)) => build
            .version
            .map(|version| format!("{}.{}.{}", version.major_number, version.minor_number, version.patch))
            .unwrap_or_default(),
        None => String::new(),
    };
    // The same message, of another crate.
    let metadata = node.metadata.and_then(|metadata| Struct::decode(metadata.encode_to_vec().as_slice()).ok());
    let metadata = metadata.map(structure::object).unwrap_or_default();
    Identity { id: node.id, cluster: node.cluster, metadata, envoy }
}
