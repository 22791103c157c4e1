//! `policymesh bundle`: the policy of a node as one signed document.

pub mod pull;
mod verify;

use std::process::ExitCode;

/// The policy of a node, signed: taken from the control service, and checked.
#[derive(clap::Subcommand)]
pub enum Bundle {
    Pull(pull::Pull),
    Verify(verify::Verify),
}

// === impl Bundle ===

impl Bundle {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Pull(command) => command.run(),
            Self::Verify(command) => command.run(),
        }
    }
}
