//! A provider that dies under load: no request may be lost that another can serve.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::contender::{Contender, Kind, PROVIDER};
use super::conversation::{Conversation, Text};
use super::load::{Load, Plan};
use super::upstream::Upstream;
use crate::waiting::eventually;

/// How many requests were answered, all of them right.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// While the provider lived.
    pub before: u64,
    /// After it had died, by another.
    pub after: u64,
}

// === impl Outage ===

impl Outage {
    /// Lets the provider of the model that is asked for die in the middle of a load. A request that is lost is an error.
    pub fn run(policy: &Value, length: Duration) -> Result<Self> {
        let (dying, other) = (Upstream::start()?, Upstream::start()?);
        let at = |name: &str| if name == PROVIDER { dying.address() } else { other.address() };
        let contender = Contender::in_front_of(Kind::Whole, policy, at, 1)?;
        let plan = Plan {
            to: contender.envoy.address(),
            conversation: Arc::new(Conversation::of(8 << 10)),
            text: Text::New,
            decided: true,
            stream: false,
        };
        let load = Load::start(plan)?;
        let begun = eventually(|| Some(load.answered()).filter(|count| !matches!(count, Ok(0))));
        begun.context("Envoy does not answer")??;
        sleep(length);
        drop(dying);
        let before = load.answered()?;
        sleep(length);
        let after = load.answered()? - before;
        drop(load);
        let records = contender.take_records()?;
        ensure!(!records.is_empty() && after > 0, "{after} requests were answered after the provider had died");
        Ok(Self { before, after })
    }
}
