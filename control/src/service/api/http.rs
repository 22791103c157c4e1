//! HTTP/1 for strangers: whoever connects gets so long to say what they want, and connections are bounded.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::service::ended;
use crate::service::listen::{Connection, Listener};

/// How long the head of a request may take. A connection on which none comes is closed.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many connections there are at a time; more wait for these. Far from what the system gives a process, so that Envoys
/// find room whatever happens here.
const MOST_CONNECTIONS: usize = 500;

/// Serves until the service ends; requests that are there are answered.
pub async fn serve(router: Router, mut listener: Listener, ending: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut over = pin!(ended(ending.clone()));
    loop {
        let connection = tokio::select! {
            () = &mut over => break,
            Some(_) = connections.join_next() => continue,
            connection = listener.accept(), if connections.len() < MOST_CONNECTIONS => connection,
        };
        let Some(connection) = connection else { break };
        connections.spawn(answer(connection, router.clone(), ending.clone()));
    }
    while connections.join_next().await.is_some() {}
}

async fn answer(connection: Connection, router: Router, ending: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut connection = pin!(http.serve_connection(TokioIo::new(connection), TowerToHyperService::new(router)));
    tokio::select! {
        // How it ends is the client's business.
        _ = connection.as_mut() => return,
        () = ended(ending) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
