//! Whether the service is well.

use axum::extract::State;

use super::problem::Problem;
use crate::service::Service;
use crate::service::store::entries;

/// Says that the process is there.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = OK, description = "It is.", body = String)))]
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Says whether the service can do its work.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = OK, description = "It can.", body = String),
    (status = SERVICE_UNAVAILABLE, description = "It cannot reach its store.", body = Problem),
))]
pub async fn ready(State(service): State<Service>) -> Result<&'static str, Problem> {
    entries::head(&service.store).await?;
    Ok("ok\n")
}
