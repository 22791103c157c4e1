//! `make bench`: what the filter costs, next to the same Envoy without it, in one run on this machine.
//!
//! Load and provider run in this process, whose processor time is not counted; Envoy's is, by Linux's own account. Every
//! answer is checked, and so is a sample of what the provider received and of what the filter recorded.

pub mod answers;
pub mod contender;
pub mod conversation;
pub mod envoys;
pub mod load;
mod lone;
pub mod native;
pub mod outage;
pub mod pairs;
pub mod process;
pub mod report;
pub mod statistics;
pub mod upstream;
pub mod ways;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::place;
use contender::Kind;
use conversation::Conversation;
use envoys::Footprint;
use native::Native;
use outage::Outage;
use pairs::{Compared, Field};
use report::Report;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Effort {
    /// Pairs of slices for each comparison.
    pub rounds: usize,
    /// How long each slice takes.
    pub slice: Duration,
    /// The sizes of bodies, in bytes.
    pub sizes: Vec<usize>,
}

/// The sizes of bodies that are compared, in bytes.
pub const SIZES: [usize; 4] = [1 << 10, 8 << 10, 64 << 10, 512 << 10];

impl Default for Effort {
    /// What takes less than ten minutes.
    fn default() -> Self {
        Self { rounds: 9, slice: Duration::from_millis(700), sizes: SIZES.to_vec() }
    }
}

/// Measures everything, and tells `progress` what comes next. An answer that is not right is an error.
pub fn run(effort: &Effort, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    let policy = policy()?;
    progress("starting the Envoys");
    let field = Field::start(&policy)?;
    let compared = compare(&field, effort, progress)?;
    progress("comparing what is translated, and streams");
    let passed = ways::compare(&field, effort.rounds, effort.slice)?;
    let (major, minor) = field.contender(Kind::Plain)?.envoy.version();
    drop(field);
    progress("letting a provider die under load");
    let outage = Outage::run(&policy, 2 * effort.slice)?;
    let largest = Conversation::of(effort.sizes.iter().copied().max().context("there is a size")?);
    progress("reading without Wasm");
    let native = Native::measure(&policy, &largest)?;
    progress("activating policies in Envoy");
    let activation = envoys::activation(&default_policy()?)?;
    progress("starting Envoys with more and more workers");
    let footprint = Footprint::measure(&policy, &Conversation::of(64 << 10))?;
    let module = fs::metadata(place::filter_module())?.len();
    let envoy = format!("{major}.{minor}");
    Ok(Report { envoy, module, effort: effort.clone(), compared, passed, outage, native, activation, footprint })
}

fn compare(field: &Field, effort: &Effort, progress: &mut dyn FnMut(&str)) -> Result<Vec<Compared>> {
    let conversations: Vec<_> = effort.sizes.iter().map(|size| Arc::new(Conversation::of(*size))).collect();
    for conversation in &conversations {
        field.prove(conversation)?;
    }
    progress("warming up");
    field.warm_up(&conversations, effort.slice)?;
    let mut compared: Vec<_> = effort.sizes.iter().map(|size| Compared::of(*size)).collect();
    for round in 0..effort.rounds {
        progress(&format!("comparing, round {} of {}", round + 1, effort.rounds));
        for (conversation, compared) in conversations.iter().zip(&mut compared) {
            field.round(conversation, round, effort.slice, compared)?;
        }
    }
    Ok(compared)
}

/// The default policy, as it is shipped.
pub fn default_policy() -> Result<Value> {
    let file = place::repository().join("envoy/policy.yaml");
    Ok(serde_saphyr::from_str(&fs::read_to_string(file)?)?)
}

/// The same with one more model, whose name is not its provider's id for it: then the adapter has something to do.
pub fn policy() -> Result<Value> {
    let mut policy = default_policy()?;
    let models = policy["spec"]["models"].as_array_mut().context("the policy has models")?;
    models.push(json!({"name": conversation::ASKED, "provider": "openai", "id": "gpt-4o", "context": 1_000_000}));
    Ok(policy)
}
