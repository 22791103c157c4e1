//! What `policymesh` can do: one module a command.

mod doctor;
mod envoy;

use std::process::ExitCode;

/// Governs what applications send to language models.
#[derive(clap::Parser)]
#[command(name = "policymesh", version, max_term_width = 110)]
pub struct Policymesh {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Doctor(doctor::Doctor),
    /// Everything about Envoy's configuration.
    #[command(subcommand)]
    Envoy(envoy::Envoy),
}

// === impl Policymesh ===

impl Policymesh {
    /// Runs the command: 0 if all is well, 1 if something was found wrong, 2 if it could not be done.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Doctor(command) => command.run(),
            Command::Envoy(command) => command.run(),
        };
        done.unwrap_or_else(|reason| {
            eprintln!("policymesh: {reason:#}");
            ExitCode::from(2)
        })
    }
}
