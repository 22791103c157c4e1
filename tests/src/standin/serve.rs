//! How a stand-in takes requests and sends answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::answer::{self, Answer};
use super::fault::Fault;
use super::{Behaviour, Received, Shape};

/// What the stand-in and the connections it serves have in common.
pub struct Shared {
    pub shape: Shape,
    pub behaviour: watch::Sender<Behaviour>,
    /// Whether it takes connections right now.
    pub listens: watch::Sender<bool>,
    pub received: Mutex<Vec<Arc<Mutex<Received>>>>,
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
        let mut behaviour = told.borrow_and_update().clone();
        if behaviour == Behaviour::Answer {
            behaviour = told_in(&received.body, self.shape).unwrap_or(behaviour);
        }
        let answer = answer::answer(self.shape, &received);
        Some(match behaviour {
            Behaviour::Answer => reply(answer, usize::MAX, None),
            Behaviour::Hold => reply(answer, usize::MAX, Some((1, told))),
            Behaviour::Stall => reply(answer, usize::MAX, Some((0, told))),
            Behaviour::BreakOff(parts) => reply(answer, parts, None),
            Behaviour::Fail(status) => {
                let fault = Fault::status(status, format!("a stand-in answers with status {status}"));
                reply(answer::failure(self.shape, &fault), usize::MAX, None)
            }
            Behaviour::FailAfter(parts) => {
                let Answer { parts: mut sent, .. } = answer;
                sent.truncate(parts);
                sent.push(answer::failure_in_stream(self.shape, received.route()));
                reply(Answer { parts: sent, ..answer }, usize::MAX, None)
            }
            Behaviour::Say { status, content_type, parts } => {
                reply(Answer { status, parts, ..Answer::whole(&content_type, "") }, usize::MAX, None)
            }
            Behaviour::Reset | Behaviour::RefuseConnections => return None,
            Behaviour::Hang => std::future::pending().await,
        })
    }
}

/// What the prompt itself tells a stand-in to do: `stand-in, fail with 429`, `stand-in, fail after 2 parts`, `stand-in, show
/// page 502`, or, if only this one is to fail, `Let OpenAi fail`. So clients can try what happens, too.
fn told_in(body: &[u8], shape: Shape) -> Option<Behaviour> {
    let body = String::from_utf8_lossy(body);
    if body.contains(&format!("Let {shape:?} fail")) {
        return Some(Behaviour::Fail(503));
    }
    let (_, order) = body.split_once("stand-in, ")?;
    let words: Vec<_> = order.splitn(4, |c: char| !c.is_ascii_alphanumeric()).take(3).collect();
    match words[..] {
        ["fail", "with", status] => Some(Behaviour::Fail(status.parse().ok()?)),
        ["fail", "after", parts] => Some(Behaviour::FailAfter(parts.parse().ok()?)),
        ["show", "page", status] => Some(Behaviour::page(status.parse().ok()?)),
        _ => None,
    }
}

/// Takes connections while it is to, and closes them all when it is not.
pub async fn serve(mut listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    let mut told = shared.behaviour.subscribe();
    loop {
        let mut taking = JoinSet::new();
        taking.spawn(take(listener, Arc::clone(&shared)));
        if told.wait_for(|now| *now == Behaviour::RefuseConnections).await.is_err() {
            return;
        }
        taking.shutdown().await;
        shared.listens.send_replace(false);
        if told.wait_for(|now| *now != Behaviour::RefuseConnections).await.is_err() {
            return;
        }
        let Ok(again) = TcpListener::bind(address).await else { return };
        listener = again;
        shared.listens.send_replace(true);
    }
}

async fn take(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&shared)));
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let react = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.react(request).await.ok_or("told to break the connection") }
    });
    let serving = auto::Builder::new(TokioExecutor::new());
    // A connection that breaks is the client's business.
    let _ = serving.serve_connection(TokioIo::new(stream), react).await;
}

type Reply = Channel<Bytes, std::io::Error>;

/// An answer sent part by part, which breaks off after `most` parts if it has more, and holds on after so many until
/// something else is told: to break the connection, or to go on.
fn reply(answer: Answer, most: usize, mut hold: Option<(usize, watch::Receiver<Behaviour>)>) -> Response<Reply> {
    let Answer { status, content_type, headers, parts } = answer;
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        let breaks_off = parts.len() > most;
        for (sent, part) in parts.into_iter().take(most).enumerate() {
            if let Some((_, mut told)) = hold.take_if(|(after, _)| *after == sent) {
                // An error means that the stand-in is gone, and holds nothing any more.
                let _ = told.changed().await;
                if *told.borrow() == Behaviour::Reset {
                    sender.abort(std::io::Error::other("told to break the connection"));
                    return;
                }
            }
            if sender.send_data(part).await.is_err() {
                return;
            }
        }
        if let Some((_, mut told)) = hold {
            let _ = told.changed().await;
        }
        if breaks_off {
            sender.abort(std::io::Error::other("told to break off"));
        }
    });
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).expect("a test names statuses that HTTP allows");
    response.headers_mut().insert("content-type", content_type.parse().expect("a content type is plain text"));
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a header's value is plain text"));
    }
    response
}

/// The lock's content.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
