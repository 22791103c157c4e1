//! Stand-in providers: they record all that they receive, answer like the real ones, say that they are none, and fail when told to.

mod answer;
mod anthropic;
mod ollama;
mod openai;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::waiting::{eventually, runtime};
use answer::Answer;

/// Which provider a stand-in stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `/v1/chat/completions`, `/v1/responses`, `/v1/embeddings`, `/v1/models`.
    OpenAi,
    /// `/v1/messages`, `/v1/messages/count_tokens`, `/v1/models`.
    Anthropic,
    /// `/api/chat`, `/api/generate`, `/api/embed`, `/api/tags`, and what OpenAI serves.
    Ollama,
}

/// What a stand-in does with a request, once it has recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers, unless the prompt says `Let OpenAi fail`, by the name of the shape.
    Answer,
    /// Answers, but after the first part waits until it is told to do something else.
    Hold,
    /// Answers with this status and an error in the provider's shape.
    Fail(u16),
    /// Answers with these very bytes.
    Say {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body, part by part.
        parts: Vec<Bytes>,
    },
    /// Closes the connection without an answer.
    Reset,
    /// Breaks off after so many parts of the answer.
    BreakOff(usize),
    /// Never answers.
    Hang,
}

/// A request as a stand-in received it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// All headers, byte for byte.
    pub headers: HeaderMap,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// All trailers.
    pub trailers: HeaderMap,
    /// Whether the request came to its end.
    pub whole: bool,
}

/// A provider that is none. Stops when dropped.
pub struct StandIn {
    shape: Shape,
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// What the stand-in and the connections it serves have in common.
struct Shared {
    shape: Shape,
    behaviour: watch::Sender<Behaviour>,
    received: Mutex<Vec<Arc<Mutex<Received>>>>,
}

// === impl StandIn ===

impl StandIn {
    /// Starts a stand-in on a free port of the loopback interface.
    pub fn start(shape: Shape) -> Result<Self> {
        Self::start_on(shape, 0)
    }

    /// Starts a stand-in on this port of the loopback interface.
    pub fn start_on(shape: Shape, port: u16) -> Result<Self> {
        let listener = runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        let listener = listener.with_context(|| format!("listening on port {port}"))?;
        let address = listener.local_addr()?;
        let behaviour = watch::Sender::new(Behaviour::Answer);
        let shared = Arc::new(Shared { shape, behaviour, received: Mutex::default() });
        let serving = runtime().spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { shape, address, shared, serving })
    }

    /// Which provider this stands in for.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.behaviour.send_replace(behaviour);
    }

    /// All that it received so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).iter().map(|one| lock(one).clone()).collect()
    }

    /// Takes out all that it received so far, oldest first.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.shared.received)).iter().map(|one| lock(one).clone()).collect()
    }

    /// Waits until it has received so many requests whole, and returns all that it received.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let enough = || Some(self.received()).filter(|all| all.iter().filter(|one| one.whole).count() >= count);
        eventually(enough).unwrap_or_else(|| panic!("{:?} received fewer than {count} requests", self.shape))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

// === impl Received ===

impl Received {
    /// The first value of a header as text; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether this text occurs anywhere: method, path, header names, header values, body or trailers.
    pub fn contains(&self, needle: &str) -> bool {
        let fields = self.headers.iter().chain(&self.trailers);
        let fields = fields.flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
        let mut all = fields.chain([self.method.as_bytes(), self.path.as_bytes(), &self.body]);
        all.any(|place| place.windows(needle.len().max(1)).any(|window| window == needle.as_bytes()))
    }
}

// === impl Shared ===

impl Shared {
    /// Records a request as it arrives, so that not even a part of one that is broken off is missed.
    async fn record(&self, request: Request<Incoming>) -> Received {
        let (head, mut body) = request.into_parts();
        let path = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
        let record = Arc::new(Mutex::new(Received {
            method: head.method.to_string(),
            path,
            headers: head.headers,
            body: vec![],
            trailers: HeaderMap::new(),
            whole: false,
        }));
        lock(&self.received).push(Arc::clone(&record));
        let end = loop {
            match body.frame().await.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => lock(&record).body.extend_from_slice(&data),
                Some(Ok(Err(frame))) => lock(&record).trailers = frame.into_trailers().unwrap_or_default(),
                end => break end,
            }
        };
        let mut record = lock(&record);
        record.whole = end.is_none();
        record.clone()
    }

    /// Does with a request what the stand-in was told to do. `None`: breaks the connection.
    async fn react(&self, request: Request<Incoming>) -> Option<Response<Reply>> {
        let received = self.record(request).await;
        let mut told = self.behaviour.subscribe();
        let behaviour = told.borrow_and_update().clone();
        let answer = answer::answer(self.shape, &received);
        Some(match behaviour {
            Behaviour::Answer if received.contains(&format!("Let {:?} fail", self.shape)) => {
                reply(answer::failure(self.shape, 503), usize::MAX, None)
            }
            Behaviour::Answer => reply(answer, usize::MAX, None),
            Behaviour::Hold => reply(answer, usize::MAX, Some(told)),
            Behaviour::BreakOff(parts) => reply(answer, parts, None),
            Behaviour::Fail(status) => reply(answer::failure(self.shape, status), usize::MAX, None),
            Behaviour::Say { status, content_type, parts } => {
                reply(Answer { status, content_type, parts }, usize::MAX, None)
            }
            Behaviour::Reset => return None,
            Behaviour::Hang => std::future::pending().await,
        })
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let react = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { shared.react(request).await.ok_or("told to break the connection") }
            });
            let serving = auto::Builder::new(TokioExecutor::new());
            // A connection that breaks is the client's business.
            let _ = serving.serve_connection(TokioIo::new(stream), react).await;
        });
    }
}

type Reply = Channel<Bytes, std::io::Error>;

/// An answer sent part by part, which breaks off after `most` parts if it has more, and holds on after the first until
/// something else is `told`.
fn reply(answer: Answer, most: usize, mut told: Option<watch::Receiver<Behaviour>>) -> Response<Reply> {
    let Answer { status, content_type, parts } = answer;
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        let breaks_off = parts.len() > most;
        for part in parts.into_iter().take(most) {
            if sender.send_data(part).await.is_err() {
                return;
            }
            if let Some(mut told) = told.take() {
                // An error means that the stand-in is gone, and holds nothing any more.
                let _ = told.changed().await;
            }
        }
        if breaks_off {
            sender.abort(std::io::Error::other("told to break off"));
        }
    });
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).expect("a test names statuses that HTTP allows");
    response.headers_mut().insert("content-type", content_type.parse().expect("a content type is plain text"));
    response.headers_mut().insert("x-request-id", "req_stand-in".parse().expect("plain text"));
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client;
    use serde_json::json;

    #[test]
    fn a_stand_in_records_what_it_receives_and_says_what_it_is() {
        let standin = StandIn::start(Shape::OpenAi).unwrap();
        let request = client::Request::chat("gpt-4o", "canary-17").header("x-odd", b"\xff").in_chunks_of(3);
        let response = request.trailer("x-end", "yes").send(standin.address()).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.json()["model"], "gpt-4o");
        assert!(response.text().contains("stand-in for OpenAI"), "{}", response.text());
        let [received] = &standin.take()[..] else { panic!("one request was sent") };
        assert!(received.whole && received.contains("canary-17") && !received.contains("canary-18"));
        assert_eq!(received.headers["x-odd"].as_bytes(), b"\xff");
        assert_eq!(received.trailers["x-end"], "yes");
        assert!(standin.received().is_empty());
    }

    #[test]
    fn a_stand_in_fails_as_it_is_told() {
        let standin = StandIn::start(Shape::Anthropic).unwrap();
        let request = client::Request::post("/v1/messages", r#"{"model":"claude-sonnet-4-5","stream":true}"#);
        standin.behave(Behaviour::Fail(529));
        let refused = request.clone().http2().send(standin.address()).unwrap();
        assert_eq!((refused.status, &refused.json()["error"]["type"]), (529, &json!("overloaded_error")));
        standin.behave(Behaviour::Reset);
        assert!(request.send(standin.address()).is_err());
        standin.behave(Behaviour::BreakOff(2));
        assert!(request.send(standin.address()).is_err());
        standin.behave(Behaviour::Answer);
        assert!(request.send(standin.address()).unwrap().text().contains("message_stop"));
        assert_eq!(standin.received().len(), 4);
    }
}
