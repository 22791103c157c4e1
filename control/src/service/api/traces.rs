//! One span for each request, in the trace that its client names.

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::global;
use opentelemetry::propagation::Extractor;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::service::TRACES;

/// Headers that may name a trace.
struct Headers<'h>(&'h HeaderMap);

/// Answers a request within a span. Names and attributes are those of OpenTelemetry's conventions for HTTP servers,
/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>; what is asked for by name, and who asks, is not among them.
pub async fn trace(request: Request, next: Next) -> Response {
    let span = begin(&request);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

fn begin(request: &Request) -> Span {
    let method = request.method().as_str();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = info_span!(
        target: TRACES,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(request.headers())));
    // It fails where nobody collects traces, and then nothing is to be done.
    let _ = span.set_parent(parent);
    span
}

// === impl Headers ===

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
