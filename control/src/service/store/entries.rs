//! The entries of the chain.

use std::mem::take;

use serde_json::value::{RawValue, to_raw_value};

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

/// How many entries go into one statement at most, of 22 values each: SQLite takes 32,766 values, PostgreSQL 65,535.
const ROWS: usize = 1024;

/// The end of the chain.
pub async fn head(source: impl Source) -> Result<Head, sqlx::Error> {
    let query = Query::new("select seq, hash from entries order by seq desc limit 1");
    let read = |row: &Row| Ok(Head { seq: row.number("seq")?, hash: row.hash("hash")? });
    Ok(query.read_first(source, read).await?.unwrap_or_default())
}

/// Adds entries.
pub async fn insert(transaction: &mut Transaction, entries: Vec<Chained>) -> Result<(), sqlx::Error> {
    let mut entries = entries.into_iter();
    while entries.len() > 0 {
        let rows = rows_of(entries.len());
        let query = Query::new(
            "insert into entries (seq, kind, node, received_us, content, content_hash, hash, epoch, sequence, \
             decision_id, request_id, time_us, policy, digest, action, rule, level, provider, model, client, team, \
             status) values ",
        );
        query.rows(entries.by_ref().take(rows).map(values)).execute(transaction).await?;
    }
    Ok(())
}

/// How many of so many entries go into the next statement. There are few sizes, since each statement is prepared once and kept.
fn rows_of(entries: usize) -> usize {
    let halves = std::iter::successors(Some(ROWS), |rows| Some(rows / 2));
    halves.take_while(|rows| *rows > 1).find(|rows| *rows <= entries).unwrap_or(1)
}

fn values(entry: Chained) -> [Value<'static>; 22] {
    let Chained { seq, kind, node, received_us, content, content_hash, hash, mut index } = entry;
    let number = |number: fn(&Index) -> Option<u64>| Value::from(index.as_deref().and_then(number));
    let (sequence, time_us) = (number(|index| Some(index.sequence)), number(|index| Some(index.time_us)));
    let status = number(|index| index.status.map(u64::from));
    let action = Value::from(index.as_deref().map(|index| index.action));
    let mut text = |text: fn(&mut Index) -> Option<String>| Value::from(index.as_deref_mut().and_then(text));
    [
        seq.into(),
        kind.name().into(),
        node.into(),
        received_us.into(),
        content.into(),
        content_hash.into(),
        hash.into(),
        text(|index| Some(take(&mut index.epoch))),
        sequence,
        text(|index| Some(take(&mut index.decision_id))),
        text(|index| index.request_id.take()),
        time_us,
        text(|index| Some(take(&mut index.policy))),
        text(|index| Some(take(&mut index.digest))),
        action,
        text(|index| index.rule.take()),
        text(|index| index.level.take()),
        text(|index| index.provider.take()),
        text(|index| index.model.take()),
        text(|index| index.client.take()),
        text(|index| index.team.take()),
        status,
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
        content: raw(row.some_text("content")?)?,
        content_hash: row.hash("content_hash")?,
        hash: row.hash("hash")?,
    })
}

/// Content as it is kept. What is no JSON, since somebody changed it in the database, becomes a text of that: it is exported, too, and
/// found.
fn raw(content: Option<&str>) -> Result<Box<RawValue>, sqlx::Error> {
    let Some(content) = content else { return Ok(RawValue::NULL.to_owned()) };
    let kept = RawValue::from_string(content.to_owned()).or_else(|_| to_raw_value(content));
    kept.map_err(|reason| sqlx::Error::Decode(reason.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_few_sizes() {
        let mut sizes = std::collections::BTreeSet::new();
        for entries in 1..=5_120 {
            let mut rest = entries;
            while rest > 0 {
                let rows = rows_of(rest);
                assert!((1..=rest).contains(&rows));
                sizes.insert(rows);
                rest -= rows;
            }
        }
        assert_eq!(sizes.len(), 11);
    }
}
