//! Policies and their versions.

use std::sync::Arc;

use super::query::{Query, Row, to_json};
use super::{Store, Transaction};
use crate::service::board::{Assignment, Plan, Release, Selector};
use crate::service::journal::NotWritten;
use crate::service::life::{Policy, Rollout, State, Version};

/// All policies, by name.
pub async fn all(store: &Store) -> Result<Vec<Policy>, sqlx::Error> {
    // As bytes are ordered, in either database.
    let mut policies = Query::new("select * from policies").read(store, policy).await?;
    policies.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(policies)
}

/// The policy of this name.
pub async fn find(store: &Store, name: &str) -> Result<Option<Policy>, sqlx::Error> {
    Query::new("select * from policies where name = $1").bind(name).read_first(store, policy).await
}

/// The versions of a policy, newest first, from the one below this number.
pub async fn versions(store: &Store, name: &str, below: u64, limit: u32) -> Result<Vec<Version>, sqlx::Error> {
    let query = "select * from versions where policy = $1 and number < $2 order by number desc limit $3";
    Query::new(query).bind(name).bind(below).bind(u64::from(limit)).read(store, version).await
}

/// One version.
pub async fn find_version(store: &Store, name: &str, number: u64) -> Result<Option<Version>, sqlx::Error> {
    let query = Query::new("select * from versions where policy = $1 and number = $2").bind(name).bind(number);
    query.read_first(store, version).await
}

/// A version with this digest, the newest if several say the same.
pub async fn find_digest(store: &Store, digest: &str) -> Result<Option<Version>, sqlx::Error> {
    let query = Query::new("select * from versions where digest = $1 order by number desc limit 1").bind(digest);
    query.read_first(store, version).await
}

/// The number of the version with this digest, likewise.
pub async fn number_of(store: &Store, digest: &str) -> Result<Option<u64>, sqlx::Error> {
    let query = Query::new("select number from versions where digest = $1 order by number desc limit 1").bind(digest);
    query.read_first(store, |row| row.number("number")).await
}

/// The documents of the versions that were published, newest first.
pub async fn recorded(store: &Store, limit: u32) -> Result<Vec<String>, sqlx::Error> {
    let query = "select document from versions where published_by is not null order by created_us desc limit $1";
    Query::new(query).bind(u64::from(limit)).read(store, |row| row.owned("document")).await
}

/// One version, as nodes get it.
pub async fn release(store: &Store, name: &str, number: u64) -> Result<Option<Release>, sqlx::Error> {
    let Some(version) = find_version(store, name, number).await? else { return Ok(None) };
    let document = serde_saphyr::from_str(&version.document).map_err(|reason| sqlx::Error::Decode(reason.into()))?;
    let Version { policy, digest, .. } = version;
    Ok(Some(Release { policy, number, digest, document: Arc::new(document), shadow: None }))
}

/// What every node is to have. Versions that are in `known` are not read again: they never change.
pub async fn plan(store: &Store, known: &Plan) -> Result<Plan, sqlx::Error> {
    let (mut assignments, mut serial) = (Vec::new(), 0);
    let known = known.releases();
    for policy in all(store).await? {
        // Every change to a policy raises its revision, and a new version, which no node gets by itself, `latest`, too. No policy
        // is ever taken away.
        serial += policy.revision.saturating_sub(policy.latest);
        let shared = async |number: Option<u64>| match number {
            Some(number) => match known.get(&(policy.name.as_str(), number)) {
                Some(known) => Ok(Some(Arc::clone(known))),
                None => Ok(release(store, &policy.name, number).await?.map(Arc::new)),
            },
            None => Ok::<_, sqlx::Error>(None),
        };
        let (group, to) = policy.rollout.as_ref().and_then(Rollout::canary).unzip();
        let canary = group.cloned().zip(shared(to).await?);
        let release = shared(policy.published).await?;
        let beside = policy.shadow.as_ref();
        let shadow = beside.map(|shadow| shadow.nodes.clone()).zip(shared(beside.map(|shadow| shadow.version)).await?);
        if release.is_some() || canary.is_some() {
            assignments.push(Assignment { selector: policy.selector, release, canary, shadow });
        }
    }
    Ok(Plan::new(serial, assignments))
}

/// Keeps a policy, new or changed. A conflict if it is not at this revision any more; 0 is for one that is new.
pub async fn save(transaction: &mut Transaction, policy: &Policy, revision: u64) -> Result<(), NotWritten> {
    let query = match revision {
        0 => {
            "insert into policies (name, revision, latest, published, selector, rollout, shadow) \
              values ($1, $2, $3, $4, $5, $6, $7) on conflict (name) do nothing"
        }
        _ => {
            "update policies set revision = $2, latest = $3, published = $4, selector = $5, rollout = $6, shadow = $7 \
              where name = $1 and revision = $8"
        }
    };
    let query = Query::new(query).bind(&policy.name).bind(revision + 1).bind(policy.latest).bind(policy.published);
    let rollout = policy.rollout.as_ref().map(to_json).transpose()?;
    let shadow = policy.shadow.as_ref().map(to_json).transpose()?;
    let query = query.bind(to_json(&policy.selector)?).bind(&rollout).bind(&shadow);
    let query = if revision == 0 { query } else { query.bind(revision) };
    if query.execute(transaction).await? != 1 {
        return Err(NotWritten::Conflict);
    }
    Ok(transaction.tell_of_plan().await?)
}

/// Keeps a version that is new.
pub async fn add(transaction: &mut Transaction, version: &Version) -> Result<(), NotWritten> {
    let query = "insert into versions (policy, number, state, digest, document, author, message, source, created_us, \
                 published_by, tests) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let query = Query::new(query).bind(&version.policy).bind(version.number).bind(version.state.name());
    let query = query.bind(&version.digest).bind(&version.document).bind(&version.author).bind(&version.message);
    let query = query.bind(&version.source).bind(version.created_us).bind(&version.published_by);
    query.bind(to_json(&version.tests)?).execute(transaction).await?;
    Ok(())
}

/// Changes how far a version has come, and who published it. Nothing else of a version ever changes.
pub async fn advance(transaction: &mut Transaction, version: &Version) -> Result<(), NotWritten> {
    let query = "update versions set state = $3, published_by = $4 where policy = $1 and number = $2";
    let query = Query::new(query).bind(&version.policy).bind(version.number).bind(version.state.name());
    query.bind(&version.published_by).execute(transaction).await?;
    Ok(())
}

fn policy(row: &Row) -> Result<Policy, sqlx::Error> {
    Ok(Policy {
        name: row.owned("name")?,
        revision: row.number("revision")?,
        latest: row.number("latest")?,
        published: row.some_number("published")?,
        selector: row.json::<Selector>("selector")?,
        rollout: row.some_json("rollout")?,
        shadow: row.some_json("shadow")?,
    })
}

fn version(row: &Row) -> Result<Version, sqlx::Error> {
    Ok(Version {
        policy: row.owned("policy")?,
        number: row.number("number")?,
        state: row.word("state", State::named)?,
        digest: row.owned("digest")?,
        document: row.owned("document")?,
        tests: row.json("tests")?,
        author: row.owned("author")?,
        message: row.owned("message")?,
        source: row.some_text("source")?.map(str::to_owned),
        created_us: row.number("created_us")?,
        published_by: row.some_text("published_by")?.map(str::to_owned),
    })
}
