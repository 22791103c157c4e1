//! Signatures over the chain.

use super::query::{Query, Row};
use super::{Source, Store, Transaction};
use crate::chain::Checkpoint;

/// Keeps a checkpoint.
pub async fn insert(transaction: &mut Transaction, checkpoint: &Checkpoint) -> Result<(), sqlx::Error> {
    let Checkpoint { seq, hash, time_us, signature } = checkpoint;
    let query =
        "insert into checkpoints (seq, hash, time_us, signature) values ($1, $2, $3, $4) on conflict do nothing";
    let query = Query::new(query).bind(*seq).bind(*hash).bind(*time_us).bind(signature);
    query.execute(transaction).await.map(drop)
}

/// The last one.
pub async fn last(source: impl Source) -> Result<Option<Checkpoint>, sqlx::Error> {
    Query::new("select * from checkpoints order by seq desc limit 1").read_first(source, read).await
}

/// The checkpoints of these entries, in their order.
pub async fn between(store: &Store, first: u64, last: u64) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let query = "select * from checkpoints where seq between $1 and $2 order by seq";
    Query::new(query).bind(first).bind(last).read(store, read).await
}

fn read(row: &Row) -> Result<Checkpoint, sqlx::Error> {
    Ok(Checkpoint {
        seq: row.number("seq")?,
        hash: row.hash("hash")?,
        time_us: row.number("time_us")?,
        signature: row.owned("signature")?,
    })
}
