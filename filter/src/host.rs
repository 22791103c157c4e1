//! The only file that names host calls.
//!
//! The SDK's trait helpers unwrap, and one header that is not UTF-8 would kill the worker's VM; so only the plain calls
//! are used, headers are bytes, and an answer that is not `Ok` becomes `None` or is passed over.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType};
use std::time::UNIX_EPOCH;

/// A header's name and value, as they came.
pub type Header = (String, Vec<u8>);

/// Which of the two bodies of an exchange.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// The client's.
    Request,
    /// The provider's.
    Response,
}

/// Which of the two header maps of an exchange.
#[derive(Clone, Copy, Debug)]
pub enum Headers {
    /// The client's.
    Request,
    /// The provider's.
    Response,
}

/// Nanoseconds since the Unix epoch; 0 if the host has no clock.
pub fn now() -> u64 {
    let time = hostcalls::get_current_time().ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// Writes a line to Envoy's log. It must never hold a client's text.
pub fn log(level: LogLevel, line: &str) {
    // Nothing can be done about a log that cannot be written.
    let _ = hostcalls::log(level, line);
}

/// The plugin's configuration.
pub fn configuration(size: usize) -> Vec<u8> {
    buffer(BufferType::PluginConfiguration, 0, size)
}

/// `length` bytes of a body from `start`; fewer where it ends before.
pub fn body(body: Body, start: usize, length: usize) -> Vec<u8> {
    buffer(body.into(), start, length)
}

/// Takes the first `length` bytes off a body and puts `with` in their place.
pub fn replace_front(body: Body, length: usize, with: &[u8]) {
    let _ = hostcalls::set_buffer(body.into(), 0, length, with);
}

/// Puts bytes after a body's end.
pub fn append(body: Body, bytes: &[u8]) {
    // Envoy appends where the start lies at or past the end.
    const PAST_THE_END: usize = usize::MAX >> 1;
    let _ = hostcalls::set_buffer(body.into(), PAST_THE_END, 0, bytes);
}

/// All headers, each value on its own, also of a name that occurs twice.
pub fn headers(of: Headers) -> Vec<Header> {
    hostcalls::get_map_bytes(of.into()).unwrap_or_default()
}

/// Whether there is a header of this name.
pub fn has_header(of: Headers, name: &str) -> bool {
    hostcalls::get_map_value_bytes(of.into(), name).ok().flatten().is_some()
}

/// Puts these headers in the place of all there are.
pub fn set_headers(of: Headers, headers: &[(&str, &[u8])]) {
    let _ = hostcalls::set_map_bytes(of.into(), headers.to_vec());
}

/// Sets one header to one value.
pub fn set_header(of: Headers, name: &str, value: &[u8]) {
    let _ = hostcalls::set_map_value_bytes(of.into(), name, Some(value));
}

/// Takes every value of a header away.
pub fn remove_header(of: Headers, name: &str) {
    let _ = hostcalls::remove_map_value(of.into(), name);
}

/// Takes all trailers off the request.
pub fn clear_request_trailers() {
    let _ = hostcalls::set_map_bytes(MapType::HttpRequestTrailers, Vec::new());
}

/// A property of Envoy's, or filter state that was written with [`set_property`].
pub fn property(path: &[&str]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.to_vec()).ok().flatten()
}

/// A property that is a number: Envoy hands them out as eight bytes, the lowest first.
pub fn number(path: &[&str]) -> Option<u64> {
    let bytes = property(path)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// Writes filter state: a property `name` here is the key `wasm.name` elsewhere in Envoy.
pub fn set_property(name: &str, value: &[u8]) {
    let _ = hostcalls::set_property(vec![name], Some(value));
}

/// Tells Envoy what kind of value a property of filter state has. It may be told once for each root context.
pub fn declare_property(declaration: &[u8]) {
    let _ = hostcalls::call_foreign_function("declare_property", Some(declaration));
}

/// Makes Envoy choose the route again.
pub fn clear_route_cache() {
    let _ = hostcalls::call_foreign_function("clear_route_cache", None);
}

/// Answers the client at once. Calling it ends the request's way through the filters.
pub fn reply(status: u16, headers: Vec<(&str, &str)>, body: &[u8]) {
    let _ = hostcalls::send_http_response(u32::from(status), headers, Some(body));
}

/// Makes a metric known and gives its number.
pub fn define_metric(kind: MetricType, name: &str) -> Option<u32> {
    hostcalls::define_metric(kind, name).ok()
}

/// Adds to a counter.
pub fn increment(metric: u32, by: u64) {
    // The host takes an addition of nothing for a mistake.
    if let Some(by) = i64::try_from(by).ok().filter(|by| *by > 0) {
        let _ = hostcalls::increment_metric(metric, by);
    }
}

/// Sets a gauge, or adds a value to a histogram.
pub fn record(metric: u32, value: u64) {
    let _ = hostcalls::record_metric(metric, value);
}

fn buffer(of: BufferType, start: usize, length: usize) -> Vec<u8> {
    hostcalls::get_buffer(of, start, length).ok().flatten().unwrap_or_default()
}

// === impl Body ===

impl From<Body> for BufferType {
    fn from(body: Body) -> Self {
        match body {
            Body::Request => Self::HttpRequestBody,
            Body::Response => Self::HttpResponseBody,
        }
    }
}

// === impl Headers ===

impl From<Headers> for MapType {
    fn from(headers: Headers) -> Self {
        match headers {
            Headers::Request => Self::HttpRequestHeaders,
            Headers::Response => Self::HttpResponseHeaders,
        }
    }
}
