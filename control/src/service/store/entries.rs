//! The entries of the chain.

use super::query::{Query, Row, Value};
use super::{Source, Store, Transaction};
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

/// Rows of one statement: 22 values each, and SQLite takes 32,766 in all, PostgreSQL 65,535.
const ROWS: usize = 250;

/// The end of the chain.
pub async fn head(source: impl Source) -> Result<Head, sqlx::Error> {
    let query = Query::new("select seq, hash from entries order by seq desc limit 1");
    let read = |row: &Row| Ok(Head { seq: row.number("seq")?, hash: row.hash("hash")? });
    Ok(query.read_first(source, read).await?.unwrap_or_default())
}

/// Adds entries.
pub async fn insert(transaction: &mut Transaction, entries: &[Chained]) -> Result<(), sqlx::Error> {
    for chunk in entries.chunks(ROWS) {
        let query = Query::new(
            "insert into entries (seq, kind, node, received_us, content, content_hash, hash, epoch, sequence, \
             decision_id, request_id, time_us, policy, digest, action, rule, level, provider, model, client, team, \
             status) values ",
        );
        query.rows(chunk.iter().map(values)).execute(transaction).await?;
    }
    Ok(())
}

fn values(entry: &Chained) -> [Value<'_>; 22] {
    let index = entry.index.as_deref();
    let text = |text: fn(&Index) -> Option<&str>| Value::from(index.and_then(text));
    let number = |number: fn(&Index) -> Option<u64>| Value::from(index.and_then(number));
    [
        entry.seq.into(),
        entry.kind.name().into(),
        (&entry.node).into(),
        entry.received_us.into(),
        (&entry.content).into(),
        entry.content_hash.into(),
        entry.hash.into(),
        text(|index| Some(&index.epoch)),
        number(|index| Some(index.sequence)),
        text(|index| Some(&index.decision_id)),
        text(|index| index.request_id.as_deref()),
        number(|index| Some(index.time_us)),
        text(|index| Some(&index.policy)),
        text(|index| Some(&index.digest)),
        text(|index| Some(index.action)),
        text(|index| index.rule.as_deref()),
        text(|index| index.level.as_deref()),
        text(|index| index.provider.as_deref()),
        text(|index| index.model.as_deref()),
        text(|index| index.client.as_deref()),
        text(|index| index.team.as_deref()),
        number(|index| index.status.map(u64::from)),
    ]
}

/// Entries from this place on, at most so many, in their order.
pub async fn from(store: &Store, first: u64, last: u64, limit: u32) -> Result<Vec<Entry>, sqlx::Error> {
    let query = "select seq, kind, node, received_us, content, content_hash, hash from entries \
                 where seq between $1 and $2 order by seq limit $3";
    Query::new(query).bind(first).bind(last).bind(u64::from(limit)).read(store, read).await
}

/// The hash of the entry in this place.
pub async fn hash_at(store: &Store, seq: u64) -> Result<Option<Hash>, sqlx::Error> {
    let query = Query::new("select hash from entries where seq = $1").bind(seq);
    query.read_first(store, |row| row.hash("hash")).await
}

fn read(row: &Row) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        seq: row.number("seq")?,
        kind: row.word("kind", Kind::named)?,
        node: row.owned("node")?,
        received_us: row.number("received_us")?,
        content: row.some_json("content")?.unwrap_or_default(),
        content_hash: row.hash("content_hash")?,
        hash: row.hash("hash")?,
    })
}
