//! The entries of the chain.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::{Connection, Store, number, unsigned};
use crate::chain::{Entry, Hash, Kind};
use crate::service::journal::{Head, Index};

/// An entry in its place.
#[derive(Clone, Debug)]
pub struct Chained {
    /// Its place, from 1.
    pub seq: u64,
    /// What it is about.
    pub kind: Kind,
    /// The node that it comes from; empty if from this service.
    pub node: String,
    /// When it came, in microseconds since the Unix epoch.
    pub received_us: u64,
    /// What it says, as canonical JSON.
    pub content: String,
    /// The hash of that.
    pub content_hash: Hash,
    /// The hash of the entry, which covers the one before.
    pub hash: Hash,
    /// Of a record: what it can be found by.
    pub index: Option<Box<Index>>,
}

/// Rows of one statement: 22 values each, and SQLite takes 32,766 in all.
const ROWS: usize = 250;

/// The end of the chain.
pub async fn head(store: &Store) -> Result<Head, sqlx::Error> {
    let row =
        sqlx::query("select seq, hash from entries order by seq desc limit 1").fetch_optional(store.pool()).await?;
    let Some(row) = row else { return Ok(Head::default()) };
    Ok(Head { seq: unsigned(row.try_get("seq")?), hash: hash(&row, "hash")? })
}

/// Adds entries.
pub async fn insert(connection: &mut Connection, entries: &[Chained]) -> Result<(), sqlx::Error> {
    for rows in entries.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into entries (seq, kind, node, received_us, content, content_hash, hash, epoch, sequence, \
             decision_id, request_id, time_us, policy, digest, action, rule, level, provider, model, client, team, \
             status) ",
        );
        query.push_values(rows, |mut row, entry| {
            row.push_bind(number(entry.seq)).push_bind(entry.kind.name()).push_bind(&entry.node);
            row.push_bind(number(entry.received_us)).push_bind(&entry.content);
            row.push_bind(entry.content_hash.0.as_slice()).push_bind(entry.hash.0.as_slice());
            let index = entry.index.as_deref();
            row.push_bind(index.map(|index| index.epoch.as_str()));
            row.push_bind(index.map(|index| number(index.sequence)));
            row.push_bind(index.map(|index| index.decision_id.as_str()));
            row.push_bind(index.and_then(|index| index.request_id.as_deref()));
            row.push_bind(index.map(|index| number(index.time_us)));
            row.push_bind(index.map(|index| index.policy.as_str()));
            row.push_bind(index.map(|index| index.digest.as_str()));
            row.push_bind(index.map(|index| index.action));
            for text in [
                index.and_then(|index| index.rule.as_deref()),
                index.and_then(|index| index.level.as_deref()),
                index.and_then(|index| index.provider.as_deref()),
                index.and_then(|index| index.model.as_deref()),
                index.and_then(|index| index.client.as_deref()),
                index.and_then(|index| index.team.as_deref()),
            ] {
                row.push_bind(text);
            }
            row.push_bind(index.and_then(|index| index.status).map(i64::from));
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Entries from this place on, at most so many, in their order.
pub async fn from(store: &Store, first: u64, last: u64, limit: u32) -> Result<Vec<Entry>, sqlx::Error> {
    let query = "select seq, kind, node, received_us, content, content_hash, hash from entries \
                 where seq between $1 and $2 order by seq limit $3";
    let rows = sqlx::query(query).bind(number(first)).bind(number(last)).bind(limit).fetch_all(store.pool()).await?;
    rows.iter().map(read).collect()
}

/// The hash of the entry in this place.
pub async fn hash_at(store: &Store, seq: u64) -> Result<Option<Hash>, sqlx::Error> {
    let query = sqlx::query("select hash from entries where seq = $1").bind(number(seq));
    query.fetch_optional(store.pool()).await?.map(|row| hash(&row, "hash")).transpose()
}

fn read(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    let decode = |reason: String| sqlx::Error::Decode(reason.into());
    let (kind, content): (&str, Option<&str>) = (row.try_get("kind")?, row.try_get("content")?);
    let content = content.map(serde_json::from_str).transpose().map_err(|reason| decode(reason.to_string()))?;
    Ok(Entry {
        seq: unsigned(row.try_get("seq")?),
        kind: Kind::named(kind).ok_or_else(|| decode(format!("`{kind}` is no kind of entry")))?,
        node: row.try_get("node")?,
        received_us: unsigned(row.try_get("received_us")?),
        content: content.unwrap_or_default(),
        content_hash: hash(row, "content_hash")?,
        hash: hash(row, "hash")?,
    })
}

/// A hash that stands in this column.
fn hash(row: &SqliteRow, column: &str) -> Result<Hash, sqlx::Error> {
    Hash::from_slice(row.try_get(column)?).map_err(|reason| sqlx::Error::Decode(reason.into()))
}
