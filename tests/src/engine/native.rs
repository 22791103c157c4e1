//! The policy core as an engine: the state machine of an exchange, without a host around it.
//!
//! It decides but sends nothing, so it cannot tell what a provider received.

use std::rc::Rc;

use anyhow::{Context, Result, bail};
use policy::bundle::Bundle;
use policy::case::Sent;
use policy::exchange::{Arrival, Engine as InForce, Exchange, Secrets, Step};
use serde_json::{Value, json};

use crate::corpus::{Engine, Observed};

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
        let step = sent.lead(&mut exchange).context("the exchange holds the request for ever")?;
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
