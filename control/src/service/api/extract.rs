//! What handlers take from requests; what does not fit is told as a problem.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A body of JSON.
pub struct Body<T>(pub T);

/// The parts of a path.
pub struct At<T>(pub T);

/// The parameters of a query.
pub struct Parameters<T>(pub T);

/// The revision in `If-Match`.
pub struct Revision(pub u64);

/// The ETags in `If-None-Match`: what the client has already.
#[derive(Default)]
pub struct Known(Vec<String>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // A web page of somebody else's can send text, but not JSON, without asking first.
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::bad_request("send JSON, and say so: `content-type: application/json`"));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|reason| match reason.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(reason.body_text()),
            _ => Problem::bad_request(reason.body_text()),
        })?;
        // Fields without their names are taken for an object, too: what is meant by them is anybody's guess.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::bad_request("the body: it is no JSON object"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|reason| Problem::bad_request(format!("the body: {reason}")))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(value) = Path::from_request_parts(parts, state)
            .await
            .map_err(|reason| Problem::bad_request(format!("the path: {}", reason.body_text())))?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(value) = Query::from_request_parts(parts, state)
            .await
            .map_err(|reason| Problem::bad_request(format!("the query: {}", reason.body_text())))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Revision {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tag = parts.headers.get(IF_MATCH).ok_or_else(Problem::precondition_required)?;
        let number = tag.to_str().ok().and_then(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        number.map(Self).ok_or_else(|| Problem::bad_request("`If-Match` takes one ETag, such as `\"3\"`"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut known = Vec::new();
        for list in parts.headers.get_all(IF_NONE_MATCH) {
            let list = list.to_str().map_err(|_| Problem::bad_request("`If-None-Match` takes ETags in ASCII"))?;
            known.extend(list.split(',').map(|tag| opaque(tag.trim()).to_owned()));
        }
        Ok(Self(known))
    }
}

// === impl Known ===

impl Known {
    /// Whether this is among them: compared weakly, as <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2> has it.
    pub fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == "*" || known == opaque(tag))
    }
}

/// An ETag without what says that it is weak.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
