//! Signatures over the chain.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, Store, number, unsigned};
use crate::chain::{Checkpoint, Hash};

/// Keeps a checkpoint.
pub async fn insert(connection: &mut Connection, checkpoint: &Checkpoint) -> Result<(), sqlx::Error> {
    let Checkpoint { seq, hash, time_us, signature } = checkpoint;
    let query =
        "insert into checkpoints (seq, hash, time_us, signature) values ($1, $2, $3, $4) on conflict do nothing";
    let query = sqlx::query(query).bind(number(*seq)).bind(hash.0.as_slice()).bind(number(*time_us)).bind(signature);
    query.execute(connection).await.map(drop)
}

/// The last entry that is signed; 0 if none is.
pub async fn last(store: &Store) -> Result<u64, sqlx::Error> {
    let row: (Option<i64>,) = sqlx::query_as("select max(seq) from checkpoints").fetch_one(store.pool()).await?;
    Ok(row.0.map_or(0, unsigned))
}

/// The checkpoints of these entries, in their order.
pub async fn between(store: &Store, first: u64, last: u64) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let query = "select seq, hash, time_us, signature from checkpoints where seq between $1 and $2 order by seq";
    let rows = sqlx::query(query).bind(number(first)).bind(number(last)).fetch_all(store.pool()).await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<Checkpoint, sqlx::Error> {
    let hash = Hash::from_slice(row.try_get("hash")?).map_err(|reason| sqlx::Error::Decode(reason.into()))?;
    let (seq, time_us) = (unsigned(row.try_get("seq")?), unsigned(row.try_get("time_us")?));
    Ok(Checkpoint { seq, hash, time_us, signature: row.try_get("signature")? })
}
