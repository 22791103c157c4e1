//! Taking content out of entries.

use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite};

use super::{Connection, Store, number, unsigned};
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
const AT_ONCE: i64 = 2_000;

/// The places of entries with content that is too old, in their order.
pub async fn older(store: &Store, old: &Old) -> Result<Vec<u64>, sqlx::Error> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "select seq from entries where content is not null and kind in ('record', 'look') and received_us < ",
    );
    query.push_bind(number(old.before_us));
    if let Some(level) = &old.level {
        query.push(" and level = ").push_bind(level);
    }
    for level in &old.except {
        query.push(" and level is not ").push_bind(level);
    }
    query.push(" order by seq limit ").push_bind(AT_ONCE);
    let rows: Vec<(i64,)> = query.build_query_as().fetch_all(store.pool()).await?;
    Ok(rows.into_iter().map(|(seq,)| unsigned(seq)).collect())
}

/// Takes the content of these runs of entries out, and what they could be found by. The number of a record stays: it must
/// not be taken for missing.
pub async fn take_out(connection: &mut Connection, runs: &[(u64, u64)]) -> Result<(), NotWritten> {
    for (first, last) in runs {
        let query = "update entries set content = null, decision_id = null, request_id = null, time_us = null, \
                     policy = null, digest = null, action = null, rule = null, level = null, provider = null, \
                     model = null, client = null, team = null, status = null where seq between $1 and $2";
        sqlx::query(query).bind(number(*first)).bind(number(*last)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Entries that name this client, with their content: its records, and the looks for them.
pub async fn naming(store: &Store, client: &str) -> Result<Vec<(u64, Value)>, sqlx::Error> {
    let query = "select seq, content from entries where content is not null and (client = $1 or \
                 kind = 'look' and json_extract(content, '$.at.records.client') = $1) order by seq limit $2";
    let rows: Vec<(i64, String)> = sqlx::query_as(query).bind(client).bind(AT_ONCE).fetch_all(store.pool()).await?;
    let read = |(seq, content): (i64, String)| {
        let content = serde_json::from_str(&content).map_err(|reason| sqlx::Error::Decode(reason.into()))?;
        Ok((unsigned(seq), content))
    };
    rows.into_iter().map(read).collect()
}

/// Gives entries other content, and no client.
pub async fn replace(connection: &mut Connection, entries: &[(u64, String)]) -> Result<(), NotWritten> {
    for (seq, content) in entries {
        let query = sqlx::query("update entries set content = $2, client = null where seq = $1");
        query.bind(number(*seq)).bind(content).execute(&mut *connection).await?;
    }
    Ok(())
}
