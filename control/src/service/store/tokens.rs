//! Tokens: their hashes, never what they are.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, Store, number, unsigned};
use crate::chain::Hash;
use crate::service::access::{Role, Token};
use crate::service::journal::NotWritten;

/// All tokens, the newest first.
pub async fn all(store: &Store) -> Result<Vec<Token>, sqlx::Error> {
    sqlx::query("select * from tokens order by id desc").fetch_all(store.pool()).await?.iter().map(read).collect()
}

/// The token with this hash.
pub async fn find(store: &Store, hash: Hash) -> Result<Option<Token>, sqlx::Error> {
    let query = sqlx::query("select * from tokens where hash = $1").bind(hash.0.to_vec());
    query.fetch_optional(store.pool()).await?.as_ref().map(read).transpose()
}

/// The number that the next token gets.
pub async fn next_id(store: &Store) -> Result<u64, sqlx::Error> {
    let row: (Option<i64>,) = sqlx::query_as("select max(id) from tokens").fetch_one(store.pool()).await?;
    Ok(row.0.map_or(1, |id| unsigned(id) + 1))
}

/// Keeps a token that is new. A conflict if another got its number.
pub async fn add(connection: &mut Connection, token: &Token, hash: Hash) -> Result<(), NotWritten> {
    let query = "insert into tokens (id, name, role, hash, created_by, created_us, expires_us) \
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    let query = sqlx::query(query).bind(number(token.id)).bind(&token.name).bind(token.role.name());
    let query = query.bind(hash.0.to_vec()).bind(&token.created_by).bind(number(token.created_us));
    let added = query.bind(number(token.expires_us)).execute(connection).await?.rows_affected();
    if added == 1 { Ok(()) } else { Err(NotWritten::Conflict) }
}

/// Makes a token worthless. A conflict if there is none, or none any more.
pub async fn revoke(connection: &mut Connection, id: u64, now_us: u64) -> Result<(), NotWritten> {
    let query = sqlx::query("update tokens set revoked_us = $2 where id = $1 and revoked_us is null");
    let revoked = query.bind(number(id)).bind(number(now_us)).execute(connection).await?.rows_affected();
    if revoked == 1 { Ok(()) } else { Err(NotWritten::Conflict) }
}

fn read(row: &SqliteRow) -> Result<Token, sqlx::Error> {
    let role: &str = row.try_get("role")?;
    Ok(Token {
        id: unsigned(row.try_get("id")?),
        name: row.try_get("name")?,
        role: Role::named(role).ok_or_else(|| sqlx::Error::Decode(format!("`{role}` is no role").into()))?,
        created_by: row.try_get("created_by")?,
        created_us: unsigned(row.try_get("created_us")?),
        expires_us: unsigned(row.try_get("expires_us")?),
        revoked_us: row.try_get::<Option<i64>, _>("revoked_us")?.map(unsigned),
    })
}
