//! A case's request as it goes over the wire.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::case::{Body, Case};

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The headers, without pseudo headers and `content-length`.
    pub headers: Vec<(String, String)>,
    /// The body in pieces, content codings applied; no piece if there is no body.
    pub chunks: Vec<Vec<u8>>,
    /// The trailers.
    pub trailers: Vec<(String, String)>,
}

// === impl Sent ===

impl From<&Case> for Sent {
    fn from(case: &Case) -> Self {
        let body = match case.body() {
            Body::Absent => vec![],
            Body::Text(text) => text.into_bytes(),
            Body::Base64(encoded) => STANDARD.decode(encoded).expect("`body_base64` is base64"),
        };
        let has_body = case.body() != Body::Absent;
        let body = case.encoding.iter().fold(body, |body, coding| encode(coding, &body));
        let chunk = case.chunk.unwrap_or(usize::MAX).min(body.len()).max(1);
        let fields = |map: &std::collections::BTreeMap<String, String>| map.clone().into_iter().collect::<Vec<_>>();
        let mut headers = fields(&case.headers);
        let mut default = |name: &str, value: &str| {
            if !case.headers.contains_key(name) {
                headers.push((name.into(), value.into()));
            }
        };
        if has_body {
            default("content-type", "application/json");
        }
        if !case.encoding.is_empty() {
            default("content-encoding", &case.encoding.join(", "));
        }
        let chunks = body.chunks(chunk).map(<[u8]>::to_vec).collect();
        let trailers = fields(&case.trailers);
        Self { method: case.method.clone(), path: case.path.clone(), headers, chunks, trailers }
    }
}

/// Applies a content coding.
pub fn encode(coding: &str, body: &[u8]) -> Vec<u8> {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    let encoded = match coding {
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(body).map(|()| encoder.into_inner())
        }
        "zstd" => zstd::encode_all(body, 3),
        unknown => panic!("`{unknown}` is no content coding that a case can ask for"),
    };
    encoded.expect("a buffer in memory takes everything")
}
