//! `policymesh envoy`: the configuration of the Envoy that runs the filter.

mod module;
mod render;

use std::process::ExitCode;

/// Everything about Envoy's configuration.
#[derive(clap::Subcommand)]
pub enum Envoy {
    /// Writes the Envoy configuration for a policy's providers.
    Render(Box<render::Render>),
}

// === impl Envoy ===

impl Envoy {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Render(command) => command.run(),
        }
    }
}
