//! Stand-in providers: they record all that they receive, answer like the real ones, say that they are none, and fail when told to.

mod answer;
mod anthropic;
mod fault;
mod model;
mod ollama;
mod openai;
mod serve;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::waiting::{eventually, runtime};
use serve::{Shared, lock, serve};

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
    /// Answers, unless the prompt tells it to fail: `stand-in, fail with 429`, or `Let OpenAi fail` by the name of the shape.
    Answer,
    /// Answers, but after the first part waits until it is told to do something else.
    Hold,
    /// Answers with this status and an error in the provider's shape; a 429 says to come back after a second.
    Fail(u16),
    /// Answers, but after so many parts comes an error in the provider's shape, and nothing more.
    FailAfter(usize),
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
    /// Sends the headers of its answer, and then nothing until it is told to do something else.
    Stall,
    /// Takes no connections, and closes those that there are.
    RefuseConnections,
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

// === impl Behaviour ===

impl Behaviour {
    /// Answers with this status and a web page, as a proxy in between does.
    pub fn page(status: u16) -> Self {
        let parts = vec![format!("<html><head><title>{status}</title></head><body>nginx</body></html>\n").into()];
        Self::Say { status, content_type: "text/html".into(), parts }
    }
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
        let (behaviour, listens) = (watch::Sender::new(Behaviour::Answer), watch::Sender::new(true));
        let shared = Arc::new(Shared { shape, behaviour, listens, received: Mutex::default() });
        let serving = runtime().spawn(serve(listener, address, Arc::clone(&shared)));
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
        let listens = behaviour != Behaviour::RefuseConnections;
        self.shared.behaviour.send_replace(behaviour);
        let mut listening = self.shared.listens.subscribe();
        let settled = runtime().block_on(async { listening.wait_for(|now| *now == listens).await.is_ok() });
        assert!(settled, "{:?} serves no more", self.shape);
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

    /// The path without the query.
    pub fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
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
        let body = r#"{"model":"claude-sonnet-4-5","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let request = client::Request::post("/v1/messages", body).header("anthropic-version", "2023-06-01");
        standin.behave(Behaviour::Fail(529));
        let refused = request.clone().http2().send(standin.address()).unwrap();
        assert_eq!((refused.status, &refused.json()["error"]["type"]), (529, &json!("overloaded_error")));
        standin.behave(Behaviour::Reset);
        assert!(request.send(standin.address()).is_err());
        standin.behave(Behaviour::BreakOff(2));
        assert!(request.send(standin.address()).is_err());
        standin.behave(Behaviour::FailAfter(2));
        let failed = request.send(standin.address()).unwrap();
        assert!(failed.text().contains("overloaded_error") && !failed.text().contains("message_stop"), "{failed:?}");
        standin.behave(Behaviour::Fail(429));
        assert_eq!(request.send(standin.address()).unwrap().header("retry-after"), "1");
        standin.behave(Behaviour::RefuseConnections);
        assert!(request.send(standin.address()).is_err());
        standin.behave(Behaviour::Answer);
        assert!(request.send(standin.address()).unwrap().text().contains("message_stop"));
        assert_eq!(standin.received().len(), 6);
    }
}
