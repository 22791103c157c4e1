//! Policies.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::extract::{At, Body, Parameters, Revision};
use super::problem::Problem;
use crate::service::Service;
use crate::service::board::Selector;
use crate::service::life::{self, Finding, NewVersion, Policy, Publication, Version};
use crate::service::store::policies;

/// All policies.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Policies {
    /// In the order of their names.
    policies: Vec<Policy>,
}

/// A page of versions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Versions {
    /// The newest first, without their documents and tests.
    versions: Vec<Version>,
    /// What `cursor` must be for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Where the page begins: `next` of the page before.
    cursor: Option<u64>,
    /// How many to list: 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What became of a new version.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Added {
    /// The version: the newest one, if the document says the same.
    version: Version,
    /// What is wrong with it. There are errors only in a draft.
    findings: Vec<Finding>,
}

/// How a version is to be taken back.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakingBack {
    /// Why.
    reason: Option<String>,
}

/// Lists all policies.
#[utoipa::path(get, path = "/v1/policies", tag = "policies", responses((status = OK, body = Policies)))]
pub async fn list(State(service): State<Service>) -> Result<Json<Policies>, Problem> {
    Ok(Json(Policies { policies: policies::all(&service.store).await? }))
}

/// Tells how a policy stands. The ETag is what a change must name.
#[utoipa::path(get, path = "/v1/policies/{name}", tag = "policies", params(("name" = String, Path)), responses(
    (status = OK, body = Policy, headers(("etag" = String, description = "What a change must name in `If-Match`"))),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn find(State(service): State<Service>, At(name): At<String>) -> Result<impl IntoResponse, Problem> {
    let policy = policies::find(&service.store, &name).await?;
    policy.map(tagged).ok_or_else(|| Problem::not_found(&format!("policy `{name}`")))
}

/// Lists the versions of a policy, newest first.
#[utoipa::path(get, path = "/v1/policies/{name}/versions", tag = "policies", params(("name" = String, Path), Page), responses(
    (status = OK, body = Versions),
    (status = BAD_REQUEST, body = Problem),
))]
pub async fn versions(
    State(service): State<Service>,
    At(name): At<String>,
    Parameters(page): Parameters<Page>,
) -> Result<Json<Versions>, Problem> {
    let limit = page.limit.unwrap_or(50).clamp(1, 200);
    let below = page.cursor.unwrap_or(u64::MAX);
    let mut versions = policies::versions(&service.store, &name, below, limit).await?;
    for version in &mut versions {
        version.document.clear();
        version.tests.clear();
    }
    let full = u32::try_from(versions.len()).is_ok_and(|count| count == limit);
    let next = versions.last().map(|version| version.number).filter(|number| full && *number > 1);
    Ok(Json(Versions { versions, next }))
}

/// Gives a version, with its document and its tests.
#[utoipa::path(get, path = "/v1/policies/{name}/versions/{number}", tag = "policies",
    params(("name" = String, Path), ("number" = u64, Path)), responses(
    (status = OK, body = Version),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn version(
    State(service): State<Service>,
    At((name, number)): At<(String, u64)>,
) -> Result<Json<Version>, Problem> {
    let version = policies::find_version(&service.store, &name, number).await?;
    version.map(Json).ok_or_else(|| Problem::not_found(&format!("version {number} of policy `{name}`")))
}

/// Adds a version to a policy, which is made if it is not there.
#[utoipa::path(post, path = "/v1/policies/{name}/versions", tag = "policies",
    params(("name" = String, Path), ("if-match" = String, Header, description = "The ETag that was seen; `\"0\"` for a new policy")),
    request_body = NewVersion, responses(
    (status = CREATED, body = Added),
    (status = PRECONDITION_FAILED, description = "Somebody else made a change", body = Problem),
    (status = PRECONDITION_REQUIRED, description = "`If-Match` is missing", body = Problem),
    (status = UNPROCESSABLE_ENTITY, description = "The document has errors, or its tests fail: each is told", body = Problem),
))]
pub async fn add(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Revision(revision): Revision,
    Body(new): Body<NewVersion>,
) -> Result<impl IntoResponse, Problem> {
    let (version, findings) = life::add(&service, &caller.name, &name, new, revision).await?;
    Ok((StatusCode::CREATED, Json(Added { version, findings })))
}

/// Says which nodes a policy is for.
#[utoipa::path(put, path = "/v1/policies/{name}/selector", tag = "policies",
    params(("name" = String, Path), ("if-match" = String, Header)), request_body = Selector, responses(
    (status = OK, body = Policy),
    (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
))]
pub async fn select(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Revision(revision): Revision,
    Body(selector): Body<Selector>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(life::select(&service, &caller.name, &name, selector, revision).await?))
}

/// Publishes a version: to all nodes of the policy, or to some of them first.
#[utoipa::path(post, path = "/v1/policies/{name}/versions/{number}/publish", tag = "policies",
    params(("name" = String, Path), ("number" = u64, Path), ("if-match" = String, Header)), request_body = Publication, responses(
    (status = OK, body = Policy),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It cannot be published now", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
    (status = UNPROCESSABLE_ENTITY, description = "It has errors: each is told", body = Problem),
))]
pub async fn publish(
    State(service): State<Service>,
    caller: Caller,
    At((name, number)): At<(String, u64)>,
    Revision(revision): Revision,
    Body(publication): Body<Publication>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(life::publish(&service, &caller.name, &name, number, publication, revision).await?))
}

/// Gives all nodes what the first ones have.
#[utoipa::path(post, path = "/v1/policies/{name}/promote", tag = "policies",
    params(("name" = String, Path), ("if-match" = String, Header)), responses(
    (status = OK, body = Policy),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "Nothing is being rolled out", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
))]
pub async fn promote(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Revision(revision): Revision,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(life::promote(&service, &caller.name, &name, revision).await?))
}

/// Puts the version in force again that was before.
#[utoipa::path(post, path = "/v1/policies/{name}/roll-back", tag = "policies",
    params(("name" = String, Path), ("if-match" = String, Header)), request_body = TakingBack, responses(
    (status = OK, body = Policy),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "There is nothing to go back to", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
))]
pub async fn roll_back(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Revision(revision): Revision,
    Body(TakingBack { reason }): Body<TakingBack>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(life::roll_back(&service, &caller.name, &name, reason, revision).await?))
}

/// A policy, with its ETag.
pub fn tagged(policy: Policy) -> impl IntoResponse {
    ([(header::ETAG, format!("\"{}\"", policy.revision))], Json(policy))
}
