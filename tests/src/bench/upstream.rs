//! A provider that costs as little as can be: it reads a request to its end and answers with the same words each time.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::lone;

/// The provider. Stops when dropped.
pub struct Upstream {
    address: SocketAddr,
    wanted: Arc<Mutex<Wanted>>,
    _serving: lone::Thread,
}

/// What is to be kept of the next requests.
#[derive(Debug, Default)]
enum Wanted {
    #[default]
    Nothing,
    Body,
    Kept(Vec<u8>),
}

/// What it answers to every request.
pub const ANSWER: &str = r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"The committee met on Tuesday and agreed to postpone the decision until the figures were in."},"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":18,"total_tokens":918}}"#;

// === impl Upstream ===

impl Upstream {
    /// Starts it on a free port of the loopback interface.
    pub fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let wanted = Arc::default();
        let shared = Arc::clone(&wanted);
        let serving = lone::Thread::start(async move { serve(TcpListener::from_std(listener)?, shared).await })?;
        Ok(Self { address, wanted, _serving: serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Keeps the body of one of the next requests, unless one is kept already.
    pub fn keep_one(&self) {
        let mut wanted = lock(&self.wanted);
        if matches!(*wanted, Wanted::Nothing) {
            *wanted = Wanted::Body;
        }
    }

    /// The body that was kept; `None` if no whole request has come since that was asked for.
    pub fn kept(&self) -> Option<Value> {
        let mut wanted = lock(&self.wanted);
        let Wanted::Kept(body) = &*wanted else { return None };
        let body = serde_json::from_slice(body).unwrap_or_default();
        *wanted = Wanted::Nothing;
        Some(body)
    }
}

async fn serve(listener: TcpListener, wanted: Arc<Mutex<Wanted>>) -> Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let wanted = Arc::clone(&wanted);
        connections.spawn(async move {
            let answer = service_fn(move |request| answer(request, Arc::clone(&wanted)));
            // A connection that breaks shows as a wrong answer at the other end.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(request: Request<Incoming>, wanted: Arc<Mutex<Wanted>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let keep = matches!(*lock(&wanted), Wanted::Body);
    let (mut body, mut kept) = (request.into_body(), Vec::new());
    let end = loop {
        match body.frame().await {
            Some(Ok(frame)) => {
                frame.data_ref().filter(|_| keep).into_iter().for_each(|data| kept.extend_from_slice(data))
            }
            end => break end,
        }
    };
    let mut wanted = lock(&wanted);
    if keep && end.is_none() && matches!(*wanted, Wanted::Body) {
        *wanted = Wanted::Kept(kept);
    }
    drop(wanted);
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER.as_bytes())));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
