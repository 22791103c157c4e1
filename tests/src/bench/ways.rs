//! What the adapter costs where it translates, and where the answer is a stream: in pairs with the plain Envoy, as ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answers::EVENTS;
use super::contender::{Contender, Kind, PROVIDER};
use super::conversation::{ASKED, Conversation, Text};
use super::load::{Plan, next_number};
use super::pairs::Field;
use super::statistics::Spread;

/// How a request and its answer go through the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it is called.
    pub name: &'static str,
    /// The model that is asked for.
    model: &'static str,
    /// Its provider; another format than the client's is translated.
    provider: &'static str,
    /// Whether the answer is a stream.
    stream: bool,
}

/// Every way that is compared.
pub const WAYS: [Way; 4] = [
    Way { name: "same format", model: ASKED, provider: PROVIDER, stream: false },
    Way { name: "translated", model: "claude-sonnet", provider: "anthropic", stream: false },
    Way { name: "same format, stream of 52 events", model: ASKED, provider: PROVIDER, stream: true },
    Way { name: "translated stream of 52 events", model: "claude-sonnet", provider: "anthropic", stream: true },
];

const _: () = assert!(EVENTS == 52, "the names say so");

/// The bodies are of this size, in bytes.
pub const SIZE: usize = 8 << 10;

/// What came out for one way.
#[derive(Debug, Default)]
pub struct Passed {
    /// How many times as much processor time a request takes as with the plain Envoy.
    pub ratios: Vec<f64>,
    /// How many microseconds later than with the plain Envoy the answer begins, one request at a time.
    pub later: Vec<f64>,
}

/// Requests of each kind, one after the other, in each round of comparing when the answer begins.
const REQUESTS: usize = 40;

// === impl Passed ===

impl Passed {
    /// How many times as much processor time.
    pub fn ratio(&self) -> Result<Spread> {
        Spread::of(self.ratios.clone())
    }

    /// How many microseconds later the answer begins.
    pub fn later(&self) -> Result<Spread> {
        Spread::of(self.later.clone())
    }
}

/// Compares every way with the plain Envoy, in so many rounds.
pub fn compare(field: &Field, rounds: usize, length: Duration) -> Result<[Passed; WAYS.len()]> {
    let mut passed = <[Passed; WAYS.len()]>::default();
    for round in 0..rounds {
        for (way, passed) in WAYS.iter().zip(&mut passed) {
            way.round(field, round, length, passed)?;
        }
    }
    Ok(passed)
}

// === impl Way ===

impl Way {
    fn round(&self, field: &Field, number: usize, length: Duration, into: &mut Passed) -> Result<()> {
        field.stream(self.stream);
        let conversation = Arc::new(Conversation::with_model(SIZE, self.model, self.stream));
        let measure = |kind| self.measure(field, kind, &conversation, length);
        let (plain, whole) = if number.is_multiple_of(2) {
            let plain = measure(Kind::Plain)?;
            (plain, measure(Kind::Whole)?)
        } else {
            let whole = measure(Kind::Whole)?;
            (measure(Kind::Plain)?, whole)
        };
        into.ratios.push(whole.0 / plain.0);
        into.later.push(whole.1 - plain.1);
        Ok(())
    }

    /// Processor time of a request, and how long one waits for the answer to begin; both in microseconds.
    fn measure(
        &self,
        field: &Field,
        kind: Kind,
        conversation: &Arc<Conversation>,
        length: Duration,
    ) -> Result<(f64, f64)> {
        let contender = field.contender(kind)?;
        let plan = Plan {
            to: contender.envoy.address(),
            conversation: Arc::clone(conversation),
            text: Text::New,
            decided: kind.decides(),
            stream: self.stream,
        };
        let (slice, received) = field.saturate(contender, plan, length)?;
        let translated = received["max_tokens"].is_number();
        let expected = kind == Kind::Whole && self.provider != PROVIDER;
        ensure!(translated == expected, "the provider received another format than expected: {received}");
        contender.checked_records(self.provider)?;
        Ok((slice.micros, first_byte(contender, conversation)?))
    }
}

/// The median of how many microseconds pass until the first byte of an answer's body is there.
fn first_byte(contender: &Contender, conversation: &Conversation) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(contender.envoy.address()).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut waited = vec![];
        for _ in 0..REQUESTS {
            let request = Request::post("/v1/chat/completions")
                .header("host", "mesh.example")
                .header("content-type", "application/json")
                .body(Full::<Bytes>::new(conversation.request(next_number(), Text::New)))?;
            sender.ready().await?;
            let before = Instant::now();
            let mut body = sender.send_request(request).await?.into_body();
            body.frame().await.context("an answer without a body")??;
            waited.push(before.elapsed().as_secs_f64() * 1e6);
            body.collect().await?;
        }
        Ok(Spread::of(waited)?.median)
    })
}
