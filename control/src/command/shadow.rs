//! `policymesh shadow`: a version that runs beside the one in force, and what it would do.

mod show;

use std::process::ExitCode;

use serde_json::{Value, json};

use super::rollout::{change, group, path, revision};
use crate::client::{Server, escaped};
use crate::terminal::{Style, say};

/// What can be done with a shadow.
#[derive(clap::Subcommand)]
pub enum Shadow {
    /// Has a version asked about each request, too, in the filters of all nodes of the policy, or of some.
    Start(Start),
    /// Has it asked no more.
    Stop(Stop),
    /// Shows with how many requests it does the same as the version in force, and every way in which it does not.
    Show(Show),
}

#[derive(clap::Args)]
pub struct Start {
    /// The policy.
    name: String,

    /// The version.
    number: u64,

    /// Asks it on this share of the nodes alone, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99), conflicts_with = "node")]
    share: Option<u8>,

    /// Asks it on these nodes alone.
    #[arg(long, value_name = "ID")]
    node: Vec<String>,

    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
pub struct Stop {
    /// The policy.
    name: String,

    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
pub struct Show {
    /// The policy.
    name: String,

    /// Only requests not older than this, such as 15m, 2h or 7d; all since the shadow began without it.
    #[arg(long, value_name = "SPAN")]
    since: Option<String>,

    /// Prints JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: Server,
}

// === impl Shadow ===

impl Shadow {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Start(command) => command.run(),
            Self::Stop(command) => command.run(),
            Self::Show(command) => command.run(),
        }
    }
}

// === impl Start ===

impl Start {
    fn run(self) -> anyhow::Result<ExitCode> {
        let Self { name, number, share, node, server } = self;
        let body = json!({"version": number, "nodes": group(share, &node)});
        let done =
            format!("version {number} runs beside the one in force; `policymesh shadow show {name}` compares them");
        change(&server, &name, "shadow", &body, &done)
    }
}

// === impl Stop ===

impl Stop {
    fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?;
        let path = path(&self.name);
        let _: Value = client.delete(&format!("{path}/shadow"), revision(&client, &path)?)?.json()?;
        say!("{}: nothing runs beside the version in force any more", self.name);
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Show ===

impl Show {
    /// 1 if there is a difference, so that a script can wait for there to be none.
    fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?.patient();
        let since = self.since.map(|since| format!("?since={}", escaped(&since))).unwrap_or_default();
        let compared: Value = client.get(&format!("{}/shadow{since}", path(&self.name)))?.json()?;
        if self.json {
            say!("{compared:#}");
        } else {
            say!("{}", show::text(&self.name, &compared, Style::of_stdout()).trim_end());
        }
        Ok(ExitCode::from(u8::from(compared.get("differ").is_some_and(|count| *count != 0))))
    }
}
