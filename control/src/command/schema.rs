//! `policymesh schema`: the JSON Schema of a policy.

use std::io::{Write as _, stdout};
use std::process::ExitCode;

/// Prints the JSON Schema of a policy, for editors: `# yaml-language-server: $schema=policy.schema.json`.
#[derive(clap::Args)]
pub struct Schema {}

// === impl Schema ===

impl Schema {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let schema = serde_json::to_value(policy::config::json_schema())?;
        writeln!(stdout(), "{schema:#}")?;
        Ok(ExitCode::SUCCESS)
    }
}
