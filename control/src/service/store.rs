//! Where everything is kept: an embedded SQLite database, or a PostgreSQL database that several replicas of the service
//! share. Every statement is written once, for both.
//!
//! Only the [journal](super::journal) writes to what the chain covers; everybody reads.

pub mod checkpoints;
pub mod entries;
pub mod instances;
pub mod nodes;
pub mod policies;
mod postgres;
mod query;
pub mod records;
pub mod removal;
mod sqlite;
pub mod tallies;
pub mod tokens;

use std::borrow::Cow;
use std::future::Future;
use std::path::Path;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Postgres, SqlSafeStr as _, Sqlite};

pub use entries::Chained;
pub use postgres::Changes;
use postgres::Server;
use query::{Query, Row};
use sqlite::File;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Store {
    /// A file of this service's own.
    Sqlite(File),
    /// A server that replicas share.
    Postgres(Server),
}

/// Changes that are made as a whole or not at all.
pub enum Transaction {
    /// In SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// In PostgreSQL.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What can be asked: the store, or a transaction, which sees what it has changed itself.
pub trait Source {
    /// The rows that a statement gives.
    fn fetch(self, query: Query<'_>) -> impl Future<Output = Result<Vec<Row>, sqlx::Error>> + Send;
}

// === impl Store ===

impl Store {
    /// Opens the database at this URL, or else the one in this folder, made if there is none; and brings its schema up to date.
    pub async fn open(url: Option<&str>, folder: &Path) -> anyhow::Result<Self> {
        match url {
            Some(url) => Server::open(url).await.map(Self::Postgres),
            None => File::open(folder).await.map(Self::Sqlite),
        }
    }

    /// Whether others may write to it, too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Sees to it that what comes at this moment, in microseconds since the Unix epoch, has a place.
    pub async fn prepare(&self, now_us: u64) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.prepare(now_us).await,
        }
    }

    /// Begins to make changes.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        match self {
            // Nobody else writes until it is over.
            Self::Sqlite(file) => file.writer.begin_with("BEGIN IMMEDIATE").await.map(Transaction::Sqlite),
            Self::Postgres(server) => server.pool.begin().await.map(Transaction::Postgres),
        }
    }

    /// What other replicas change in what nodes are to have.
    pub fn changes(&self) -> Changes {
        Changes::of(self)
    }
}

// === impl Transaction ===

impl Transaction {
    /// Makes the chain this transaction's own until it is over: others who want to add to it wait.
    pub async fn lock_chain(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => postgres::lock_chain(self).await,
        }
    }

    /// Tells the other replicas, once all is made, that nodes are to have something else.
    pub async fn tell_of_plan(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => postgres::tell_of_plan(self).await,
        }
    }

    /// Begins a part that can be undone by itself.
    pub async fn begin_part(&mut self) -> Result<(), sqlx::Error> {
        Query::new("savepoint part").execute(self).await.map(drop)
    }

    /// Keeps the part.
    pub async fn keep_part(&mut self) -> Result<(), sqlx::Error> {
        Query::new("release savepoint part").execute(self).await.map(drop)
    }

    /// Undoes the part.
    pub async fn undo_part(&mut self) -> Result<(), sqlx::Error> {
        Query::new("rollback to savepoint part").execute(self).await?;
        self.keep_part().await
    }

    /// Makes all changes.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

// === impl Source ===

impl Source for &Store {
    async fn fetch(self, query: Query<'_>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Store::Sqlite(file) => {
                query.for_sqlite().fetch_all(&file.readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Store::Postgres(server) => {
                query.for_postgres().fetch_all(&server.pool).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

impl Source for &mut Transaction {
    async fn fetch(self, query: Query<'_>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Transaction::Sqlite(transaction) => {
                query.for_sqlite().fetch_all(&mut **transaction).await?.into_iter().map(Row::Sqlite).collect()
            }
            Transaction::Postgres(transaction) => {
                query.for_postgres().fetch_all(&mut **transaction).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

/// Brings a schema up to date by these steps.
fn migrator(steps: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |(version, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, (*description).into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator { migrations: Cow::Owned(steps.iter().map(migration).collect()), ..Migrator::DEFAULT }
}

/// A number as the database keeps it. None of ours comes near the limit.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number as the database kept it.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
