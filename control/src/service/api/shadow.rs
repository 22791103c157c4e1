//! A version that is asked beside the one in force.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use super::caller::Caller;
use super::extract::{At, Body, Parameters, Revision};
use super::policies::tagged;
use super::problem::Problem;
use super::records::looked;
use crate::service::Service;
use crate::service::agreement::Agreement;
use crate::service::life::{self, Policy, Shadow, Shadowing};
use crate::service::store::policies;
use crate::service::store::records::{self, Filter};

/// How a shadow does.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ShadowReport {
    /// The shadow.
    shadow: Shadow,
    /// What it and the version in force say of the same requests since it began.
    #[serde(flatten)]
    agreement: Agreement,
}

/// From when on.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// Not older than this: a span such as `15m`, `2h`, `7d`, or microseconds since the Unix epoch. Without it, all since
    /// the shadow began.
    since: Option<String>,
}

/// How many records are read at a time.
const PAGE: u32 = 1_000;

/// Has a version asked beside the one in force: what it would do is recorded, and not done. It takes the place of any that was.
#[utoipa::path(post, path = "/v1/policies/{name}/shadow", tag = "policies",
    params(("name" = String, Path), ("if-match" = String, Header)), request_body = Shadowing, responses(
    (status = OK, body = Policy),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "It cannot run beside what is in force", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
    (status = UNPROCESSABLE_ENTITY, description = "It has errors: each is told", body = Problem),
))]
pub async fn start(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Revision(revision): Revision,
    Body(shadowing): Body<Shadowing>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(life::shadow(&service, &caller.name, &name, shadowing, revision).await?))
}

/// Has the shadow asked no more.
#[utoipa::path(delete, path = "/v1/policies/{name}/shadow", tag = "policies",
    params(("name" = String, Path), ("if-match" = String, Header)), responses(
    (status = OK, body = Policy),
    (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "There is no shadow", body = Problem),
    (status = PRECONDITION_FAILED, body = Problem),
))]
pub async fn end(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Revision(revision): Revision,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(life::end_shadow(&service, &caller.name, &name, revision).await?))
}

/// Tells with how many requests the shadow and the version in force do the same, and every way in which they do not.
#[utoipa::path(get, path = "/v1/policies/{name}/shadow", tag = "policies", params(("name" = String, Path), Period), responses(
    (status = OK, body = ShadowReport),
    (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, description = "There is no such policy, or it has no shadow", body = Problem),
))]
pub async fn compare(
    State(service): State<Service>,
    caller: Caller,
    At(name): At<String>,
    Parameters(Period { since }): Parameters<Period>,
) -> Result<Json<ShadowReport>, Problem> {
    let shadow = policies::find(&service.store, &name).await?.and_then(|policy| policy.shadow);
    let shadow = shadow.ok_or_else(|| Problem::not_found(&format!("shadow of policy `{name}`")))?;
    let version = policies::find_version(&service.store, &name, shadow.version).await?;
    let digest = version.map(|version| version.digest).unwrap_or_default();
    let since = since.unwrap_or_else(|| shadow.since_us.to_string());
    let mut page = Filter { policy: Some(name), since: Some(since), limit: Some(PAGE), ..Filter::default() };
    page.check().map_err(Problem::bad_request)?;
    looked(&service, &caller, json!({"shadow": page})).await?;
    let mut agreement = Agreement::default();
    loop {
        let (records, next) = records::texts(&service.store, &page).await?;
        for (node, text) in &records {
            agreement.add(node, text, &digest);
        }
        if next.is_none() {
            return Ok(Json(ShadowReport { shadow, agreement: agreement.finish() }));
        }
        page.cursor = next;
    }
}
