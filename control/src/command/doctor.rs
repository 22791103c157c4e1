//! `policymesh doctor`: what is wrong with a running Envoy.

use std::process::ExitCode;

use anyhow::Context as _;
use policy::problem::Severity;
use serde_json::{Value, json};

use super::input;
use crate::admin::Admin;
use crate::doctor::{Finding, Running, examine};
use crate::terminal::{Style, say};

/// Examines a running Envoy: what would let a request pass unread, or keep the filter from working?
///
/// Exits with 0 if there is no error, with 1 if there is, and with 2 if Envoy cannot be asked.
#[derive(clap::Args)]
pub struct Doctor {
    /// Envoy's admin interface, such as http://127.0.0.1:9901.
    #[arg(value_name = "ADMIN_URL")]
    admin: String,

    /// Prints the findings as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Doctor ===

impl Doctor {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let admin = Admin::at(&self.admin)?;
        let document = |path: &str| -> anyhow::Result<Value> {
            serde_json::from_slice(&admin.get(path)?)
                .with_context(|| format!("`{path}` does not answer with JSON: is this Envoy's admin interface?"))
        };
        let (info, dump) = (document("/server_info")?, document("/config_dump?include_eds")?);
        let stats = String::from_utf8_lossy(&admin.get("/stats")?).into_owned();
        let findings = examine(&Running::new(&info, &dump, &stats));
        if self.json {
            say!("{:#}", Value::Array(findings.iter().map(to_json).collect()));
        } else {
            print(&findings, Style::of_stdout());
        }
        let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
        Ok(if wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

fn print(findings: &[Finding], style: Style) {
    for finding in findings {
        let Finding { severity, place, what, why, mend } = finding;
        say!("{}: {}: {what}", style.severity(*severity), style.bold(place));
        say!("  why:  {why}\n  mend: {mend}\n");
    }
    match input::tally(findings.iter().map(|finding| finding.severity)) {
        Some(tally) => say!("{tally}"),
        None => say!("{}: the filter reads every request on its listeners", style.good("all is well")),
    }
}

fn to_json(finding: &Finding) -> Value {
    let Finding { severity, place, what, why, mend } = finding;
    json!({"severity": input::name(*severity), "place": place, "what": what, "why": why, "mend": mend})
}
