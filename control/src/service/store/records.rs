//! Finding audit records.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Store;
use super::query::{Query, Row};
use crate::service::journal::names;
use crate::service::time::{now_us, span_us};

/// Which records. What is absent is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Of this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Under the policy of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Under the policy with this digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// With this action: `route`, `deny`, `refuse`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Decided by this rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// At this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Sent to this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Sent to this model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// From this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// From this team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Not older than this: a span such as `15m`, `2h`, `7d`, or microseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Older than this, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Where the page begins: `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<u64>,
    /// How many: 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// A record in its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Found {
    /// Its place in the chain.
    pub seq: u64,
    /// The node that it comes from.
    pub node: String,
    /// When it came, in microseconds since the Unix epoch.
    pub received_us: u64,
    /// The record; `null` once it has been taken out.
    #[schema(value_type = Object)]
    pub record: Value,
}

/// What can happen to a request.
const ACTIONS: [&str; 5] = ["none", "route", "answer", "deny", "refuse"];

const COLUMNS: &str = "select seq, node, received_us, content from entries where kind = 'record'";

/// A page of records, and where the next one begins.
pub async fn list(store: &Store, filter: &Filter) -> Result<(Vec<Found>, Option<u64>), sqlx::Error> {
    let found = page(COLUMNS, filter).read(store, read).await?;
    let next = next(filter, found.len(), found.last().map(|last| last.seq));
    Ok((found, next))
}

/// The same page as the records were written, each with its node. Those that were taken out are not among them.
pub async fn texts(store: &Store, filter: &Filter) -> Result<(Vec<(String, String)>, Option<u64>), sqlx::Error> {
    let query = page("select seq, node, content from entries where kind = 'record'", filter);
    let read = |row: &Row| Ok((row.number("seq")?, row.owned("node")?, row.some_text("content")?.map(str::to_owned)));
    let rows = query.read(store, read).await?;
    let next = next(filter, rows.len(), rows.last().map(|(seq, _, _)| *seq));
    Ok((rows.into_iter().filter_map(|(_, node, text)| Some((node, text?))).collect(), next))
}

/// The same page as one text, a record a line: a million of them are read in a third of the time that as many rows take.
pub async fn lines(store: &Store, filter: &Filter) -> Result<(String, Option<u64>), sqlx::Error> {
    let query = page(
        "select min(seq) as last, count(*) as found, string_agg(content, '\n') as lines from \
         (select seq, content from entries where kind = 'record'",
        filter,
    );
    let read = |row: &Row| {
        let found = usize::try_from(row.number("found")?).unwrap_or(usize::MAX);
        let lines = row.some_text("lines")?.unwrap_or_default().to_owned();
        Ok((lines, next(filter, found, row.some_number("last")?)))
    };
    Ok(query.push(") as page").read_first(store, read).await?.unwrap_or_default())
}

/// Where the page after this one begins, if there is one.
fn next(filter: &Filter, found: usize, last: Option<u64>) -> Option<u64> {
    let full = u32::try_from(found).is_ok_and(|found| found == limit(filter));
    last.filter(|seq| full && *seq > 1)
}

fn limit(filter: &Filter) -> u32 {
    filter.limit.unwrap_or(100).clamp(1, 1000)
}

/// The query for a page, newest first.
fn page<'q>(columns: &'static str, filter: &'q Filter) -> Query<'q> {
    let mut query = Query::new(columns);
    for (column, wanted) in [
        (" and node = ", &filter.node),
        (" and policy = ", &filter.policy),
        (" and digest = ", &filter.digest),
        (" and action = ", &filter.action),
        (" and rule = ", &filter.rule),
        (" and level = ", &filter.level),
        (" and client = ", &filter.client),
        (" and team = ", &filter.team),
    ] {
        if let Some(wanted) = wanted {
            query = query.push_bind(column, wanted);
        }
    }
    // One of several names: how to look for a part of a text is what both databases agree on least.
    for (part, whole, wanted) in [
        (" and replace(provider, ", ", '') <> provider", &filter.provider),
        (" and replace(model, ", ", '') <> model", &filter.model),
    ] {
        if let Some(wanted) = wanted {
            query = query.push_bind(part, names([wanted.as_str()])).push(whole);
        }
    }
    for (column, moment) in [(" and time_us >= ", &filter.since), (" and time_us < ", &filter.until)] {
        if let Some(us) = moment.as_deref().and_then(moment_us) {
            query = query.push_bind(column, us);
        }
    }
    if let Some(cursor) = filter.cursor {
        query = query.push_bind(" and seq < ", cursor);
    }
    query.push_bind(" order by seq desc limit ", u64::from(limit(filter)))
}

/// The newest record with this id of a request. SQLite has an index of them for each part of the chain.
const BY_REQUEST: &str = "with recursive parts (part) as \
    (select max(seq) >> 16 from entries union all select part - 1 from parts where part > 0) \
    select seq, node, received_us, content from parts cross join entries \
    where kind = 'record' and seq >> 16 = part and request_id = $1";

/// Of the few that were found. PostgreSQL must not think of looking at all records by their place until one fits.
const NEWEST: &str = " order by seq + 0 desc limit 1";

/// The record with this decision id, or the newest with this request id.
pub async fn find(store: &Store, id: &str) -> Result<Option<Found>, sqlx::Error> {
    let by_decision = Query::new(COLUMNS).push_bind(" and decision_id = ", id).push(NEWEST);
    match by_decision.read_first(store, read).await? {
        Some(found) => Ok(Some(found)),
        None => Query::new(BY_REQUEST).bind(id).push(NEWEST).read_first(store, read).await,
    }
}

// === impl Filter ===

impl Filter {
    /// Tells what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        for (name, moment) in [("since", &self.since), ("until", &self.until)] {
            if let Some(moment) = moment.as_deref().filter(|moment| moment_us(moment).is_none()) {
                return Err(format!(
                    "`{name}`: `{moment}` is neither a span such as `15m`, `2h` or `7d` nor microseconds since the Unix epoch"
                ));
            }
        }
        if let Some(action) = self.action.as_deref().filter(|action| !ACTIONS.contains(action)) {
            return Err(format!("`action`: `{action}` is none of {}", ACTIONS.join(", ")));
        }
        match self.limit {
            Some(limit) if !(1..=1000).contains(&limit) => Err(format!("`limit`: `{limit}` is not from 1 to 1000")),
            _ => Ok(()),
        }
    }
}

fn moment_us(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| span_us(text).map(|span| now_us().saturating_sub(span)))
}

fn read(row: &Row) -> Result<Found, sqlx::Error> {
    Ok(Found {
        seq: row.number("seq")?,
        node: row.owned("node")?,
        received_us: row.number("received_us")?,
        record: row.some_json("content")?.unwrap_or(Value::Null),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{Hash, Kind};
    use crate::service::journal::Index;
    use crate::service::store::{Chained, entries};

    fn entry(seq: u64, request: &str) -> Chained {
        let index = Index {
            epoch: format!("e{seq}"),
            sequence: 1,
            decision_id: format!("d{seq}"),
            request_id: Some(request.to_owned()),
            ..Index::default()
        };
        let (hash, content) = (Hash::default(), "{}".to_owned());
        let (node, index) = ("n".to_owned(), Some(Box::new(index)));
        Chained { seq, kind: Kind::Record, node, received_us: 1, content, content_hash: hash, hash, index }
    }

    #[tokio::test]
    async fn the_newest_record_of_a_request_is_found_in_whichever_part_of_the_chain_it_is() {
        let folder = std::env::temp_dir().join(format!("policymesh-records-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::open(None, &folder).await.unwrap();
        assert_eq!(find(&store, "a").await.unwrap(), None);
        let placed = [(1, "a"), (2, "b"), (65_535, "c"), (65_536, "d"), (70_000, "b"), (200_000, "e")];
        let mut transaction = store.begin().await.unwrap();
        let all = placed.iter().map(|(seq, request)| entry(*seq, request)).collect();
        entries::insert(&mut transaction, all).await.unwrap();
        transaction.commit().await.unwrap();
        for (id, seq) in [("a", 1), ("b", 70_000), ("c", 65_535), ("d", 65_536), ("e", 200_000), ("d2", 2)] {
            assert_eq!(find(&store, id).await.unwrap().map(|found| found.seq), Some(seq), "{id}");
        }
        assert_eq!(find(&store, "f").await.unwrap(), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
