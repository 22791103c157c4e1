//! A closed loop of requests: each connection sends the next as soon as it has read the answer to the last.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::answers;
use super::conversation::{Conversation, Text};
use super::lone;
use crate::mesh::DECISION_ID;

/// What is sent, and to whom.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where Envoy listens.
    pub to: SocketAddr,
    /// What the requests are made from.
    pub conversation: Arc<Conversation>,
    /// How much of them is new.
    pub text: Text,
    /// Whether each answer must name a decision, or none may.
    pub decided: bool,
    /// Whether answers are streams.
    pub stream: bool,
}

/// Requests on their way. Ends when dropped.
pub struct Load {
    /// The number of its first request; all before it belong to others.
    pub first: u64,
    shared: Arc<Shared>,
    _sending: lone::Thread,
}

#[derive(Debug, Default)]
struct Shared {
    answered: AtomicU64,
    wrong: Mutex<Option<String>>,
}

/// Enough to keep one worker busy.
pub const CONNECTIONS: usize = 16;

/// Numbers of requests, so that no two of a run are the same.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The number of a request that no other of this run has.
pub fn next_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

// === impl Load ===

impl Load {
    /// Begins.
    pub fn start(plan: Plan) -> Result<Self> {
        let (first, shared) = (NEXT.load(Ordering::Relaxed), Arc::default());
        let sending = lone::Thread::start(send_all(plan, Arc::clone(&shared)))?;
        Ok(Self { first, shared, _sending: sending })
    }

    /// How many right answers have come so far; the error says what was wrong with one that was not.
    pub fn answered(&self) -> Result<u64> {
        match &*self.shared.wrong.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(wrong) => bail!("a wrong answer: {wrong}"),
            None => Ok(self.shared.answered.load(Ordering::Relaxed)),
        }
    }
}

async fn send_all(plan: Plan, shared: Arc<Shared>) -> Result<()> {
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (plan, shared) = (plan.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            if let Err(wrong) = send(&plan, &shared.answered).await {
                *shared.wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{wrong:#}"));
            }
        });
    }
    connections.join_all().await;
    Ok(())
}

async fn send(plan: &Plan, answered: &AtomicU64) -> Result<()> {
    let stream = TcpStream::connect(plan.to).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    loop {
        let body = plan.conversation.request(next_number(), plan.text);
        ask(&mut sender, body, plan).await?;
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

async fn ask(sender: &mut SendRequest<Full<Bytes>>, body: Bytes, plan: &Plan) -> Result<()> {
    sender.ready().await?;
    let request = Request::post("/v1/chat/completions")
        .header("host", "mesh.example")
        .header("content-type", "application/json")
        .header("authorization", "Bearer key-of-the-client")
        .body(Full::new(body))?;
    let response = sender.send_request(request).await.context("no answer")?;
    let status = response.status();
    let names_decision = response.headers().contains_key(DECISION_ID);
    let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
    ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(&body));
    answers::check(&body, plan.stream)?;
    ensure!(names_decision == plan.decided, "{DECISION_ID} is there: {names_decision}");
    Ok(())
}
