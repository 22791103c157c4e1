//! What each replica of the service knows of the nodes, and which replicas there are.

use super::query::{Query, Row, to_json};
use super::{Source, Store, Transaction};
use crate::service::fleet::Node;

/// What a replica knows of a node.
#[derive(Debug)]
pub struct Known {
    /// The node.
    pub node: Node,
    /// When the replica was last alive, in microseconds since the Unix epoch.
    pub seen_us: u64,
}

/// What this replica has written of all nodes.
pub async fn of(source: impl Source, replica: &str) -> Result<Vec<Node>, sqlx::Error> {
    Query::new("select node from nodes where replica = $1").bind(replica).read(source, |row| row.json("node")).await
}

/// What the others have written: of one node, or of all.
pub async fn of_others(store: &Store, replica: &str, id: Option<&str>) -> Result<Vec<Known>, sqlx::Error> {
    let query = "select node, coalesce(seen_us, 0) as seen_us from nodes left join replicas on replicas.id = replica \
                 where replica <> $1";
    let query = Query::new(query).bind(replica);
    let query = match id {
        Some(id) => query.push_bind(" and nodes.id = ", id),
        None => query,
    };
    query.read(store, |row: &Row| Ok(Known { node: row.json("node")?, seen_us: row.number("seen_us")? })).await
}

/// Keeps these as this replica knows them now.
pub async fn save(transaction: &mut Transaction, replica: &str, nodes: &[Node]) -> Result<(), sqlx::Error> {
    for node in nodes {
        let query = "insert into nodes (id, replica, node) values ($1, $2, $3) \
                     on conflict (id, replica) do update set node = $3";
        Query::new(query).bind(&node.identity.id).bind(replica).bind(to_json(node)?).execute(transaction).await?;
    }
    Ok(())
}

/// Takes note that a replica is alive.
pub async fn is_alive(transaction: &mut Transaction, replica: &str, now_us: u64) -> Result<(), sqlx::Error> {
    let query = "insert into replicas (id, seen_us) values ($1, $2) on conflict (id) do update set seen_us = $2";
    Query::new(query).bind(replica).bind(now_us).execute(transaction).await.map(drop)
}

/// The replicas that were not alive since this moment, and are forgotten with this.
pub async fn take_dead(transaction: &mut Transaction, since_us: u64) -> Result<Vec<String>, sqlx::Error> {
    let query = Query::new("delete from replicas where seen_us < $1 returning id").bind(since_us);
    query.read(transaction, |row| row.owned("id")).await
}

/// Forgets what a replica has written.
pub async fn forget(transaction: &mut Transaction, replica: &str) -> Result<(), sqlx::Error> {
    Query::new("delete from nodes where replica = $1").bind(replica).execute(transaction).await.map(drop)
}
