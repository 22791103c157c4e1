//! What the filter takes of a whole Envoy: time to start, memory for each worker, and time to activate a policy.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::contender::{Contender, Kind};
use super::conversation::{Conversation, Text};
use super::process::Process;
use super::statistics::Spread;
use super::upstream::Upstream;
use crate::client::Request;
use crate::mesh::{Delivery, Mesh};
use crate::waiting::eventually;

/// What starting takes, and what a VM takes.
#[derive(Debug)]
pub struct Footprint {
    /// Milliseconds from start to ready, without and with the filter.
    pub start: [Spread; 2],
    /// Milliseconds of processor time until ready, without and with the filter.
    pub start_time: [Spread; 2],
    /// Megabytes (10^6 bytes) of resident memory by number of workers, without and with the filter.
    pub memory: Vec<(usize, [f64; 2])>,
}

/// Numbers of workers whose memory is compared.
const WORKERS: [usize; 3] = [1, 4, 8];

/// Starts of each kind that are timed.
const STARTS: usize = 3;

// === impl Footprint ===

impl Footprint {
    /// Starts Envoys and looks at them.
    pub fn measure(policy: &Value, conversation: &Conversation) -> Result<Self> {
        let upstream = Upstream::start()?;
        let kinds = [Kind::Plain, Kind::Whole];
        let start = |kind| -> Result<(f64, f64)> {
            let contender = Contender::start(kind, policy, &upstream, 1)?;
            Ok((millis(contender.start), millis(contender.process().time()?)))
        };
        let mut starts = [vec![], vec![]];
        for _ in 0..STARTS {
            for (kind, starts) in kinds.into_iter().zip(&mut starts) {
                starts.push(start(kind)?);
            }
        }
        let of = |pick: fn(&(f64, f64)) -> f64| -> Result<[Spread; 2]> {
            let [plain, whole] = [&starts[0], &starts[1]].map(|all| Spread::of(all.iter().map(pick).collect()));
            Ok([plain?, whole?])
        };
        let (start, start_time) = (of(|(wall, _)| *wall)?, of(|(_, time)| *time)?);
        let mut memory = vec![];
        for workers in WORKERS {
            let of = |kind| memory_of(kind, policy, &upstream, workers, conversation);
            memory.push((workers, [of(Kind::Plain)?, of(Kind::Whole)?]));
        }
        Ok(Self { start, start_time, memory })
    }

    /// Megabytes that one more worker takes with the filter, beyond what it takes without: the price of a VM.
    pub fn each_vm(&self) -> Option<f64> {
        let [(few, [plain_few, whole_few]), .., (many, [plain_many, whole_many])] = self.memory.as_slice() else {
            return None;
        };
        Some(((whole_many - whole_few) - (plain_many - plain_few)) / (many - few) as f64)
    }
}

/// Resident memory after each worker has most likely served some requests.
fn memory_of(kind: Kind, policy: &Value, upstream: &Upstream, workers: usize, chat: &Conversation) -> Result<f64> {
    let contender = Contender::start(kind, policy, upstream, workers)?;
    // Each on a connection of its own: the kernel spreads connections over workers.
    for number in 0..16 * workers as u64 {
        let request = Request::post("/v1/chat/completions", chat.request(number, Text::New));
        request.send(contender.envoy.address())?;
    }
    Ok(contender.process().memory()? as f64 / 1e6)
}

/// Milliseconds of one worker's time that a new policy takes in a running Envoy.
pub fn activation(policy: &Value) -> Result<Spread> {
    /// Policies that are sent, one after the other.
    const UPDATES: u64 = 10;
    const TAKEN: &str = "extension_config_discovery.http_filter.policymesh.config_reload";
    let mesh = Mesh::start_with(policy, Delivery::Ecds, |starter| starter)?;
    let taken = || mesh.envoy.stats().get(TAKEN).copied().unwrap_or(0);
    let worker = || Process::of(mesh.envoy.process_id()).time_of_threads("wrk:worker_");
    // A request is answered after the worker is done with what came before, and takes some time itself.
    let ask = || mesh.line(&mesh.send(&Request::chat("gpt-4o", "hello")))["audit"]["policy"]["version"].take();
    let mut alone = vec![];
    for _ in 0..UPDATES {
        let before = worker()?;
        ask();
        alone.push(millis(worker()?.saturating_sub(before)));
    }
    let alone = Spread::of(alone)?.median;
    let mut times = vec![];
    for update in 1..=UPDATES {
        let (before, count) = (worker()?, taken());
        let mut policy = policy.clone();
        policy["metadata"]["version"] = json!(update.to_string());
        mesh.replace_policy(&policy)?;
        eventually(|| (taken() > count).then_some(())).context("Envoy does not take the policy")?;
        let decided = ask();
        ensure!(decided == update.to_string().as_str(), "policy {decided} decided after {update} was sent");
        times.push(millis(worker()?.saturating_sub(before)) - alone);
    }
    Spread::of(times)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
