//! Where everything is kept: an embedded SQLite database.
//!
//! Only the [journal](super::journal) writes to what the chain covers; everybody reads.

pub mod checkpoints;
pub mod entries;
pub mod instances;
pub mod nodes;
pub mod policies;
pub mod records;
pub mod removal;
pub mod tallies;
pub mod tokens;

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Database, SqlSafeStr as _, Sqlite, SqlitePool, Transaction};

pub use entries::Chained;

/// A connection to the database, inside a transaction or not.
pub type Connection = <Sqlite as Database>::Connection;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(SqlitePool);

/// Every change to the schema, in order. What has been released is never edited, only added to.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "chain, policies and nodes", include_str!("store/0001.sql")),
    (2, "tests of policies", include_str!("store/0002.sql")),
];

/// The most memory for pages of the database that each connection keeps, in KiB; SQLite takes it as a negative number.
const CACHE_KIB: &str = "-65536";
/// How many pages of 4 KiB the log takes before they go into the database.
const CHECKPOINT_PAGES: &str = "16384";

/// How many readers there may be besides the writer.
const CONNECTIONS: u32 = 5;

// === impl Store ===

impl Store {
    /// Opens the database in this folder, made if it is not there, and brings its schema up to date.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        let file = folder.join("policymesh.db");
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What has been answered as written is on disk, also if the power fails.
            .synchronous(SqliteSynchronous::Full)
            // Records touch pages all over the indices of random ids: they are kept at hand, and go from the log into the
            // database once for many transactions.
            .pragma("cache_size", CACHE_KIB)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await;
        let pool = pool.with_context(|| format!("cannot open the database `{}`", file.display()))?;
        migrator().run(&pool).await.with_context(|| format!("cannot bring `{}` up to date", file.display()))?;
        Ok(Self(pool))
    }

    /// Begins to write. Nobody else writes until it is committed or dropped.
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.0.begin_with("BEGIN IMMEDIATE").await
    }

    /// The readers.
    fn pool(&self) -> &SqlitePool {
        &self.0
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator { migrations: Cow::Owned(migrations.into()), ..Migrator::DEFAULT }
}

/// A number as the database keeps it. None of ours comes near the limit.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number as the database kept it.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
