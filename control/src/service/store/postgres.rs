//! The database that replicas share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

use super::query::Query;
use super::{Store, Transaction, migrator};
use crate::service::time::rfc3339;

/// Every change to the schema, in order. What has been released is never edited, only added to.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "everything", include_str!("postgres/0001.sql")),
    (2, "shadows of policies", include_str!("postgres/0002.sql")),
];

/// How many connections each replica has at most.
const CONNECTIONS: u32 = 10;
/// How long it waits for one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lock that whoever adds to the chain holds: a number that nobody else is likely to use.
const CHAIN: i64 = 0x706f_6c69_6379;

/// The channel on which replicas tell each other that nodes are to have something else.
const PLAN: &str = "policymesh_plan";

/// How long a partition of the chain is, in microseconds: four weeks.
const PARTITION_US: u64 = 28 * 86_400 * 1_000_000;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Server {
    pub(super) pool: PgPool,
    /// Up to when there are partitions, in microseconds since the Unix epoch.
    partitioned_us: Arc<AtomicU64>,
}

// === impl Server ===

impl Server {
    /// Opens the database at this URL and brings its schema up to date.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(
            url.starts_with("postgres://") || url.starts_with("postgresql://"),
            "--database: write it as postgres://USER:PASSWORD@HOST/NAME"
        );
        // Never the URL itself: it can hold a password.
        let options: PgConnectOptions = url.parse().context("--database: this is no URL of PostgreSQL")?;
        let name = options.get_database().unwrap_or_default();
        let place = format!("{}:{}/{name}", options.get_host(), options.get_port());
        let options = options.application_name("policymesh");
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        // Compiling a statement takes longer than any of ours: pages of records, over all partitions, look costly to the planner.
        let pool = pool.after_connect(|connection, _| {
            Box::pin(async move { sqlx::query("set jit = off").execute(connection).await.map(drop) })
        });
        let pool = pool.connect_with(options).await;
        let pool = pool.with_context(|| format!("--database: cannot open the database at {place}"))?;
        let migrated = migrator(&MIGRATIONS).run(&pool).await;
        migrated.with_context(|| format!("--database: cannot bring the database at {place} up to date"))?;
        Ok(Self { pool, partitioned_us: Arc::default() })
    }

    /// Sees to it that there are partitions for what comes now, and for four weeks to come.
    pub async fn prepare(&self, now_us: u64) -> Result<(), sqlx::Error> {
        let first_us = now_us - now_us % PARTITION_US;
        if self.partitioned_us.load(Ordering::Relaxed) > first_us + PARTITION_US {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1)").bind(CHAIN).execute(&mut *transaction).await?;
        for first_us in [first_us, first_us + PARTITION_US] {
            // Of numbers alone, so nothing in it is anybody's.
            let (day, last_us) = (day(first_us), first_us + PARTITION_US);
            let sql = format!(
                "create table if not exists entries_{day} partition of entries for values from ({first_us}) to ({last_us})"
            );
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.partitioned_us.store(first_us + 2 * PARTITION_US, Ordering::Relaxed);
        Ok(())
    }
}

/// Makes the chain a transaction's own.
pub async fn lock_chain(transaction: &mut Transaction) -> Result<(), sqlx::Error> {
    Query::new("select pg_advisory_xact_lock($1)").bind(CHAIN.unsigned_abs()).execute(transaction).await.map(drop)
}

/// The day at this moment, as `20261126`.
fn day(us: u64) -> String {
    rfc3339(us).chars().take_while(|char| *char != 'T').filter(char::is_ascii_digit).collect()
}

/// Tells the other replicas, once the transaction is over, that nodes are to have something else.
pub async fn tell_of_plan(transaction: &mut Transaction) -> Result<(), sqlx::Error> {
    Query::new("select pg_notify($1, '')").bind(PLAN).execute(transaction).await.map(drop)
}

/// What other replicas change.
pub struct Changes {
    pool: Option<PgPool>,
    listener: Option<PgListener>,
}

/// How long it takes to listen again after the database was away.
const PAUSE: Duration = Duration::from_secs(1);

// === impl Changes ===

impl Changes {
    /// Those in this store.
    pub fn of(store: &Store) -> Self {
        let pool = match store {
            Store::Sqlite(_) => None,
            Store::Postgres(server) => Some(server.pool.clone()),
        };
        Self { pool, listener: None }
    }

    /// Waits until something may have changed. Where nobody else writes that is for ever.
    pub async fn next(&mut self) {
        let Some(pool) = &self.pool else { return std::future::pending().await };
        if let Some(listener) = &mut self.listener {
            if let Ok(Some(_)) = listener.try_recv().await {
                return;
            }
            tracing::warn!("the database is away: what other replicas change is not heard");
        }
        // Nothing was heard until now: that may be something.
        self.listener = Some(listen(pool).await);
    }
}

/// Listens, as soon as the database can be reached.
async fn listen(pool: &PgPool) -> PgListener {
    loop {
        match try_listen(pool).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn try_listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    // A connection that is lost is told, so that what was missed is looked at.
    listener.eager_reconnect(false);
    listener.listen(PLAN).await?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_named_by_their_first_day() {
        assert_eq!(day(0), "19700101");
        assert_eq!(day(1_795_651_200_000_000), "20261126");
    }
}
