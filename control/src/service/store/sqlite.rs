//! The embedded database.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::migrator;

/// Every change to the schema, in order. What has been released is never edited, only added to.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "chain, policies and nodes", include_str!("sqlite/0001.sql")),
    (2, "tests of policies", include_str!("sqlite/0002.sql")),
    (3, "replicas", include_str!("sqlite/0003.sql")),
    (4, "shadows of policies", include_str!("sqlite/0004.sql")),
    (5, "ids of requests in parts", include_str!("sqlite/0005.sql")),
];

/// The most memory for pages of the database that each connection keeps, in KiB; SQLite takes it as a negative number.
const CACHE_KIB: &str = "-65536";
/// A page of a database that is made, in bytes: one holds eight records, and a write to the log as many.
const PAGE: u32 = 16_384;
/// How many pages the log takes before they go into the database.
const CHECKPOINT_PAGES: &str = "8192";

/// How many readers there may be besides the writer.
const CONNECTIONS: u32 = 5;

/// Opens the database in this folder, made if there is none, and brings its schema up to date.
pub async fn open(folder: &Path) -> anyhow::Result<SqlitePool> {
    let file = folder.join("policymesh.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .page_size(PAGE)
        .journal_mode(SqliteJournalMode::Wal)
        // What has been answered as written is on disk, also if the power fails.
        .synchronous(SqliteSynchronous::Full)
        // Records touch pages all over the indices of random ids: they are kept at hand, and go from the log into the
        // database once for many transactions.
        .pragma("cache_size", CACHE_KIB)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        // What undoing a statement takes is soon gone.
        .pragma("temp_store", "memory")
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await;
    let pool = pool.with_context(|| format!("cannot open the database `{}`", file.display()))?;
    let migrated = migrator(&MIGRATIONS).run(&pool).await;
    migrated.with_context(|| format!("cannot bring `{}` up to date", file.display()))?;
    Ok(pool)
}
