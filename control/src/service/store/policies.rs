//! Policies and their versions.

use std::sync::Arc;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, Store, number, unsigned};
use crate::service::board::{Assignment, Plan, Release, Selector};
use crate::service::journal::NotWritten;
use crate::service::life::{Policy, Rollout, State, Version};

/// All policies, by name.
pub async fn all(store: &Store) -> Result<Vec<Policy>, sqlx::Error> {
    let rows = sqlx::query("select * from policies order by name").fetch_all(store.pool()).await?;
    rows.iter().map(policy).collect()
}

/// The policy of this name.
pub async fn find(store: &Store, name: &str) -> Result<Option<Policy>, sqlx::Error> {
    let row = sqlx::query("select * from policies where name = $1").bind(name).fetch_optional(store.pool()).await?;
    row.as_ref().map(policy).transpose()
}

/// The versions of a policy, newest first, from the one below this number.
pub async fn versions(store: &Store, name: &str, below: u64, limit: u32) -> Result<Vec<Version>, sqlx::Error> {
    let query = "select * from versions where policy = $1 and number < $2 order by number desc limit $3";
    let rows = sqlx::query(query).bind(name).bind(number(below)).bind(limit).fetch_all(store.pool()).await?;
    rows.iter().map(version).collect()
}

/// One version.
pub async fn find_version(store: &Store, name: &str, number_: u64) -> Result<Option<Version>, sqlx::Error> {
    let query =
        sqlx::query("select * from versions where policy = $1 and number = $2").bind(name).bind(number(number_));
    query.fetch_optional(store.pool()).await?.as_ref().map(version).transpose()
}

/// A version with this digest, the newest if several say the same.
pub async fn find_digest(store: &Store, digest: &str) -> Result<Option<Version>, sqlx::Error> {
    let query = sqlx::query("select * from versions where digest = $1 order by number desc limit 1").bind(digest);
    query.fetch_optional(store.pool()).await?.as_ref().map(version).transpose()
}

/// The documents of the versions that were published, newest first.
pub async fn recorded(store: &Store, limit: u32) -> Result<Vec<String>, sqlx::Error> {
    let query = "select document from versions where published_by is not null order by created_us desc limit $1";
    sqlx::query_scalar(query).bind(limit).fetch_all(store.pool()).await
}

/// One version, as nodes get it.
pub async fn release(store: &Store, name: &str, number: u64) -> Result<Option<Release>, sqlx::Error> {
    let Some(version) = find_version(store, name, number).await? else { return Ok(None) };
    let document = serde_saphyr::from_str(&version.document).map_err(|reason| sqlx::Error::Decode(reason.into()))?;
    Ok(Some(Release { policy: version.policy, number, digest: version.digest, document: Arc::new(document) }))
}

/// What every node is to have.
pub async fn plan(store: &Store) -> Result<Plan, sqlx::Error> {
    let mut assignments = Vec::new();
    for policy in all(store).await? {
        let canary = match policy.rollout.as_ref().and_then(Rollout::canary) {
            Some((canary, to)) => {
                release(store, &policy.name, to).await?.map(|release| (canary.clone(), Arc::new(release)))
            }
            None => None,
        };
        let published = match policy.published {
            Some(number) => release(store, &policy.name, number).await?.map(Arc::new),
            None => None,
        };
        if published.is_some() || canary.is_some() {
            assignments.push(Assignment { selector: policy.selector, release: published, canary });
        }
    }
    Ok(Plan::new(assignments))
}

/// Keeps a policy, new or changed. A conflict if it is not at this revision any more; 0 is for one that is new.
pub async fn save(connection: &mut Connection, policy: &Policy, revision: u64) -> Result<(), NotWritten> {
    let query = match revision {
        0 => {
            "insert into policies (name, revision, latest, published, selector, rollout) values ($1, $2, $3, $4, $5, $6) \
              on conflict (name) do nothing"
        }
        _ => {
            "update policies set revision = $2, latest = $3, published = $4, selector = $5, rollout = $6 \
              where name = $1 and revision = $7"
        }
    };
    let query = sqlx::query(query).bind(&policy.name).bind(number(revision + 1)).bind(number(policy.latest));
    let query = query.bind(policy.published.map(number)).bind(to_json(&policy.selector)?);
    let query = query.bind(policy.rollout.as_ref().map(to_json).transpose()?);
    let query = if revision == 0 { query } else { query.bind(number(revision)) };
    let changed = query.execute(connection).await?.rows_affected();
    if changed == 1 { Ok(()) } else { Err(NotWritten::Conflict) }
}

/// Keeps a version that is new.
pub async fn add(connection: &mut Connection, version: &Version) -> Result<(), NotWritten> {
    let query = "insert into versions (policy, number, state, digest, document, author, message, source, created_us, \
                 published_by, tests) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let query = sqlx::query(query).bind(&version.policy).bind(number(version.number)).bind(version.state.name());
    let query = query.bind(&version.digest).bind(&version.document).bind(&version.author).bind(&version.message);
    let query = query.bind(&version.source).bind(number(version.created_us)).bind(&version.published_by);
    let query = query.bind(to_json(&version.tests)?);
    query.execute(connection).await?;
    Ok(())
}

/// Changes how far a version has come, and who published it. Nothing else of a version ever changes.
pub async fn advance(connection: &mut Connection, version: &Version) -> Result<(), NotWritten> {
    let query = "update versions set state = $3, published_by = $4 where policy = $1 and number = $2";
    let query = sqlx::query(query).bind(&version.policy).bind(number(version.number)).bind(version.state.name());
    query.bind(&version.published_by).execute(connection).await?;
    Ok(())
}

fn policy(row: &SqliteRow) -> Result<Policy, sqlx::Error> {
    let selector: &str = row.try_get("selector")?;
    let rollout: Option<&str> = row.try_get("rollout")?;
    Ok(Policy {
        name: row.try_get("name")?,
        revision: unsigned(row.try_get("revision")?),
        latest: unsigned(row.try_get("latest")?),
        published: row.try_get::<Option<i64>, _>("published")?.map(unsigned),
        selector: of_json::<Selector>(selector)?,
        rollout: rollout.map(of_json).transpose()?,
    })
}

fn version(row: &SqliteRow) -> Result<Version, sqlx::Error> {
    let state: &str = row.try_get("state")?;
    Ok(Version {
        policy: row.try_get("policy")?,
        number: unsigned(row.try_get("number")?),
        state: State::named(state).ok_or_else(|| sqlx::Error::Decode(format!("`{state}` is no state").into()))?,
        digest: row.try_get("digest")?,
        document: row.try_get("document")?,
        tests: of_json(row.try_get("tests")?)?,
        author: row.try_get("author")?,
        message: row.try_get("message")?,
        source: row.try_get("source")?,
        created_us: unsigned(row.try_get("created_us")?),
        published_by: row.try_get("published_by")?,
    })
}

fn to_json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|reason| sqlx::Error::Encode(reason.into()))
}

fn of_json<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|reason| sqlx::Error::Decode(reason.into()))
}
