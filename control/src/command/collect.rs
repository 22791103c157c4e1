//! `policymesh collect`: the durable copy of the audit records, from a node's access log file to the control service.

mod tail;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

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

    /// The id of the node that writes it: `node.id` in its bootstrap.
    #[arg(long, default_value = "policymesh", value_name = "ID")]
    node: String,

    /// The file that keeps how far it has been read [default: the log's name and `.collected`].
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Reads what is there, and ends.
    #[arg(long)]
    once: bool,

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
        let client = self.server.client()?;
        let state = self.state.clone().unwrap_or_else(|| {
            let mut name = self.file.clone().into_os_string();
            name.push(".collected");
            name.into()
        });
        let mut tail = Tail::resume(&self.file, &state)?;
        let mut brought = Brought::default();
        loop {
            let Some(chunk) = tail.next()? else {
                if self.once {
                    say!("{} new, {} known before", brought.new, brought.known);
                    return Ok(ExitCode::SUCCESS);
                }
                std::thread::sleep(PAUSE);
                continue;
            };
            self.bring(&client, &chunk, &mut brought)?;
            tail.keep(&chunk)?;
        }
    }

    /// Brings records until the service has them. With --once a service that is away ends it.
    fn bring(&self, client: &Client, chunk: &Chunk, brought: &mut Brought) -> anyhow::Result<()> {
        let records = records(chunk);
        if records.is_empty() {
            return Ok(());
        }
        let body = json!({"node": self.node, "records": records});
        loop {
            let answer = client.post("/v1/records", None, &body);
            match answer.and_then(|answer| answer.json::<Value>()) {
                Ok(taken) => {
                    brought.new += part(&taken, "/new").as_u64().unwrap_or(0);
                    brought.known += part(&taken, "/known").as_u64().unwrap_or(0);
                    if let Some(reason) = part(&taken, "/reason").as_str() {
                        eprintln!("policymesh: {} lines hold no record: {reason}", part(&taken, "/unreadable"));
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

/// The records in whole lines. A line that is no JSON, or that has no record, has nothing to bring.
fn records(chunk: &Chunk) -> Vec<Value> {
    let lines = chunk.text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.filter_map(|mut line| line.get_mut("audit").map(Value::take)).filter(Value::is_object).collect()
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
