//! A case's request as it goes over the wire.

use std::{collections::BTreeMap, io::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{Body, Case};
use crate::exchange::{Exchange, Header, Step};

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

/// Why a case's request cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// Its body is no base64.
    #[error("body_base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// A coding that no case can ask for.
    #[error("encoding: there is no content coding `{0}` (there is gzip, deflate, br, zstd)")]
    Coding(String),
    /// A coding could not be applied.
    #[error("encoding: {0}")]
    Failed(#[from] std::io::Error),
}

// === impl Sent ===

impl Sent {
    /// Leads it through an exchange, as Envoy would: the first step that does not hold it ends it. `None` if none does.
    pub fn lead(&self, exchange: &mut Exchange) -> Option<Step> {
        let pseudo =
            [(":method", &*self.method), (":path", &*self.path), (":authority", "mesh.example"), (":scheme", "http")];
        let given = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let header = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.as_bytes().to_vec());
        let headers: Vec<Header> = pseudo.into_iter().chain(given).map(header).collect();
        let ends = self.chunks.is_empty() && self.trailers.is_empty();
        let mut step = exchange.on_request_headers(&headers, &|_| None, ends);
        let last = self.chunks.len().checked_sub(1).filter(|_| self.trailers.is_empty());
        for (index, chunk) in self.chunks.iter().enumerate() {
            if step != Step::Hold {
                return Some(step);
            }
            step = exchange.on_request_body(chunk, Some(index) == last);
        }
        if step == Step::Hold && !self.trailers.is_empty() {
            step = exchange.on_request_trailers();
        }
        while step == Step::Reread {
            step = exchange.on_reread(&self.chunks.concat(), true);
        }
        Some(step).filter(|step| *step != Step::Hold)
    }
}

impl TryFrom<&Case> for Sent {
    type Error = Unsendable;

    fn try_from(case: &Case) -> Result<Self, Unsendable> {
        let body = match case.body() {
            Body::Absent => Vec::new(),
            Body::Text(text) => text.into_bytes(),
            Body::Base64(encoded) => STANDARD.decode(encoded)?,
        };
        let body = case.encoding.iter().try_fold(body, |body, coding| encode(coding, &body))?;
        let chunk = case.chunk.unwrap_or(usize::MAX).min(body.len()).max(1);
        let fields = |map: &BTreeMap<String, String>| map.clone().into_iter().collect::<Vec<_>>();
        let mut headers = fields(&case.headers);
        let mut default = |name: &str, value: &str| {
            if !case.headers.contains_key(name) {
                headers.push((name.into(), value.into()));
            }
        };
        if case.body() != Body::Absent {
            default("content-type", "application/json");
        }
        if !case.encoding.is_empty() {
            default("content-encoding", &case.encoding.join(", "));
        }
        let chunks = body.chunks(chunk).map(<[u8]>::to_vec).collect();
        let trailers = fields(&case.trailers);
        Ok(Self { method: case.method.clone(), path: case.path.clone(), headers, chunks, trailers })
    }
}

/// Applies a content coding.
fn encode(coding: &str, body: &[u8]) -> Result<Vec<u8>, Unsendable> {
    Ok(match coding {
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            encoder.finish()?
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            encoder.finish()?
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(body)?;
            encoder.into_inner()
        }
        "zstd" => compress_to_vec(body, CompressionLevel::Fastest),
        unknown => return Err(Unsendable::Coding(unknown.to_owned())),
    })
}
