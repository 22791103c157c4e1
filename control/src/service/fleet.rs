//! The Envoys: what each was sent, what it took, what it refused and why, and what its records show to be in force.
//!
//! What this replica of the service sees stands in memory and is written to the store a moment later, so that a restart
//! forgets at most that moment. Where there are several replicas, each writes what it sees itself, and what is told of a node
//! is all of that together.

mod node;
mod replica;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use node::{Acked, Identity, Node, Refusal, Seen, Standing};
pub use replica::keep;

use super::store::Store;
use super::store::nodes::{self, Known};
use super::time::now_us;
use replica::is_alive;

/// All nodes that were ever connected.
pub struct Fleet {
    store: Store,
    /// The name of this replica.
    replica: String,
    /// What it sees itself.
    nodes: Mutex<Nodes>,
    /// Held from the look at what there is to keep until it is kept: else what was looked at before would be kept last.
    saving: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Nodes {
    by_id: BTreeMap<String, Node>,
    /// The nodes of which the store does not know the newest.
    changed: BTreeSet<String>,
}

/// How many nodes are kept; of more than that, those that connect are not known by name. Ids come from the nodes.
const MOST_NODES: usize = 100_000;

/// Whether this can be the id of a node.
pub fn is_name(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_NAME && !id.chars().any(char::is_control)
}

/// The longest id of a node, in bytes.
const LONGEST_NAME: usize = 1_000;

// === impl Fleet ===

impl Fleet {
    /// What the store knows from the replica of this name.
    pub async fn load(store: &Store, replica: String) -> anyhow::Result<Self> {
        let known = nodes::of(store, &replica).await?.into_iter();
        let by_id = known.map(|node| (node.identity.id.clone(), Node { connections: 0, ..node })).collect();
        let nodes = Mutex::new(Nodes { by_id, changed: BTreeSet::new() });
        let fleet = Self { store: store.clone(), replica, nodes, saving: tokio::sync::Mutex::default() };
        replica::begin(&fleet).await?;
        Ok(fleet)
    }

    /// All nodes, by id, as all replicas see them.
    pub async fn all(&self) -> Result<Vec<Node>, sqlx::Error> {
        let mut all = self.lock().by_id.clone();
        for node in self.others(None).await? {
            all.entry(node.identity.id.clone()).and_modify(|known| known.add(&node)).or_insert(node);
        }
        Ok(all.into_values().collect())
    }

    /// The node with this id, as all replicas see it.
    pub async fn find(&self, id: &str) -> Result<Option<Node>, sqlx::Error> {
        let own = self.own(id);
        let others = self.others(Some(id)).await?.into_iter();
        Ok(own.into_iter().chain(others).reduce(|mut one, other| {
            one.add(&other);
            one
        }))
    }

    /// The node with this id, as this replica sees it.
    pub fn own(&self, id: &str) -> Option<Node> {
        self.lock().by_id.get(id).cloned()
    }

    /// What other replicas see: of one node, or of all. Who is not alive has nobody connected.
    async fn others(&self, id: Option<&str>) -> Result<Vec<Node>, sqlx::Error> {
        if !self.store.is_shared() {
            return Ok(Vec::new());
        }
        let now_us = now_us();
        let known = nodes::of_others(&self.store, &self.replica, id).await?.into_iter();
        Ok(known
            .map(|Known { node, seen_us }| match is_alive(seen_us, now_us) {
                true => node,
                false => Node { connections: 0, ..node },
            })
            .collect())
    }

    /// Learns what a node that turns to this replica has taken and refused before: it is not sent again what it refused.
    pub async fn learn(&self, id: &str) -> Result<(), sqlx::Error> {
        for node in self.others(Some(id)).await? {
            self.change(id, |known| known.learn(&node));
        }
        Ok(())
    }

    /// A stream of this node has begun.
    pub fn connected(&self, identity: &Identity) {
        self.change(&identity.id, |node| {
            node.identity = identity.clone();
            node.connections += 1;
        });
    }

    /// A stream of this node has ended.
    pub fn disconnected(&self, id: &str) {
        self.change(id, |node| node.connections = node.connections.saturating_sub(1));
    }

    /// Changes what is known of a node.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Node)) {
        let mut nodes = self.lock();
        if nodes.by_id.len() >= MOST_NODES && !nodes.by_id.contains_key(id) {
            return;
        }
        let node = nodes.by_id.entry(id.to_owned()).or_insert_with(|| Node::new(id));
        change(node);
        node.last_us = now_us();
        nodes.changed.insert(id.to_owned());
    }

    /// Takes note of which policy the records of each node show to be in force.
    pub fn saw(&self, shown: BTreeMap<String, Seen>) {
        for (id, seen) in shown {
            self.change(&id, |node| {
                if node.seen.as_ref().is_none_or(|known| known.time_us <= seen.time_us) {
                    node.seen = Some(seen);
                }
            });
        }
    }

    /// Takes note of a refusal, in the store first: a service that forgot it would send the same again.
    pub async fn refused(&self, id: &str, refusal: Refusal) {
        let _alone = self.saving.lock().await;
        let mut node = self.own(id).unwrap_or_else(|| Node::new(id));
        node.refuse(refusal.clone());
        if let Err(reason) = replica::save(self, &[node]).await {
            tracing::error!(%reason, "cannot write what a node refused");
        }
        self.change(id, |node| node.refuse(refusal));
    }

    /// The nodes that have changed since this was last asked.
    fn take_changed(&self) -> Vec<Node> {
        let mut nodes = self.lock();
        let changed = std::mem::take(&mut nodes.changed);
        changed.iter().filter_map(|id| nodes.by_id.get(id).cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Nodes> {
        // What is behind it is changed in single steps, so it is whole also after a panic.
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
