//! The audit chain, to be taken away and checked.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Caller;
use super::extract::{Body as JsonBody, Parameters};
use super::problem::Problem;
use crate::chain::{Begin, Hash, Kind, Line};
use crate::service::Service;
use crate::service::journal::Draft;
use crate::service::removal::{self, NotRemoved};
use crate::service::store::{checkpoints, entries};

/// Which part of the chain.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// The place of the first entry; 1 if absent.
    #[param(minimum = 1)]
    first: Option<u64>,
}

/// What the chain is signed with.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PublicKey {
    /// The Ed25519 public key, in hexadecimal.
    key: String,
}

/// The end of the chain.
#[derive(Serialize, utoipa::ToSchema)]
pub struct End {
    /// The place of the last entry; 0 if there is none.
    seq: u64,
    /// Its hash.
    hash: String,
}

/// How many entries are read at a time.
const PAGE: u32 = 1_000;

/// Gives the public key that checkpoints are signed with.
#[utoipa::path(get, path = "/v1/audit/key", tag = "audit", responses((status = OK, body = PublicKey)))]
pub async fn key(State(service): State<Service>) -> Json<PublicKey> {
    Json(PublicKey { key: service.key.public().to_string() })
}

/// Tells where the chain ends now: to be kept elsewhere, or to see it grow.
#[utoipa::path(get, path = "/v1/audit/head", tag = "audit", responses((status = OK, body = End)))]
pub async fn head(State(service): State<Service>) -> Result<Json<End>, Problem> {
    let head = entries::head(&service.store).await?;
    Ok(Json(End { seq: head.seq, hash: head.hash.to_string() }))
}

/// Exports the chain with its signatures, one JSON object a line: what `policymesh audit verify` checks.
#[utoipa::path(get, path = "/v1/audit/export", tag = "audit", params(Part), responses(
    (status = OK, description = "Lines of JSON; the last one is a signature", body = String, content_type = "application/jsonl"),
    (status = NOT_FOUND, description = "The chain is shorter", body = Problem),
))]
pub async fn export(
    State(service): State<Service>,
    caller: Caller,
    Parameters(part): Parameters<Part>,
) -> Result<impl IntoResponse, Problem> {
    let first = part.first.unwrap_or(1).max(1);
    let look = json!({"what": "looked", "who": caller.name, "at": {"chain": first}});
    service.journal.seal(Draft::own(Kind::Look, &look)).await?;
    let last = checkpoints::last(&service.store).await?.map_or(0, |checkpoint| checkpoint.seq);
    let previous = match first {
        1 => Hash::default(),
        first => entries::hash_at(&service.store, first - 1)
            .await?
            .ok_or_else(|| Problem::not_found(&format!("entry {first}")))?,
    };
    let begin = Line::Begin(Begin { first, previous, key: service.key.public().to_string() });
    let (sender, chunks) = mpsc::channel(2);
    tokio::spawn(async move {
        // Whoever asked may have gone: then nothing more needs to be said.
        if let Err(reason) = write(&service, begin, first, last, &sender).await {
            tracing::error!(%reason, "an export broke off");
            let _ = sender.send(Err(std::io::Error::other("the export broke off"))).await;
        }
    });
    Ok(([(CONTENT_TYPE, "application/jsonl")], Body::from_stream(ReceiverStream::new(chunks))))
}

/// Somebody whose identity is to be taken out.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// The client, as records name it.
    client: String,
}

/// What an erasure came to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Erased {
    /// How many entries named them.
    entries: u64,
}

/// Takes a client's identity out of every entry that names it. The chain can still be checked: tombstones account for it.
#[utoipa::path(post, path = "/v1/audit/erasures", tag = "audit", request_body = Erasure, responses(
    (status = OK, body = Erased),
    (status = SERVICE_UNAVAILABLE, body = Problem),
))]
pub async fn erase(
    State(service): State<Service>,
    caller: Caller,
    JsonBody(Erasure { client }): JsonBody<Erasure>,
) -> Result<Json<Erased>, Problem> {
    match removal::erase(&service, &caller.name, &client).await {
        Ok(entries) => Ok(Json(Erased { entries })),
        Err(NotRemoved::Read(reason)) => Err(reason.into()),
        Err(NotRemoved::Write(reason)) => Err(reason.into()),
    }
}

async fn write(
    service: &Service,
    begin: Line,
    first: u64,
    last: u64,
    sender: &mpsc::Sender<std::io::Result<Bytes>>,
) -> anyhow::Result<()> {
    let mut next = first;
    let mut text = line(&begin)?;
    while next <= last {
        let page = entries::from(&service.store, next, last, PAGE).await?;
        let Some(end) = page.last().map(|entry| entry.seq) else { break };
        let signed = checkpoints::between(&service.store, next, end).await?;
        let mut signed = signed.into_iter().peekable();
        for entry in page {
            let seq = entry.seq;
            text.push_str(&line(&Line::Entry(entry))?);
            while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.seq == seq) {
                text.push_str(&line(&Line::Checkpoint(checkpoint))?);
            }
        }
        if sender.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
            return Ok(());
        }
        next = end + 1;
    }
    Ok(())
}

fn line(line: &Line) -> serde_json::Result<String> {
    serde_json::to_string(line).map(|text| text + "\n")
}
