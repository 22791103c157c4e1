//! Tokens.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::caller::Caller;
use super::extract::{At, Body};
use super::problem::Problem;
use crate::chain::Kind;
use crate::service::Service;
use crate::service::access::{self, Role, Token};
use crate::service::journal::{Draft, NotWritten};
use crate::service::store::tokens;
use crate::service::time::{now_us, span_us};

/// All tokens.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// The newest first.
    tokens: Vec<Token>,
}

/// A token that is wanted.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Whose it is: what entries of the chain call whoever shows it.
    name: String,
    /// What it may do.
    role: Role,
    /// How long it is worth something, such as `12h` or `90d`; at most `366d`.
    expires: String,
}

/// A new token.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Made {
    /// What is kept of it.
    token: Token,
    /// What proves it. It is told once and not kept.
    secret: String,
}

/// The longest that a token is worth something, in microseconds.
const LONGEST_US: u64 = 366 * 86_400 * 1_000_000;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 100;

/// Lists all tokens, without what proves them.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", responses((status = OK, body = Tokens)))]
pub async fn list(State(service): State<Service>) -> Result<Json<Tokens>, Problem> {
    Ok(Json(Tokens { tokens: tokens::all(&service.store).await? }))
}

/// Makes a token. What proves it is told once.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = NewToken, responses(
    (status = CREATED, body = Made),
    (status = BAD_REQUEST, body = Problem),
))]
pub async fn add(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewToken>,
) -> Result<impl IntoResponse, Problem> {
    let made = make(&service, &caller.name, new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revokes a token: from now on it is worth nothing.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens", params(("id" = u64, Path)), responses(
    (status = NO_CONTENT, description = "It is revoked"),
    (status = NOT_FOUND, description = "There is no such token, or none any more", body = Problem),
))]
pub async fn revoke(State(service): State<Service>, caller: Caller, At(id): At<u64>) -> Result<StatusCode, Problem> {
    let told = json!({"what": "token-revoked", "who": caller.name, "token": id});
    let revoked = service
        .journal
        .change(Draft::own(Kind::Change, &told), move |connection| Box::pin(tokens::revoke(connection, id, now_us())));
    match revoked.await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(NotWritten::Conflict) => Err(Problem::not_found(&format!("token {id} that is worth anything"))),
        Err(reason) => Err(reason.into()),
    }
}

/// Where there is no token yet, makes one of an administrator and writes it to this file, which only its owner may read.
pub async fn make_first(service: &Service, file: &Path) -> anyhow::Result<()> {
    if tokens::next_id(&service.store).await? > 1 {
        return Ok(());
    }
    let new = NewToken { name: "first administrator".to_owned(), role: Role::Admin, expires: "30d".to_owned() };
    let made = make(service, "policymesh serve", new).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    let written = written.and_then(|mut file| writeln!(file, "{}", made.secret));
    written.with_context(|| format!("cannot write the first token to `{}`", file.display()))
}

async fn make(service: &Service, who: &str, new: NewToken) -> Result<Made, Problem> {
    let NewToken { name, role, expires } = new;
    if name.trim().is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!("`name`: 1 to {LONGEST_NAME} bytes, without control characters")));
    }
    let span = span_us(&expires).filter(|span| (1..=LONGEST_US).contains(span));
    let span = span.ok_or_else(|| Problem::bad_request("`expires`: a span such as `12h` or `90d`, at most `366d`"))?;
    let secret = access::new_secret().map_err(|_| Problem::unavailable("the system gives no randomness"))?;
    let (id, created_us) = (tokens::next_id(&service.store).await?, now_us());
    let expires_us = created_us + span;
    let token = Token { id, name, role, created_by: who.to_owned(), created_us, expires_us, revoked_us: None };
    let told = json!({"what": "token-made", "who": who, "token": id, "name": token.name, "role": role, "expires_us": expires_us});
    let (kept, hash) = (token.clone(), access::hash(&secret));
    let made = service.journal.change(Draft::own(Kind::Change, &told), move |connection| {
        Box::pin(async move { tokens::add(connection, &kept, hash).await })
    });
    made.await?;
    Ok(Made { token, secret })
}
