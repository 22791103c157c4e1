//! How requests went.

use super::Store;
use super::query::{Query, Row};

/// What became of the requests under one version of a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there were.
    pub requests: u64,
    /// How many ended with a status of 500 and above, or without a decision.
    pub failed: u64,
    /// How many the policy denied.
    pub denied: u64,
}

/// Of the requests since this moment under the policy with this digest.
pub async fn since(store: &Store, digest: &str, since_us: u64) -> Result<Tally, sqlx::Error> {
    let query = "select count(*) as requests, \
                 count(case when status >= 500 or action in ('refuse', 'none') then 1 end) as failed, \
                 count(case when action = 'deny' then 1 end) as denied \
                 from entries where time_us >= $1 and digest = $2";
    let read = |row: &Row| {
        Ok(Tally { requests: row.number("requests")?, failed: row.number("failed")?, denied: row.number("denied")? })
    };
    Ok(Query::new(query).bind(since_us).bind(digest).read_first(store, read).await?.unwrap_or_default())
}
