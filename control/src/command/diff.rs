//! `policymesh diff`: what two versions of a policy have between them.

use std::process::ExitCode;

use policy::facts::Facts;
use serde::Deserialize as _;
use serde_json::Value;

use super::explain::show_facts;
use crate::client::{Server, escaped, part};
use crate::service::rfc3339;
use crate::terminal::{Style, say};

/// Shows what was changed from one version of a policy to another: in its text, and in what it decides.
///
/// Exits with 0 if both decide the same about every request that there can be, with 1 if not, or if that cannot be said.
#[derive(clap::Args)]
pub struct Diff {
    /// The policy.
    name: String,

    /// The number of the one version.
    from: u64,

    /// The number of the other.
    to: u64,

    #[command(flatten)]
    server: Server,

    /// Prints what the service says as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Diff ===

impl Diff {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/policies/{}/diff?from={}&to={}", escaped(&self.name), self.from, self.to);
        let difference: Value = self.server.client()?.get(&path)?.json()?;
        match self.json {
            true => say!("{difference:#}"),
            false => print(&difference, Style::of_stdout()),
        }
        Ok(if *part(&difference, "/same") == true { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

fn print(difference: &Value, style: Style) {
    for side in ["/from", "/to"] {
        say!("{}", heading(part(difference, side)));
    }
    for line in part(difference, "/text").as_str().unwrap_or_default().lines() {
        match line.as_bytes().first() {
            Some(b'+') => say!("{}", style.good(line)),
            Some(b'-') => say!("{}", style.bad(line)),
            _ => say!("{line}"),
        }
    }
    match part(difference, "/same").as_bool() {
        Some(true) => say!("{}", style.good("both decide the same about every request")),
        Some(false) => say!("{}", style.bad("they decide differently about requests such as")),
        None => say!("{}", style.doubtful("whether they decide the same cannot be said")),
    }
    for request in part(difference, "/requests").as_array().into_iter().flatten() {
        if let Ok(facts) = Facts::deserialize(part(request, "/facts")) {
            say!("\n{}", show_facts(&facts));
        }
        for (side, words) in [("/first", "before"), ("/second", "now")] {
            say!("  {words}: {}", outcome(part(request, side)));
        }
    }
    for assumed in part(difference, "/assumed").as_array().into_iter().flatten().filter_map(Value::as_str) {
        say!("{} {assumed}", style.doubtful("assumed:"));
    }
}

/// A version on one line.
fn heading(version: &Value) -> String {
    let text = |name: &str| part(version, name).as_str().unwrap_or_default().to_owned();
    let made = rfc3339(part(version, "/created_us").as_u64().unwrap_or(0));
    let made = made.get(..19).unwrap_or_default();
    format!(
        "version {}: {}, {made}, by {}  {}",
        part(version, "/number"),
        text("/state"),
        text("/author"),
        text("/message")
    )
}

/// What a decision comes to: the candidates in their order, or that there are none.
fn outcome(decision: &Value) -> String {
    let candidates = part(decision, "/outcome/route").as_array();
    let name = |candidate: &Value| {
        let name = part(candidate, "/model/name").as_str().or(part(candidate, "/provider").as_str());
        name.unwrap_or_default().to_owned()
    };
    match candidates {
        Some(candidates) => candidates.iter().map(name).collect::<Vec<_>>().join(", "),
        None => "refused".to_owned(),
    }
}
