//! Processor time a request, measured in pairs: the plain Envoy and another back to back, in turn the one and the other first.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::contender::{Contender, Kind, PROVIDER};
use super::conversation::{ASKED, Conversation, Text};
use super::load::{CONNECTIONS, Load, Plan};
use super::statistics::Spread;
use super::upstream::Upstream;
use crate::client::Request;
use crate::waiting::eventually;

/// What is compared with the plain Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rival {
    /// What it is called.
    pub name: &'static str,
    /// Which Envoy serves it.
    pub kind: Kind,
    /// What is sent to it.
    pub text: Text,
}

/// Everything that is compared.
pub const RIVALS: [Rival; 5] = [
    Rival { name: "buffer filter", kind: Kind::Buffer, text: Text::New },
    Rival { name: "router, new text", kind: Kind::Router, text: Text::New },
    Rival { name: "router, history seen before", kind: Kind::Router, text: Text::NewTurn },
    Rival { name: "router and adapter, new text", kind: Kind::Whole, text: Text::New },
    Rival { name: "router and adapter, history", kind: Kind::Whole, text: Text::NewTurn },
];

/// What a slice of time showed.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Processor time of Envoy in microseconds a request.
    pub micros: f64,
    /// The part of the time that a processor was busy with Envoy.
    pub busy: f64,
}

/// What came out for one size of body.
#[derive(Debug, Default)]
pub struct Compared {
    /// The size of the bodies in bytes.
    pub size: usize,
    /// Of the plain Envoy: microseconds a request, and how busy it was.
    pub plain: Vec<Slice>,
    /// For each rival: how many times as much a request takes.
    pub ratios: [Vec<f64>; RIVALS.len()],
    /// For each rival: what its records say.
    pub read: [Read; RIVALS.len()],
}

/// What the filter's own records say of reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read {
    /// Bytes of bodies.
    pub bytes: u64,
    /// Bytes of text in them.
    pub text: u64,
    /// Those of them that had been seen before.
    pub remembered: u64,
    /// Time spent on reading and deciding.
    pub micros: u64,
}

/// The Envoys, and the provider behind them.
pub struct Field {
    upstream: Upstream,
    contenders: Vec<Contender>,
}

// === impl Field ===

impl Field {
    /// Starts them all, with one worker each.
    pub fn start(policy: &Value) -> Result<Self> {
        let upstream = Upstream::start()?;
        let kinds = [Kind::Plain, Kind::Buffer, Kind::Router, Kind::Whole];
        let contenders = kinds.map(|kind| Contender::start(kind, policy, &upstream, 1));
        Ok(Self { contenders: contenders.into_iter().collect::<Result<_>>()?, upstream })
    }

    /// The Envoy of this kind.
    pub fn contender(&self, kind: Kind) -> Result<&Contender> {
        self.contenders.iter().find(|contender| contender.kind == kind).context("every kind was started")
    }

    /// Shows that those who decide read the whole of a body: something sensitive in its midst goes nowhere near the cloud.
    pub fn prove(&self, conversation: &Conversation) -> Result<()> {
        for contender in self.contenders.iter().filter(|contender| contender.kind.decides()) {
            let ask = |text: &str| Request::post("/v1/chat/completions", conversation.with(text));
            let refused = ask("The key is AKIAQ3EGUBZJ5XPKW7ML now.").send(contender.envoy.address())?;
            ensure!(refused.status == 403, "{:?} lets a key through: {}", contender.kind, refused.text());
            let record = eventually(|| contender.take_records().ok()?.pop()).context("a refusal leaves no record")?;
            ensure!(record["rule"] == "secrets are refused", "{record:#}");
        }
        Ok(())
    }

    /// Lets V8 compile the parts of the module that are used much, which it does while they run.
    pub fn warm_up(&self, conversations: &[Arc<Conversation>], length: Duration) -> Result<()> {
        for (rival, conversation) in RIVALS.iter().flat_map(|rival| conversations.iter().map(move |one| (rival, one))) {
            self.slice(rival.kind, conversation, rival.text, length)?;
        }
        Ok(())
    }

    /// One pair for each rival. In every other round, the rival comes first.
    pub fn round(
        &self,
        conversation: &Arc<Conversation>,
        number: usize,
        length: Duration,
        into: &mut Compared,
    ) -> Result<()> {
        for (index, rival) in RIVALS.iter().enumerate() {
            let measure = |kind, text| self.slice(kind, conversation, text, length);
            let (plain, (other, read)) = if number.is_multiple_of(2) {
                let (plain, _) = measure(Kind::Plain, rival.text)?;
                (plain, measure(rival.kind, rival.text)?)
            } else {
                let other = measure(rival.kind, rival.text)?;
                (measure(Kind::Plain, rival.text)?.0, other)
            };
            into.plain.push(plain);
            into.ratios[index].push(other.micros / plain.micros);
            into.read[index].add(read);
        }
        Ok(())
    }

    /// Saturates an Envoy for a while.
    pub fn slice(
        &self,
        kind: Kind,
        conversation: &Arc<Conversation>,
        text: Text,
        length: Duration,
    ) -> Result<(Slice, Read)> {
        let contender = self.contender(kind)?;
        let plan = Plan {
            to: contender.envoy.address(),
            conversation: Arc::clone(conversation),
            text,
            decided: kind.decides(),
            stream: false,
        };
        self.upstream.stream(false);
        let (slice, received) = self.saturate(contender, plan, length)?;
        check_received(&received, kind, conversation, text)?;
        Ok((slice, Read::of(&contender.checked_records(PROVIDER)?)))
    }

    /// Saturates an Envoy for a while with some requests, and tells of one of them what the provider received.
    pub fn saturate(&self, contender: &Contender, plan: Plan, length: Duration) -> Result<(Slice, Value)> {
        /// Connections are open, buffers have grown, and the history is known.
        const WARM: u64 = 3 * CONNECTIONS as u64;
        let load = Load::start(plan)?;
        let warm = eventually(|| Some(load.answered()).filter(|count| !matches!(count, Ok(..WARM))));
        warm.context("Envoy does not answer")??;
        contender.take_records()?;
        let process = contender.process();
        let before = (Instant::now(), process.time()?, load.answered()?);
        sleep(length);
        // However short the slice, each connection has had an answer.
        let enough =
            || Some(load.answered()).filter(|count| !matches!(count, Ok(count) if *count < before.2 + WARM / 3));
        eventually(enough).context("Envoy does not answer")??;
        let after = (Instant::now(), process.time()?, load.answered()?);
        let received = eventually(|| self.received_since(load.first)).context("the provider received nothing")?;
        drop(load);
        let (time, requests) = (after.1.saturating_sub(before.1).as_secs_f64(), after.2 - before.2);
        let busy = time / after.0.duration_since(before.0).as_secs_f64();
        Ok((Slice { micros: time * 1e6 / requests as f64, busy }, received))
    }

    /// Whether the provider streams its answers from now on.
    pub fn stream(&self, streams: bool) {
        self.upstream.stream(streams);
    }

    /// A body that the provider received, of a request of this number or a later one: those before may still be on their way.
    fn received_since(&self, first: u64) -> Option<Value> {
        let kept = self.upstream.kept();
        self.upstream.keep_one();
        kept.filter(|body| Conversation::number(body).is_none_or(|number| number >= first))
    }
}

/// Fails unless the provider received what was sent.
fn check_received(received: &Value, kind: Kind, conversation: &Conversation, text: Text) -> Result<()> {
    let number = Conversation::number(received).context("the provider received something else")?;
    let mut sent: Value = serde_json::from_slice(&conversation.request(number, text))?;
    // The adapter puts the model's id in place of its name.
    sent["model"] = if kind == Kind::Whole { "gpt-4o".into() } else { ASKED.into() };
    ensure!(*received == sent, "the provider received something else than was sent through {kind:?}");
    Ok(())
}

// === impl Compared ===

impl Compared {
    /// What was measured for bodies of this size.
    pub fn of(size: usize) -> Self {
        Self { size, ..Self::default() }
    }

    /// Microseconds a request of the plain Envoy.
    pub fn plain(&self) -> Result<Spread> {
        Spread::of(self.plain.iter().map(|slice| slice.micros).collect())
    }

    /// The part of the time that the plain Envoy was busy, in the median.
    pub fn busy(&self) -> Result<Spread> {
        Spread::of(self.plain.iter().map(|slice| slice.busy).collect())
    }

    /// How many times as much a request takes with this rival.
    pub fn ratio(&self, rival: usize) -> Result<Spread> {
        Spread::of(self.ratios[rival].clone())
    }

    /// What one rival takes more than another, in units of the plain Envoy, round by round.
    pub fn difference(&self, rival: usize, other: usize) -> Result<Spread> {
        let pairs = self.ratios[rival].iter().zip(&self.ratios[other]);
        Spread::of(pairs.map(|(one, other)| one - other).collect())
    }
}

// === impl Read ===

impl Read {
    fn of(records: &[Value]) -> Self {
        let sum = |field: &str| records.iter().filter_map(|record| record["scan"][field].as_f64()).sum::<f64>() as u64;
        Self {
            bytes: sum("body_bytes"),
            text: sum("text_bytes"),
            remembered: sum("remembered_bytes"),
            micros: sum("micros"),
        }
    }

    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.text += other.text;
        self.remembered += other.remembered;
        self.micros += other.micros;
    }

    /// Megabytes of body (10^6 bytes) a second; `None` if nothing was read.
    pub fn speed(self) -> Option<f64> {
        (self.micros > 0).then(|| self.bytes as f64 / self.micros as f64)
    }

    /// The part of the text that had been seen before.
    pub fn remembered(self) -> f64 {
        self.remembered as f64 / self.text.max(1) as f64
    }
}
