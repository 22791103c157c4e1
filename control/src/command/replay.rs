//! `policymesh replay`: what a policy would have decided of recorded requests.

mod show;

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use policy::replay::Replay;

use super::input;
use crate::terminal::Style;

/// Decides recorded requests once more, by another policy: what would go elsewhere, and what it would cost.
///
/// No prompt is needed: the records hold the facts. Where the policy asks for something that was not recorded, the
/// decision is indeterminate, and counted as such.
#[derive(clap::Args)]
pub struct ReplayCommand {
    /// The policy, YAML or JSON.
    policy: PathBuf,

    /// Files of Envoy's access log, or of records by themselves; `-` is standard input.
    #[arg(required = true)]
    logs: Vec<PathBuf>,

    /// A policy that was in force: it says what was looked for, and so recorded.
    #[arg(long, value_name = "POLICY")]
    recorded: Vec<PathBuf>,

    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// The longest line that is read, in bytes; a record is some thousand.
const LONGEST: u64 = 4 << 20;

// === impl ReplayCommand ===

impl ReplayCommand {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(policy) = input::policy(&self.policy)? else { return Ok(ExitCode::from(1)) };
        let mut recorded = Vec::new();
        for path in &self.recorded {
            let Some(policy) = input::policy(path)? else { return Ok(ExitCode::from(1)) };
            recorded.push(policy);
        }
        let mut replay = Replay::new(&policy, &recorded);
        for log in &self.logs {
            feed(log, &mut replay).with_context(|| format!("cannot read `{}`", log.display()))?;
        }
        let summary = replay.finish();
        let shown = if self.json {
            format!("{:#}\n", serde_json::to_value(&summary)?)
        } else {
            show::text(&summary, Style::of_stdout())
        };
        stdout().write_all(shown.as_bytes())?;
        Ok(ExitCode::SUCCESS)
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
