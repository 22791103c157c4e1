//! This replica of the service among the others: what it sees is written to the store, and what one saw that is no more is
//! taken over.

use std::time::Duration;

use super::{Fleet, Node};
use crate::service::store::nodes;
use crate::service::time::now_us;
use crate::service::{Service, ended};

/// How long a change waits to be written together with others.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// How often replicas say that they are alive.
const ALIVE_EVERY: Duration = Duration::from_secs(5);
/// A replica that has not been heard of for this long is no more, in microseconds.
const DEAD_US: u64 = 30_000_000;

/// Whether a replica that was last heard of at this moment is alive.
pub fn is_alive(seen_us: u64, now_us: u64) -> bool {
    now_us.saturating_sub(seen_us) < DEAD_US
}

/// Takes a place among the replicas.
pub async fn begin(fleet: &Fleet) -> Result<(), sqlx::Error> {
    if fleet.store.is_shared() { live(fleet).await } else { Ok(()) }
}

/// Keeps what these nodes are as they are now.
pub async fn save(fleet: &Fleet, nodes: &[Node]) -> Result<(), sqlx::Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    let mut transaction = fleet.store.begin().await?;
    nodes::save(&mut transaction, &fleet.replica, nodes).await?;
    transaction.commit().await
}

/// Writes what changes to the store, until the service ends.
pub async fn keep(service: Service) {
    let mut every = tokio::time::interval(WRITE_EVERY);
    let mut alive = tokio::time::interval(ALIVE_EVERY);
    loop {
        let last = tokio::select! {
            _ = every.tick() => false,
            _ = alive.tick(), if service.store.is_shared() => {
                if let Err(reason) = live(&service.fleet).await {
                    tracing::error!(%reason, "cannot tell the other replicas that this one is alive");
                }
                continue;
            }
            () = ended(service.ending.clone()) => true,
        };
        let alone = service.fleet.saving.lock().await;
        let changed = service.fleet.take_changed();
        if let Err(reason) = save(&service.fleet, &changed).await {
            tracing::error!(%reason, "cannot write what is known of the nodes");
            changed.iter().for_each(|node| service.fleet.change(&node.identity.id, |_| {}));
        }
        drop(alone);
        if last {
            return leave(&service.fleet).await;
        }
    }
}

/// Says that this replica is no more: what it saw is for the others.
async fn leave(fleet: &Fleet) {
    let left = async {
        let mut transaction = fleet.store.begin().await?;
        nodes::is_alive(&mut transaction, &fleet.replica, 0).await?;
        transaction.commit().await
    };
    // Where it cannot be said, the others find out.
    if fleet.store.is_shared() && left.await.is_err() {
        tracing::warn!("cannot tell the other replicas that this one ends");
    }
}

/// Says that this replica is alive, and takes over what those have seen that are not.
async fn live(fleet: &Fleet) -> Result<(), sqlx::Error> {
    let now_us = now_us();
    let _alone = fleet.saving.lock().await;
    let mut transaction = fleet.store.begin().await?;
    nodes::is_alive(&mut transaction, &fleet.replica, now_us).await?;
    let mut inherited = Vec::new();
    for dead in nodes::take_dead(&mut transaction, now_us.saturating_sub(DEAD_US)).await? {
        tracing::info!(replica = dead, "a replica is no more: what it saw is taken over");
        inherited.extend(nodes::of(&mut transaction, &dead).await?);
        nodes::forget(&mut transaction, &dead).await?;
    }
    let mut kept = Vec::with_capacity(inherited.len());
    for node in &mut inherited {
        node.connections = 0;
        let mut own = fleet.own(&node.identity.id).unwrap_or_else(|| Node::new(&node.identity.id));
        own.add(node);
        kept.push(own);
    }
    nodes::save(&mut transaction, &fleet.replica, &kept).await?;
    transaction.commit().await?;
    inherited.iter().for_each(|node| fleet.change(&node.identity.id, |own| own.add(node)));
    Ok(())
}
