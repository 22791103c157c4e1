//! `policymesh nodes`: the Envoys of the control service.

use std::process::ExitCode;

use serde_json::Value;

use crate::client::{Server, part};
use crate::service::rfc3339;
use crate::terminal::{Style, say};

/// Lists the Envoys: what each was sent, took or refused, and what its records show to be in force.
#[derive(clap::Args)]
pub struct Nodes {
    #[command(flatten)]
    server: Server,

    /// Prints what the service says as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Nodes ===

impl Nodes {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let answer: Value = self.server.client()?.get("/v1/nodes")?.json()?;
        if self.json {
            say!("{answer:#}");
            return Ok(ExitCode::SUCCESS);
        }
        for node in part(&answer, "/nodes").as_array().into_iter().flatten() {
            print(node, Style::of_stdout());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(node: &Value, style: Style) {
    let identity = part(node, "/identity");
    let connected = match part(node, "/connections").as_u64() {
        Some(0) | None => {
            style.doubtful(format!("away since {}", rfc3339(part(node, "/last_us").as_u64().unwrap_or(0))))
        }
        Some(_) => style.good("connected"),
    };
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    say!(
        "{}  {}  Envoy {}  {connected}",
        style.bold(word(part(identity, "/id"))),
        word(part(identity, "/cluster")),
        word(part(identity, "/envoy"))
    );
    say!("  sent  {}", word(part(node, "/sent")));
    say!("  took  {}", word(part(node, "/acked/version")));
    let seen = part(node, "/seen");
    say!(
        "  runs  {} {}",
        word(part(seen, "/policy")),
        word(part(seen, "/digest")).chars().take(12).collect::<String>()
    );
    if let Some(started) = part(node, "/started_us").as_u64().filter(|us| *us > 0) {
        say!("  anew  {}: if it was killed before, records of its last second may be missing", rfc3339(started));
    }
    if let Some(refusal) = part(node, "/refused").as_array().and_then(|refused| refused.last()) {
        say!("  {}  {}: {}", style.bad("refused"), word(part(refusal, "/version")), word(part(refusal, "/message")));
    }
}
