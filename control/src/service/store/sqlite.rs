//! The embedded database.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::migrator;
use crate::service::folder::own;

/// Every change to the schema, in order. What has been released is never edited, only added to.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "chain, policies and nodes", include_str!("sqlite/0001.sql")),
    (2, "tests of policies", include_str!("sqlite/0002.sql")),
    (3, "replicas", include_str!("sqlite/0003.sql")),
    (4, "shadows of policies", include_str!("sqlite/0004.sql")),
    (5, "ids of requests in parts", include_str!("sqlite/0005.sql")),
];

/// The most memory for pages of the database that the connection keeps which writes, in KiB; SQLite takes it as a negative number.
/// Records touch pages all over the indices of random ids: they are kept at hand.
const WRITER_CACHE: &str = "-65536";
/// The same for each of the others.
const READER_CACHE: &str = "-16384";
/// A page of a database that is made, in bytes: one holds eight records, and a write to the log as many.
const PAGE: u32 = 16_384;
/// How often what the log has taken goes into the database, while it is written to.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
/// How many pages the log takes before whoever writes has to wait for that: 256 MiB. Where it is written to without a pause, the log
/// never comes to an end otherwise.
const CHECKPOINT_PAGES: &str = "16384";

/// How many readers there may be besides the writer.
const READERS: u32 = 5;

/// A database in a file.
#[derive(Clone, Debug)]
pub struct File {
    /// The one connection that writes. It is always the same: what a connection has at hand is worth nothing once another wrote.
    pub writer: SqlitePool,
    /// Those that read.
    pub readers: SqlitePool,
}

// === impl File ===

impl File {
    /// Opens the database in this folder, made if there is none, and brings its schema up to date.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("policymesh.db");
        // SQLite gives its other files the permissions of this one.
        own(&file).with_context(|| format!("cannot write to `{}`", file.display()))?;
        let cannot_open = || format!("cannot open the database `{}`", file.display());
        let pool = |connections, cache| {
            let options = options(&file).pragma("cache_size", cache);
            SqlitePoolOptions::new().max_connections(connections).connect_with(options)
        };
        let writer = pool(1, WRITER_CACHE).await.with_context(cannot_open)?;
        let migrated = migrator(&MIGRATIONS).run(&writer).await;
        migrated.with_context(|| format!("cannot bring `{}` up to date", file.display()))?;
        let readers = pool(READERS, READER_CACHE).await.with_context(cannot_open)?;
        tokio::spawn(checkpoint(readers.clone()));
        Ok(Self { writer, readers })
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .page_size(PAGE)
        .journal_mode(SqliteJournalMode::Wal)
        // What has been answered as written is on disk, also if the power fails.
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        // What undoing a statement takes is soon gone.
        .pragma("temp_store", "memory")
        .busy_timeout(Duration::from_secs(10))
}

/// Brings what the log has taken into the database again and again, beside the one who writes, who would have to wait for it.
async fn checkpoint(pool: SqlitePool) {
    loop {
        tokio::time::sleep(CHECKPOINT_EVERY).await;
        if let Err(reason) = sqlx::query("pragma wal_checkpoint(passive)").execute(&pool).await {
            tracing::warn!(%reason, "cannot shorten the log of the database");
        }
    }
}
