//! Errors, as RFC 9457 has them.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::service::access::Role;
use crate::service::journal::NotWritten;
use crate::service::life::{Finding, Refused};

/// What went wrong, as `application/problem+json`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Tells this kind of problem from others.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// This one, in words.
    detail: String,
    /// What is wrong with a document, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

/// What an error is sent as, <https://www.rfc-editor.org/rfc/rfc9457#section-3>.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What the document calls it.
pub const SCHEMA: &str = "#/components/schemas/Problem";

/// There is nothing at this path.
pub async fn no_route(uri: Uri) -> Problem {
    Problem::not_found(&format!("`{}`", uri.path()))
}

/// There is something at this path, but not for this method.
pub async fn no_method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{}` does not take {method}", uri.path()))
}

// === impl Problem ===

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let kind = format!("tag:policymesh.dev,2026:{}", title.to_ascii_lowercase().replace(' ', "-"));
        Self { kind, title, status: status.as_u16(), detail: detail.into(), findings: Vec::new() }
    }

    /// The request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// It is not known who calls.
    pub fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// The caller may not do this.
    pub fn forbidden(who: &str, roles: &[Role]) -> Self {
        let names: Vec<_> = roles.iter().map(|role| format!("`{}`", role.name())).collect();
        let why = match names.as_slice() {
            [] => "nothing gives them a role".to_owned(),
            names => format!("the role {} is not enough", names.join(", ")),
        };
        Self::new(StatusCode::FORBIDDEN, format!("`{who}` may not do this: {why}"))
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }

    /// The request is meant for another server.
    pub fn misdirected(detail: &str) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, detail)
    }

    /// There is too much of it.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// It must be said on what the change is based.
    pub fn precondition_required() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "say which revision you have seen: `If-Match: \"N\"` with the ETag of the policy, `\"0\"` for a new one",
        )
    }

    /// The service cannot do it now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::NotFound(_) => Self::new(StatusCode::NOT_FOUND, detail),
            Refused::Conflict(_) => Self::new(StatusCode::PRECONDITION_FAILED, detail),
            Refused::NotNow(_) => Self::new(StatusCode::CONFLICT, detail),
            Refused::Errors(findings) => Self { findings, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) },
            Refused::Store(reason) => Self::from(reason),
        }
    }
}

impl From<NotWritten> for Problem {
    fn from(reason: NotWritten) -> Self {
        tracing::error!(%reason, "cannot write");
        Self::unavailable("the service cannot write to its store now")
    }
}

impl From<sqlx::Error> for Problem {
    fn from(reason: sqlx::Error) -> Self {
        tracing::error!(%reason, "cannot read");
        Self::unavailable("the service cannot read from its store now")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
