//! How fast the core reads where it is compiled for this machine, to compare with what it does as Wasm in Envoy.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use policy::bundle::Bundle;
use policy::exchange::{Arrival, Engine, Exchange, Header, Secrets, Step};
use serde_json::{Value, json};

use super::conversation::{Conversation, Text};
use super::statistics::Spread;

/// What the core does, and how long it takes to begin.
#[derive(Debug)]
pub struct Native {
    /// Megabytes (10^6 bytes) of body a second that are read, classified and decided, all of it new.
    pub new: Spread,
    /// The same where all but the last turn was seen before.
    pub history: Spread,
    /// Milliseconds until a policy is in force.
    pub activation: Spread,
}

/// Envoy hands over a body in about such pieces.
const PIECE: usize = 16 * 1024;

/// Requests of each kind that are timed.
const REQUESTS: u64 = 30;

/// Activations that are timed.
const ACTIVATIONS: usize = 10;

// === impl Native ===

impl Native {
    /// Reads requests of this conversation under this policy.
    pub fn measure(policy: &Value, conversation: &Conversation) -> Result<Self> {
        let bundle = json!({"role": "router", "policy": policy}).to_string();
        let (engine, _) = activate(&bundle)?;
        let activations = (0..ACTIVATIONS).map(|_| Ok(activate(&bundle)?.1)).collect::<Result<Vec<_>>>()?;
        let milliseconds = activations.iter().map(|time| time.as_secs_f64() * 1e3);
        let speed = |text| {
            let time = |number| read(&engine, &conversation.request(number, text), number);
            let speed = |time: Duration| conversation.length() as f64 / time.as_secs_f64() / 1e6;
            Spread::of((1..=REQUESTS).map(|number| time(number).map(speed)).collect::<Result<_>>()?)
        };
        let (new, history) = (speed(Text::New)?, speed(Text::NewTurn)?);
        Ok(Self { new, history, activation: Spread::of(milliseconds.collect())? })
    }
}

fn activate(bundle: &str) -> Result<(Rc<Engine>, Duration)> {
    let before = Instant::now();
    let parsed = Bundle::parse(bundle.as_bytes()).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let Bundle::Router(policies) = parsed.0 else { bail!("a bundle with a policy is a router's") };
    let engine = Engine::new(policies.live, Secrets::default());
    Ok((Rc::new(engine), before.elapsed()))
}

/// How long it takes to read a body and to decide.
fn read(engine: &Rc<Engine>, body: &[u8], number: u64) -> Result<Duration> {
    let headers = [
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        (":authority", "mesh.example"),
        ("content-type", "application/json"),
    ];
    let headers: Vec<Header> = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
    let before = Instant::now();
    let mut exchange = Exchange::new(Rc::clone(engine), Arrival { time: 0, sequence: number });
    let mut step = exchange.on_request_headers(&headers, &|_| None, false);
    let mut pieces = body.chunks(PIECE).peekable();
    while let Some(piece) = pieces.next() {
        step = exchange.on_request_body(piece, pieces.peek().is_none());
    }
    let time = before.elapsed();
    ensure!(matches!(step, Step::Forward(_)), "the core did not let it pass: {step:?}");
    Ok(time)
}
