//! `policymesh replay`: what a policy would have decided of recorded requests.

mod show;

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use policy::replay::{Replay, Summary};
use serde_json::json;

use super::input;
use super::selection::Selection;
use crate::client::Server;
use crate::terminal::Style;

/// Decides recorded requests once more, by another policy: what would go elsewhere, and what it would cost.
///
/// No prompt is needed: the records hold the facts. Where the policy asks for something that was not recorded, the
/// decision is indeterminate, and counted as such. Without files the control service is asked, for the records that it
/// has.
#[derive(clap::Args)]
pub struct ReplayCommand {
    /// The policy, YAML or JSON.
    policy: PathBuf,

    /// Files of Envoy's access log, or of records by themselves; `-` is standard input. None for those of the control service.
    logs: Vec<PathBuf>,

    /// A policy that was in force: it says what was looked for, and so recorded. The control service knows its own.
    #[arg(long, value_name = "POLICY", requires = "logs")]
    recorded: Vec<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    server: Server,

    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// The longest line that is read, in bytes; a record is some thousand.
const LONGEST: u64 = 4 << 20;

// === impl ReplayCommand ===

impl ReplayCommand {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let document = input::read(&self.policy)?;
        let Some(policy) = input::parse(&self.policy, &document) else { return Ok(ExitCode::from(1)) };
        let summary = match self.logs.as_slice() {
            [] => self.served(document)?,
            logs => {
                let mut recorded = Vec::new();
                for path in &self.recorded {
                    let Some(policy) = input::policy(path)? else { return Ok(ExitCode::from(1)) };
                    recorded.push(policy);
                }
                let mut replay = Replay::new(&policy, &recorded);
                for log in logs {
                    feed(log, &mut replay).with_context(|| format!("cannot read `{}`", log.display()))?;
                }
                replay.finish()
            }
        };
        let shown = if self.json {
            format!("{:#}\n", serde_json::to_value(&summary)?)
        } else {
            show::text(&summary, Style::of_stdout())
        };
        stdout().write_all(shown.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }

    /// Over the records that the control service has.
    fn served(&self, document: Vec<u8>) -> anyhow::Result<Summary> {
        let document = String::from_utf8(document).context("the policy is no text")?;
        let wanted = json!({"document": document, "records": self.selection});
        self.server.client()?.patient().post("/v1/replay", None, &wanted)?.json()
    }
}

fn feed(path: &Path, replay: &mut Replay<'_>) -> std::io::Result<()> {
    let mut reader: Box<dyn BufRead> = match path.to_str() {
        Some("-") => Box::new(stdin().lock()),
        _ => Box::new(BufReader::with_capacity(1 << 20, File::open(path)?)),
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        replay.add(&line);
    }
}
