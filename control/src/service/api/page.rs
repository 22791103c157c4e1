//! The API's own description, as a document for programs and as a page for people.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::map_response;
use axum::response::Response;
use serde_json::Value;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";
/// Nothing comes from elsewhere, and nothing may show the page within its own. Swagger UI sets styles by itself.
const ALLOWED: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                       connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves this document, and the page `/docs` that shows it.
pub fn routes<S: Clone + Send + Sync + 'static>(document: Value) -> Router<S> {
    // To read, and not to try: a page that sends requests would have to be given a token.
    let none: [&str; 0] = [];
    let config = Config::from(DOCUMENT)
        .supported_submit_methods(none)
        .validator_url("none")
        .doc_expansion("list")
        .use_base_layout();
    let page = SwaggerUi::new("/docs").external_url_unchecked(DOCUMENT, document).config(config);
    Router::from(page).layer(map_response(protect))
}

async fn protect(mut response: Response) -> Response {
    let headers =
        [(CONTENT_SECURITY_POLICY, ALLOWED), (REFERRER_POLICY, "no-referrer"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
