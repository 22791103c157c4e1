//! `policymesh why`: why a recorded request was decided as it was, and what would have changed it.

mod served;

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use policy::audit::Record;
use policy::facts::Facts;
use policy::policy::Policy;
use policy::why::Why;
use serde_json::{Value, json};

use super::explain::paint;
use super::input;
use crate::client::Server;
use crate::terminal::Style;

/// Tells why a recorded request was decided as it was, and what would have changed it. Nothing of the prompt is needed.
///
/// By its id alone, the control service is asked: it has the record and the policy of that moment. With --policy, nobody
/// is: the facts of a record in a file are decided again, which with the policy that was in force is the decision as it
/// fell.
#[derive(clap::Args)]
pub struct WhyCommand {
    /// The decision's id, `x-policymesh-decision-id`, or Envoy's `x-request-id`; `latest` for that of the newest record. With
    /// --policy: a file with lines of
    /// Envoy's access log, or records by themselves; `-` is standard input.
    request: String,

    /// The policy, YAML or JSON.
    #[arg(long)]
    policy: Option<PathBuf>,

    /// With --policy: which decision or request, where there are several lines: its id.
    #[arg(long, requires = "policy")]
    id: Option<String>,

    #[command(flatten)]
    server: Server,

    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

// === impl WhyCommand ===

impl WhyCommand {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(policy) = &self.policy else { return served::show(&self.request, &self.server, self.json) };
        let Some(policy) = input::policy(policy)? else { return Ok(ExitCode::from(1)) };
        let record = find(&input::read(Path::new(&self.request))?, self.id.as_deref())?;
        let Some(facts) = record.facts.as_ref().filter(|_| record.decision.is_some()) else {
            bail!("no decision fell on this request: its action is `{}`", record.action.name());
        };
        let style = Style::of_stdout();
        let why = policy.why(facts);
        let shown = if self.json {
            format!("{:#}\n", to_json(&record, &why))
        } else {
            show(&policy, &record, facts, &why, style)
        };
        stdout().write_all(shown.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The record of this id; without one, the only one.
fn find(lines: &[u8], id: Option<&str>) -> anyhow::Result<Record> {
    let mut found = None;
    for (number, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        // Looking for the id first spares parsing a whole log.
        if id.is_some_and(|id| !line.windows(id.len()).any(|bytes| bytes == id.as_bytes())) {
            continue;
        }
        let record = parse(line).with_context(|| format!("line {} is no record", number + 1))?;
        let is_it = |id: &str| {
            record.decision_id.as_str() == id || record.request_id.as_ref().is_some_and(|known| known.as_str() == id)
        };
        match (id, &found) {
            (Some(id), _) if is_it(id) => return Ok(record),
            (Some(_), _) => {}
            (None, None) => found = Some(record),
            (None, Some(_)) => bail!("there are several records: say which with --id"),
        }
    }
    match id {
        Some(id) => bail!("there is no record with the id `{id}`"),
        None => found.context("there is no record"),
    }
}

/// A record, by itself or in a line of the access log.
fn parse(line: &[u8]) -> anyhow::Result<Record> {
    let mut line: Value = serde_json::from_slice(line)?;
    let record = match line.get_mut("audit") {
        Some(audit) => audit.take(),
        None => line,
    };
    Ok(serde_json::from_value(record)?)
}

fn to_json(record: &Record, why: &Why) -> Value {
    json!({"decision_id": record.decision_id, "policy": record.policy, "facts": record.facts, "why": why})
}

fn show(policy: &Policy, record: &Record, facts: &Facts, why: &Why, style: Style) -> String {
    let mut shown = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(shown, "{} {}", style.bold("decision"), record.decision_id);
    let _ = writeln!(shown, "{}", super::prove::facts_line(facts, &Default::default(), style));
    for line in why.trace.to_string().lines() {
        let _ = writeln!(shown, "{}", paint(line, style));
    }
    if record.policy.digest != *policy.digest() {
        let mark = style.doubtful("note:");
        let _ =
            writeln!(shown, "{mark} another policy was in force, {} ({})", record.policy.name, record.policy.digest);
    }
    if record.decision.as_ref().is_some_and(|decision| decision.outcome != why.trace.decision.outcome) {
        let _ =
            writeln!(shown, "{} the recorded decision is another: {}", style.doubtful("note:"), record.action.name());
    }
    for line in why.alternatives().lines() {
        let _ = writeln!(shown, "{}", paint_alternative(line, style));
    }
    shown
}

/// A line of alternatives: one, or the title above them.
fn paint_alternative(line: &str, style: Style) -> String {
    if line.starts_with(' ') || line.is_empty() { line.to_owned() } else { style.bold(line) }
}
