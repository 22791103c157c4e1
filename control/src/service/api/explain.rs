//! What a policy would do with a request.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::case::Sent;
use policy::policy::Policy;
use serde::Deserialize;
use serde_json::Value;

use super::extract::Body;
use super::problem::Problem;
use crate::explained::Explained;
use crate::service::Service;
use crate::service::life::{Finding, Refused};
use crate::service::store::policies;

/// A request, and the policy that is to decide it: a document, or the name of one that the service has.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// A policy document, YAML or JSON.
    #[serde(default)]
    document: Option<String>,
    /// The name of a policy, instead of a document.
    #[serde(default)]
    policy: Option<String>,
    /// Which version of it; the one in force if absent.
    #[serde(default)]
    version: Option<u64>,
    /// The request.
    request: Request,
}

/// A request as a client would send it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The method.
    #[serde(default = "post")]
    #[schema(default = "POST")]
    method: String,
    /// The path, with the query.
    path: String,
    /// The headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body, as text.
    #[serde(default)]
    body: Option<String>,
    /// The body as standard base64, instead.
    #[serde(default)]
    body_base64: Option<String>,
    /// The trailers.
    #[serde(default)]
    trailers: BTreeMap<String, String>,
}

fn post() -> String {
    "POST".to_owned()
}

/// Tells what a policy would do with a request, rule by rule and predicate by predicate, in the same code as the filter's.
/// Nothing is sent on, and nothing of the request is kept or logged.
#[utoipa::path(post, path = "/v1/explain", tag = "policies", request_body = Asked, responses(
    (status = OK, description = "The record that it would leave, and how the decision comes about", body = Object),
    (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem),
    (status = UNPROCESSABLE_ENTITY, description = "The policy has errors: each is told", body = Problem),
))]
pub async fn explain(State(service): State<Service>, Body(asked): Body<Asked>) -> Result<Json<Value>, Problem> {
    let Asked { document, policy, version, request } = asked;
    let document = match (document, policy) {
        (Some(document), None) => document,
        (None, Some(name)) => kept(&service, &name, version).await?,
        _ => return Err(Problem::bad_request("say which policy decides: `document` or `policy`, and not both")),
    };
    let request = Sent::try_from(request)?;
    // A policy with all packs takes a while to compile.
    let explained = tokio::task::spawn_blocking(move || {
        let (policy, _) = Policy::parse(document.as_bytes())
            .map_err(|problems| Problem::from(Refused::Errors(problems.into_iter().map(Finding::from).collect())))?;
        serde_json::to_value(Explained::of(policy, &request))
            .map_err(|_| Problem::unavailable("the result cannot be written"))
    });
    explained.await.map_err(|_| Problem::unavailable("the explanation itself failed"))?.map(Json)
}

/// The document of a version that the service has.
async fn kept(service: &Service, name: &str, version: Option<u64>) -> Result<String, Problem> {
    let policy = policies::find(&service.store, name).await?;
    let policy = policy.ok_or_else(|| Problem::not_found(&format!("policy `{name}`")))?;
    let number = version.or(policy.published);
    let number = number.ok_or_else(|| Problem::not_found(&format!("published version of policy `{name}`")))?;
    let version = policies::find_version(&service.store, name, number).await?;
    let version = version.ok_or_else(|| Problem::not_found(&format!("version {number} of policy `{name}`")))?;
    Ok(version.document)
}

// === impl Request ===

impl TryFrom<Request> for Sent {
    type Error = Problem;

    fn try_from(request: Request) -> Result<Self, Problem> {
        let Request { method, path, headers, body, body_base64, trailers } = request;
        let body = match (body, body_base64) {
            (Some(_), Some(_)) => return Err(Problem::bad_request("`body` and `body_base64`: give one of them")),
            (Some(text), None) => text.into_bytes(),
            (None, Some(encoded)) => {
                STANDARD.decode(encoded).map_err(|reason| Problem::bad_request(format!("`body_base64`: {reason}")))?
            }
            (None, None) => Vec::new(),
        };
        let chunks = if body.is_empty() { Vec::new() } else { vec![body] };
        let [headers, trailers] = [headers, trailers].map(|fields| fields.into_iter().collect());
        Ok(Self { method, path, headers, chunks, trailers })
    }
}
