//! Tokens: their hashes, never what they are.

use super::query::{Query, Row};
use super::{Store, Transaction};
use crate::chain::Hash;
use crate::service::access::{Role, Token};
use crate::service::journal::NotWritten;

/// All tokens, the newest first.
pub async fn all(store: &Store) -> Result<Vec<Token>, sqlx::Error> {
    Query::new("select * from tokens order by id desc").read(store, read).await
}

/// The token with this hash.
pub async fn find(store: &Store, hash: Hash) -> Result<Option<Token>, sqlx::Error> {
    Query::new("select * from tokens where hash = $1").bind(hash).read_first(store, read).await
}

/// The number that the next token gets.
pub async fn next_id(store: &Store) -> Result<u64, sqlx::Error> {
    let last = Query::new("select id from tokens order by id desc limit 1");
    Ok(last.read_first(store, |row| row.number("id")).await?.map_or(1, |last| last + 1))
}

/// Keeps a token that is new. A conflict if another got its number.
pub async fn add(transaction: &mut Transaction, token: &Token, hash: Hash) -> Result<(), NotWritten> {
    let query = "insert into tokens (id, name, role, hash, created_by, created_us, expires_us) \
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    let query = Query::new(query).bind(token.id).bind(&token.name).bind(token.role.name()).bind(hash);
    let query = query.bind(&token.created_by).bind(token.created_us).bind(token.expires_us);
    if query.execute(transaction).await? == 1 { Ok(()) } else { Err(NotWritten::Conflict) }
}

/// Makes a token worthless. A conflict if there is none, or none any more.
pub async fn revoke(transaction: &mut Transaction, id: u64, now_us: u64) -> Result<(), NotWritten> {
    let query = Query::new("update tokens set revoked_us = $2 where id = $1 and revoked_us is null");
    if query.bind(id).bind(now_us).execute(transaction).await? == 1 { Ok(()) } else { Err(NotWritten::Conflict) }
}

fn read(row: &Row) -> Result<Token, sqlx::Error> {
    Ok(Token {
        id: row.number("id")?,
        name: row.owned("name")?,
        role: row.word("role", Role::named)?,
        created_by: row.owned("created_by")?,
        created_us: row.number("created_us")?,
        expires_us: row.number("expires_us")?,
        revoked_us: row.some_number("revoked_us")?,
    })
}
