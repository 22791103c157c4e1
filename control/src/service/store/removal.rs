//! Taking content out of entries.

use serde_json::Value;

use super::query::{Query, Row};
use super::{Store, Transaction};
use crate::service::journal::NotWritten;

/// What is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// What came before this moment, in microseconds since the Unix epoch.
    pub before_us: u64,
    /// Only records at this level; otherwise records and looks.
    pub level: Option<String>,
    /// Not records at these levels.
    pub except: Vec<String>,
}

/// How many entries one tombstone accounts for at most.
const AT_ONCE: u64 = 2_000;

/// The places of entries with content that is too old, in their order.
pub async fn older(store: &Store, old: &Old) -> Result<Vec<u64>, sqlx::Error> {
    let query = "select seq from entries where content is not null and kind in ('record', 'look')";
    let mut query = Query::new(query).push_bind(" and received_us < ", old.before_us);
    if let Some(level) = &old.level {
        query = query.push_bind(" and level = ", level);
    }
    for level in &old.except {
        query = query.push_bind(" and level is distinct from ", level);
    }
    query.push_bind(" order by seq limit ", AT_ONCE).read(store, |row| row.number("seq")).await
}

/// Takes the content of these runs of entries out, and what they could be found by. The number of a record stays: it must
/// not be taken for missing. A conflict if some have been taken out in the meantime.
pub async fn take_out(transaction: &mut Transaction, runs: &[(u64, u64)]) -> Result<(), NotWritten> {
    for (first, last) in runs {
        let query = "update entries set content = null, decision_id = null, request_id = null, time_us = null, \
                     policy = null, digest = null, action = null, rule = null, level = null, provider = null, \
                     model = null, client = null, team = null, status = null \
                     where seq between $1 and $2 and content is not null";
        let gone = Query::new(query).bind(*first).bind(*last).execute(transaction).await?;
        if gone != last - first + 1 {
            return Err(NotWritten::Conflict);
        }
    }
    Ok(())
}

/// Entries that name this client, with their content: its records, and the looks for them.
pub async fn naming(store: &Store, client: &str) -> Result<Vec<(u64, Value)>, sqlx::Error> {
    // As it stands in canonical JSON: in a text within, the quotes would be escaped.
    let named = format!("\"client\":{}", Value::from(client));
    let query = Query::new("select seq, content from entries where content is not null and (client = $1").bind(client);
    let query = query.push_bind(" or kind = 'look' and replace(content, ", named).push(", '') <> content)");
    let query = query.push_bind(" order by seq limit ", AT_ONCE);
    query.read(store, |row: &Row| Ok((row.number("seq")?, row.json("content")?))).await
}

/// Gives entries other content, and no client. A conflict if one has been taken out in the meantime.
pub async fn replace(transaction: &mut Transaction, entries: &[(u64, String)]) -> Result<(), NotWritten> {
    for (seq, content) in entries {
        let query = "update entries set content = $2, client = null where seq = $1 and content is not null";
        if Query::new(query).bind(*seq).bind(content).execute(transaction).await? != 1 {
            return Err(NotWritten::Conflict);
        }
    }
    Ok(())
}
