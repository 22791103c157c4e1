//! What there is to watch.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::service::{Service, meters};

/// What OpenMetrics calls its text format.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Tells how the service, its nodes and its chain stand, for Prometheus. Which policy an Envoy runs, and what it decides, is in its
/// own stats.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = OK, description = "OpenMetrics", body = String, content_type = "application/openmetrics-text"),
))]
pub async fn show(State(service): State<Service>) -> Result<impl IntoResponse, Problem> {
    Ok(([(CONTENT_TYPE, TEXT)], meters::text(&service).await?))
}

/// Counts what is answered, by route. A path that is none of ours is counted under no name of its own.
pub async fn count(State(service): State<Service>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let method = if route == "none" { "none" } else { &method };
    service.meters.answered(method, &route, response.status().as_u16(), began.elapsed());
    response
}
