//! The policy core as an engine: the state machine of an exchange, without a host around it.
//!
//! It decides but sends nothing, so it cannot tell what a provider received.

use std::rc::Rc;

use anyhow::{Context, Result, bail};
use policy::bundle::Bundle;
use policy::exchange::{Arrival, Engine as InForce, Exchange, Header, Secrets, Step};
use serde_json::{Value, json};

use crate::corpus::{Engine, Observed, Sent};

/// The policy core with one policy in force.
pub struct Native {
    engine: Rc<InForce>,
    sequence: u64,
}

// === impl Native ===

impl Native {
    /// Puts a policy in force.
    pub fn new(policy: &Value) -> Result<Self> {
        let written = json!({"role": "router", "policy": policy}).to_string();
        match Bundle::parse(written.as_bytes()) {
            Ok((Bundle::Router(policies), _)) => {
                Ok(Self { engine: Rc::new(InForce::new(policies.live, Secrets::default())), sequence: 0 })
            }
            Ok((Bundle::Adapter, _)) => bail!("a bundle with a policy is a router's"),
            Err(problems) => bail!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }
}

impl Engine for Native {
    fn decide(&mut self, sent: &Sent) -> Result<Observed> {
        self.sequence += 1;
        let arrival = Arrival { time: NOON, sequence: self.sequence };
        let mut exchange = Exchange::new(Rc::clone(&self.engine), arrival);
        let step = lead(&mut exchange, sent).context("the exchange holds the request for ever")?;
        let status = match &step {
            Step::Refuse(refusal) => Some(refusal.status),
            Step::Answer(_) => Some(200),
            Step::Forward(_) | Step::Hold | Step::Reread => None,
        };
        Ok(Observed { record: serde_json::to_value(exchange.record())?, status, ..Observed::default() })
    }
}

/// A moment; which one does not matter to a decision.
const NOON: u64 = 1_800_000_000_000_000_000;

/// Leads a request through an exchange, as Envoy would: the first step that does not hold it ends it.
fn lead(exchange: &mut Exchange, sent: &Sent) -> Option<Step> {
    let pseudo =
        [(":method", &*sent.method), (":path", &*sent.path), (":authority", "mesh.example"), (":scheme", "http")];
    let given = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let header = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.as_bytes().to_vec());
    let headers: Vec<Header> = pseudo.into_iter().chain(given).map(header).collect();
    let ends = sent.chunks.is_empty() && sent.trailers.is_empty();
    let mut step = exchange.on_request_headers(&headers, &|_| None, ends);
    let last = sent.chunks.len().checked_sub(1).filter(|_| sent.trailers.is_empty());
    for (index, chunk) in sent.chunks.iter().enumerate() {
        if step != Step::Hold {
            return Some(step);
        }
        step = exchange.on_request_body(chunk, Some(index) == last);
    }
    if step == Step::Hold && !sent.trailers.is_empty() {
        step = exchange.on_request_trailers();
    }
    while step == Step::Reread {
        step = exchange.on_reread(&sent.chunks.concat(), true);
    }
    Some(step).filter(|step| *step != Step::Hold)
}
