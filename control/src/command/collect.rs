//! `policymesh collect`: the durable copy of the audit records, from a node's access log file to the control service.

mod tail;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::bundle::pull::{Trust, added};
use super::recipient::Node;
use crate::bundle::keep::Files;
use crate::client::{Client, Server, part};
use crate::terminal::say;
use tail::{Chunk, Tail};

/// Follows a node's access log file and brings its audit records to the control service.
///
/// Each record arrives at least once, and is kept once: what came by the stream is known by its number. How far the file
/// has been read is kept beside it, so that a restart goes on where it was, also after the file was rotated. While the
/// service is away nothing is lost: reading waits.
#[derive(clap::Args)]
pub struct Collect {
    /// The access log file, one JSON object a line, with the record under `audit`.
    file: PathBuf,

    #[command(flatten)]
    node: Node,

    /// The file that keeps how far it has been read [default: the log's name and `.collected`].
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Reads what is there, and ends.
    #[arg(long)]
    once: bool,

    /// Keeps the node's policy in this file, `.yaml` or `.json`, too, as `policymesh bundle pull` does: an Envoy that reads it from
    /// there (`policymesh envoy render --mode ecds`) has its last policy also while the service is away. The bundle is kept
    /// beside it, in a file of its name and `.bundle`.
    #[arg(long, requires = "public_key", value_name = "FILE")]
    policy_file: Option<PathBuf>,

    #[command(flatten)]
    trust: Trust,

    #[command(flatten)]
    server: Server,
}

/// What was brought.
#[derive(Default)]
struct Brought {
    new: u64,
    known: u64,
}

/// How long to wait for more, and for a service that is away.
const PAUSE: Duration = Duration::from_millis(500);

// === impl Collect ===

impl Collect {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        // With --once the records are brought whatever becomes of the policy.
        let kept = match self.keep_policy() {
            Err(reason) if !self.once => return Err(reason),
            kept => kept,
        };
        let (client, node) = (self.server.client()?, self.node.recipient()?.id);
        let state = self.state.clone().unwrap_or_else(|| added(&self.file, ".collected"));
        ensure!(!self.once || self.file.exists(), "cannot read `{}`: there is no such file", self.file.display());
        let mut tail = Tail::resume(&self.file, &state)?;
        let mut brought = Brought::default();
        loop {
            let Some(chunk) = tail.next()? else {
                if self.once {
                    say!("{} new, {} known before", brought.new, brought.known);
                    return kept.map(|()| ExitCode::SUCCESS);
                }
                std::thread::sleep(PAUSE);
                continue;
            };
            self.bring(&client, &node, &chunk, &mut brought)?;
            tail.keep(&chunk)?;
        }
    }

    /// Keeps the node's policy, if that is wanted: once, or for as long as the process lives.
    fn keep_policy(&self) -> anyhow::Result<()> {
        let Some(policy) = self.policy_file.clone() else { return Ok(()) };
        let files = Files { bundle: added(&policy, ".bundle"), policy };
        let mut puller = self.trust.puller(&self.node, &self.server, files)?;
        if self.once {
            return puller.once().map(drop);
        }
        std::thread::Builder::new().spawn(move || puller.watch()).context("cannot start a thread").map(drop)
    }

    /// Brings records until the service has them. With --once a service that is away ends it.
    fn bring(&self, client: &Client, node: &str, chunk: &Chunk, brought: &mut Brought) -> anyhow::Result<()> {
        let Lines { records, garbled } = lines(chunk);
        if garbled > 0 {
            eprintln!(
                "policymesh: lines that are no JSON: {garbled}; a record that was in one of them shows as missing"
            );
        }
        if records.is_empty() {
            return Ok(());
        }
        let body = json!({"node": node, "records": records});
        loop {
            let answer = client.post("/v1/records", None, &body);
            match answer.and_then(|answer| answer.json::<Value>()) {
                Ok(taken) => {
                    brought.new += part(&taken, "/new").as_u64().unwrap_or(0);
                    brought.known += part(&taken, "/known").as_u64().unwrap_or(0);
                    if let Some(reason) = part(&taken, "/reason").as_str() {
                        eprintln!(
                            "policymesh: lines that hold no record: {}; the first because {reason}",
                            part(&taken, "/unreadable")
                        );
                    }
                    return Ok(());
                }
                Err(reason) if self.once => return Err(reason),
                Err(reason) => {
                    eprintln!("policymesh: {reason:#}; trying again");
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }
}

/// What whole lines hold.
#[derive(Default)]
struct Lines {
    /// The records. A line without one has nothing to bring.
    records: Vec<Value>,
    /// How many lines are no JSON.
    garbled: usize,
}

fn lines(chunk: &Chunk) -> Lines {
    let mut lines = Lines::default();
    for line in chunk.text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match serde_json::from_slice::<Value>(line) {
            Ok(mut line) => {
                let record = line.get_mut("audit").map(Value::take).filter(Value::is_object);
                lines.records.extend(record);
            }
            Err(_) => lines.garbled += 1,
        }
    }
    lines
}

/// Tells where a file is in words, for errors.
fn named(file: &std::path::Path) -> impl FnOnce() -> String {
    let file = file.display().to_string();
    move || format!("cannot read `{file}`")
}

/// Adds which file it is about.
fn reading<T>(result: std::io::Result<T>, file: &std::path::Path) -> anyhow::Result<T> {
    result.with_context(named(file))
}
