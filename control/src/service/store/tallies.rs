//! How requests went.

use super::{Store, number, unsigned};

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
    let query = "select count(*), \
                 count(case when status >= 500 or action in ('refuse', 'none') then 1 end), \
                 count(case when action = 'deny' then 1 end) \
                 from entries where time_us >= $1 and digest = $2";
    let query = sqlx::query_as(query).bind(number(since_us)).bind(digest);
    let (requests, failed, denied): (i64, i64, i64) = query.fetch_one(store.pool()).await?;
    Ok(Tally { requests: unsigned(requests), failed: unsigned(failed), denied: unsigned(denied) })
}
