//! A provider that costs as little as can be: it reads a request to its end and answers with the same words each time,
//! in the format of the path, whole or event by event.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, yield_now};

use super::answers::Format;
use super::lone;

/// The provider. Stops when dropped.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    _serving: lone::Thread,
}

#[derive(Debug, Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    streams: AtomicBool,
}

/// What is to be kept of the next requests.
#[derive(Debug, Default)]
enum Wanted {
    #[default]
    Nothing,
    Body,
    Kept(Vec<u8>),
}

type Body = Either<Full<Bytes>, Channel<Bytes>>;

// === impl Upstream ===

impl Upstream {
    /// Starts it on a free port of the loopback interface.
    pub fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let served = Arc::clone(&shared);
        let serving = lone::Thread::start(async move { serve(TcpListener::from_std(listener)?, served).await })?;
        Ok(Self { address, shared, _serving: serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it streams its answers from now on.
    pub fn stream(&self, streams: bool) {
        self.shared.streams.store(streams, Ordering::Relaxed);
    }

    /// Keeps the body of one of the next requests, unless one is kept already.
    pub fn keep_one(&self) {
        let mut wanted = self.shared.wanted();
        if matches!(*wanted, Wanted::Nothing) {
            *wanted = Wanted::Body;
        }
    }

    /// The body that was kept; `None` if no whole request has come since that was asked for.
    pub fn kept(&self) -> Option<Value> {
        let mut wanted = self.shared.wanted();
        let Wanted::Kept(body) = &*wanted else { return None };
        let body = serde_json::from_slice(body).unwrap_or_default();
        *wanted = Wanted::Nothing;
        Some(body)
    }
}

// === impl Shared ===

impl Shared {
    fn wanted(&self) -> std::sync::MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) -> Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let answer = service_fn(move |request| answer(request, Arc::clone(&shared)));
            // A connection that breaks shows as a wrong answer at the other end.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>, Infallible> {
    let format = Format::at(request.uri().path());
    read(request.into_body(), &shared).await;
    Ok(if shared.streams.load(Ordering::Relaxed) { stream(format) } else { whole(format) })
}

/// Reads a body to its end, and keeps it if one is wanted.
async fn read(mut body: Incoming, shared: &Shared) {
    let keep = matches!(*shared.wanted(), Wanted::Body);
    let mut kept = Vec::new();
    let end = loop {
        match body.frame().await {
            Some(Ok(frame)) => {
                frame.data_ref().filter(|_| keep).into_iter().for_each(|data| kept.extend_from_slice(data));
            }
            end => break end,
        }
    };
    let mut wanted = shared.wanted();
    if keep && end.is_none() && matches!(*wanted, Wanted::Body) {
        *wanted = Wanted::Kept(kept);
    }
}

fn whole(format: Format) -> Response<Body> {
    response("application/json", Either::Left(Full::new(format.whole())))
}

/// Each event is sent by itself, as a model does that is still thinking of the next.
fn stream(format: Format) -> Response<Body> {
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        for event in format.stream() {
            if sender.send_data(event).await.is_err() {
                return;
            }
            yield_now().await;
        }
    });
    response("text/event-stream", Either::Right(body))
}

fn response(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
