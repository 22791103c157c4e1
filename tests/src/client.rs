//! An HTTP client that sends exactly what it is told, chunk by chunk, over HTTP/1 or HTTP/2.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{self, Poll};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::waiting::{PATIENCE, runtime};

/// A request to send.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    headers: HeaderMap,
    chunks: Vec<Bytes>,
    trailers: HeaderMap,
    version: Version,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, by prior knowledge.
    Http2,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The frames of the body, as they came.
    pub frames: Vec<Bytes>,
    /// All trailers.
    pub trailers: HeaderMap,
}

// === impl Request ===

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Self {
        let (headers, trailers) = (HeaderMap::new(), HeaderMap::new());
        Self { method: method.into(), path: path.into(), headers, chunks: vec![], trailers, version: Version::Http1 }
    }

    /// A POST of a JSON body.
    pub fn post(path: &str, body: impl Into<Bytes>) -> Self {
        Self::new("POST", path).header("content-type", "application/json").body(body)
    }

    /// A chat completion with one user message.
    pub fn chat(model: &str, prompt: &str) -> Self {
        let body = serde_json::json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
        Self::post("/v1/chat/completions", body.to_string())
    }

    /// Adds a header; any bytes that HTTP allows will do as the value.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        append(&mut self.headers, name, value.as_ref());
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        append(&mut self.headers, "trailer", name.as_bytes());
        append(&mut self.trailers, name, value.as_bytes());
        self
    }

    /// Sets the body, sent in one piece.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.chunks = vec![body.into()];
        self
    }

    /// Sets the body, sent in these pieces. If there are several, the length is not told beforehand.
    #[must_use]
    pub fn chunks(mut self, chunks: impl IntoIterator<Item = Bytes>) -> Self {
        self.chunks = chunks.into_iter().collect();
        self
    }

    /// Cuts the body into pieces of so many bytes, without telling the length beforehand.
    #[must_use]
    pub fn in_chunks_of(mut self, size: usize) -> Self {
        let whole: Bytes = self.chunks.concat().into();
        self.chunks = whole.chunks(size).map(|chunk| whole.slice_ref(chunk)).collect();
        self
    }

    /// Sends it over HTTP/2.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.version = Version::Http2;
        self
    }

    /// Sends the request on a connection of its own and reads the whole answer.
    pub fn send(&self, to: SocketAddr) -> Result<Response> {
        self.send_watched(to, |_| ())
    }

    /// The same, and calls `watch` with each part of the answer's body as it comes.
    pub fn send_watched(&self, to: SocketAddr, watch: impl FnMut(&Bytes)) -> Result<Response> {
        let sent = runtime().block_on(async { tokio::time::timeout(PATIENCE, self.exchange(to, watch)).await });
        sent.with_context(|| format!("no whole answer to {} {} in {PATIENCE:?}", self.method, self.path))?
    }

    async fn exchange(&self, to: SocketAddr, watch: impl FnMut(&Bytes)) -> Result<Response> {
        let stream = TokioIo::new(TcpStream::connect(to).await.with_context(|| format!("connecting to {to}"))?);
        let response = match self.version {
            Version::Http1 => {
                let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
                tokio::spawn(connection);
                sender.send_request(self.assembled(to)?).await?
            }
            Version::Http2 => {
                let (mut sender, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                sender.send_request(self.assembled(to)?).await?
            }
        };
        Response::read(response, watch).await
    }

    fn assembled(&self, to: SocketAddr) -> Result<hyper::Request<Frames>> {
        let uri: Uri = match self.version {
            Version::Http1 => self.path.parse()?,
            Version::Http2 => format!("http://{to}{}", self.path).parse()?,
        };
        let mut request = hyper::Request::new(Frames(self.frames().into()));
        *request.method_mut() = Method::from_bytes(self.method.as_bytes())?;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if self.version == Version::Http1 && !self.headers.contains_key("host") {
            append(request.headers_mut(), "host", to.to_string().as_bytes());
        }
        if self.trailers.is_empty() && self.chunks.len() <= 1 && !self.headers.contains_key("content-length") {
            let length = self.chunks.iter().map(Bytes::len).sum::<usize>();
            if length > 0 || self.method == "POST" {
                append(request.headers_mut(), "content-length", length.to_string().as_bytes());
            }
        }
        Ok(request)
    }

    fn frames(&self) -> Vec<Frame<Bytes>> {
        let mut frames: Vec<_> = self.chunks.iter().cloned().map(Frame::data).collect();
        if !self.trailers.is_empty() {
            frames.push(Frame::trailers(self.trailers.clone()));
        }
        frames
    }
}

// === impl Response ===

impl Response {
    /// The body as one.
    pub fn body(&self) -> Vec<u8> {
        self.frames.concat()
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body()).into_owned()
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body()).unwrap_or_default()
    }

    /// The first value of a header as text; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    async fn read(response: hyper::Response<Incoming>, mut watch: impl FnMut(&Bytes)) -> Result<Self> {
        let (head, mut body) = response.into_parts();
        let mut whole =
            Self { status: head.status.as_u16(), headers: head.headers, frames: vec![], trailers: HeaderMap::new() };
        while let Some(frame) = body.frame().await {
            match frame.context("the answer broke off")?.into_data() {
                Ok(data) => {
                    watch(&data);
                    whole.frames.push(data);
                }
                Err(frame) => whole.trailers = frame.into_trailers().unwrap_or_default(),
            }
        }
        Ok(whole)
    }
}

/// The frames of a body, handed out one by one.
struct Frames(VecDeque<Frame<Bytes>>);

// === impl Frames ===

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    let name = HeaderName::from_bytes(name.as_bytes()).expect("a test names headers that HTTP allows");
    let value = HeaderValue::from_bytes(value).expect("a test sends header values that HTTP allows");
    headers.append(name, value);
}
