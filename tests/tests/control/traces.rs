//! Traces that go to a collector.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tests::control::Control;
use tests::waiting::eventually;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{mesh, policy};

/// Takes in what is sent by OTLP, unread. It ends when it is dropped.
struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<u8>>>,
    _runtime: Runtime,
}

// === impl Collector ===

impl Collector {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        runtime.spawn(serve(listener, Arc::clone(&taken)));
        Self { address, taken, _runtime: runtime }
    }

    fn has(&self, part: &[u8]) -> bool {
        self.taken.lock().unwrap().windows(part.len()).any(|bytes| bytes == part)
    }
}

async fn serve(listener: TcpListener, taken: Arc<Mutex<Vec<u8>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let taken = Arc::clone(&taken);
        let take = service_fn(move |request| answer(request, Arc::clone(&taken)));
        tokio::spawn(async move {
            let http2 = auto::Builder::new(TokioExecutor::new()).http2_only();
            drop(http2.serve_connection(TokioIo::new(stream), take).await);
        });
    }
}

/// Says in gRPC that all was taken: an empty message, and a status of 0.
async fn answer(
    request: Request<Incoming>,
    taken: Arc<Mutex<Vec<u8>>>,
) -> Result<Response<Channel<Bytes>>, Infallible> {
    assert_eq!(request.uri().path(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    taken.lock().unwrap().extend_from_slice(&body);
    let (mut sender, body) = Channel::new(2);
    tokio::spawn(async move {
        drop(sender.send_data(Bytes::from_static(&[0; 5])).await);
        drop(
            sender.send_trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())])).await,
        );
    });
    Ok(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

#[test]
fn what_the_service_does_is_traced_and_nothing_that_it_is_asked_is_in_it() {
    let collector = Collector::start();
    let control = Control::start_with(&["--otlp-endpoint", &format!("http://{}", collector.address)]).unwrap();
    let mesh = mesh(&control, "edge");
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let trace: [u8; 16] = std::array::from_fn(|index| 0xA0 + index as u8);
    let id: String = trace.iter().map(|byte| format!("{byte:02x}")).collect();
    let asked = tests::client::Request::new("GET", "/v1/records?client=xylophone");
    let asked = asked.header("traceparent", format!("00-{id}-00f067aa0ba902b7-01"));
    assert_eq!(asked.send(control.api()).unwrap().status, 200);
    let comes = |part: &[u8]| eventually(|| collector.has(part).then_some(())).is_some();
    assert!(comes(&trace), "the request is not in its client's trace");
    for part in ["policymesh", "GET /v1/records", "POST /v1/policies/{name}/versions", "push policy", "write chain"] {
        assert!(comes(part.as_bytes()), "`{part}` is in no span");
    }
    assert!(!collector.has(b"xylophone"), "what was asked for is in a span");
    let refused = control.command(&["serve", "--otlp-endpoint", "collector:4317"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is no URL: write it as http://HOST:4317"));
}

#[test]
fn a_collector_that_is_away_is_told_of_in_the_log() {
    let control = Control::start_with(&["--otlp-endpoint", "http://127.0.0.1:9"]).unwrap();
    control.json("/v1/policies");
    let told =
        || Some(control.log()).filter(|log| log.contains("WARN opentelemetry") || log.contains("ERROR opentelemetry"));
    assert!(eventually(told).is_some(), "{}", control.log());
}
