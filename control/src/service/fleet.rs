//! The Envoys: what each was sent, what it took, what it refused and why, and what its records show to be in force.
//!
//! All of it stands in memory and is written to the store a moment later, so that a restart of the service forgets at most
//! that moment.

mod node;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use node::{Acked, Identity, Node, Refusal, Seen};

use super::store::{Chained, Store, nodes};
use super::time::now_us;
use super::{Service, ended};

/// All nodes that were ever connected, by id.
#[derive(Default)]
pub struct Fleet(Mutex<Nodes>);

#[derive(Default)]
struct Nodes {
    by_id: BTreeMap<String, Node>,
    /// The nodes of which the store does not know the newest.
    changed: BTreeSet<String>,
}

/// How long a change waits to be written together with others.
const WRITE_EVERY: Duration = Duration::from_millis(500);

/// How many nodes are kept; of more than that, those that connect are not known by name. Ids come from the nodes.
const MOST_NODES: usize = 100_000;

// === impl Fleet ===

impl Fleet {
    /// What the store knows.
    pub async fn load(store: &Store) -> anyhow::Result<Self> {
        let known = nodes::all(store).await?.into_iter();
        let by_id = known.map(|node| (node.identity.id.clone(), Node { connections: 0, ..node })).collect();
        Ok(Self(Mutex::new(Nodes { by_id, changed: BTreeSet::new() })))
    }

    /// All nodes, by id.
    pub fn all(&self) -> Vec<Node> {
        self.lock().by_id.values().cloned().collect()
    }

    /// The node with this id.
    pub fn find(&self, id: &str) -> Option<Node> {
        self.lock().by_id.get(id).cloned()
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

    /// Takes note of which policy records show to be in force.
    pub fn saw(&self, entries: &[Chained]) {
        let mut newest: BTreeMap<&str, (&Chained, u64)> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.index.is_some() && !entry.node.is_empty()) {
            let time_us = entry.index.as_ref().map_or(0, |index| index.time_us);
            let known = newest.entry(&entry.node).or_insert((entry, time_us));
            if time_us >= known.1 {
                *known = (entry, time_us);
            }
        }
        for (id, (entry, time_us)) in newest {
            let Some(index) = &entry.index else { continue };
            let seen = Seen { policy: index.policy.clone(), digest: index.digest.clone(), time_us };
            self.change(id, |node| {
                if node.seen.as_ref().is_none_or(|known| known.time_us <= time_us) {
                    node.seen = Some(seen);
                }
            });
        }
    }

    /// The nodes that have changed since this was last asked.
    fn take_changed(&self) -> Vec<Node> {
        let mut nodes = self.lock();
        let changed = std::mem::take(&mut nodes.changed);
        changed.iter().filter_map(|id| nodes.by_id.get(id).cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Nodes> {
        // What is behind it is changed in single steps, so it is whole also after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what changes to the store, until the service ends.
pub async fn keep(service: Service) {
    let mut every = tokio::time::interval(WRITE_EVERY);
    loop {
        let last = tokio::select! {
            _ = every.tick() => false,
            () = ended(service.ending.clone()) => true,
        };
        let changed = service.fleet.take_changed();
        if let Err(reason) = nodes::save(&service.store, &changed).await {
            tracing::error!(%reason, "cannot write what is known of the nodes");
            changed.iter().for_each(|node| service.fleet.change(&node.identity.id, |_| {}));
        }
        if last {
            return;
        }
    }
}
