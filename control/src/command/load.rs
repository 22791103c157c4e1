//! `policymesh load`: how much the control service takes.

mod envoys;
mod records;

use std::process::ExitCode;

/// Measures a control service by load that is made up. The service keeps it: let it be one whose store can be thrown away.
#[derive(clap::Subcommand)]
pub enum Load {
    Records(records::Records),
    Envoys(envoys::Envoys),
}

// === impl Load ===

impl Load {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Records(command) => command.run(),
            Self::Envoys(command) => command.run(),
        }
    }
}
