//! What `policymesh` can do: one module a command.

mod apply;
mod audit;
mod bundle;
mod check;
mod classify;
mod collect;
mod detectors;
mod diff;
mod doctor;
mod envoy;
mod explain;
mod input;
mod load;
mod nodes;
mod policies;
mod prove;
mod reach;
mod recipient;
mod records;
mod replay;
mod rollout;
mod schema;
mod select;
mod selection;
mod serve;
mod shadow;
mod test;
mod tokens;
mod why;

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
    Check(check::Check),
    Prove(prove::Prove),
    Test(test::Test),
    Why(why::WhyCommand),
    Replay(replay::ReplayCommand),
    Explain(explain::Explain),
    Classify(classify::Classify),
    Detectors(detectors::Detectors),
    Doctor(doctor::Doctor),
    /// Everything about Envoy's configuration.
    #[command(subcommand)]
    Envoy(envoy::Envoy),
    Schema(schema::Schema),
    Serve(serve::Serve),
    Apply(apply::Apply),
    Policies(policies::Policies),
    Diff(diff::Diff),
    Select(select::Select),
    Publish(rollout::Publish),
    Promote(rollout::Promote),
    Rollback(rollout::Rollback),
    /// A version that runs beside the one in force: what it would do is recorded, and not done.
    #[command(subcommand)]
    Shadow(shadow::Shadow),
    Nodes(nodes::Nodes),
    Records(records::Records),
    Collect(collect::Collect),
    /// The policy of a node as one signed document: taken from the control service, and checked.
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    #[command(subcommand)]
    Load(load::Load),
}

// === impl Policymesh ===

impl Policymesh {
    /// Runs the command: 0 if all is well, 1 if something was found wrong, 2 if it could not be done.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Check(command) => command.run(),
            Command::Prove(command) => command.run(),
            Command::Test(command) => command.run(),
            Command::Why(command) => command.run(),
            Command::Replay(command) => command.run(),
            Command::Explain(command) => command.run(),
            Command::Classify(command) => command.run(),
            Command::Detectors(command) => command.run(),
            Command::Doctor(command) => command.run(),
            Command::Envoy(command) => command.run(),
            Command::Schema(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Apply(command) => command.run(),
            Command::Policies(command) => command.run(),
            Command::Diff(command) => command.run(),
            Command::Select(command) => command.run(),
            Command::Publish(command) => command.run(),
            Command::Promote(command) => command.run(),
            Command::Rollback(command) => command.run(),
            Command::Shadow(command) => command.run(),
            Command::Nodes(command) => command.run(),
            Command::Records(command) => command.run(),
            Command::Collect(command) => command.run(),
            Command::Bundle(command) => command.run(),
            Command::Audit(command) => command.run(),
            Command::Tokens(command) => command.run(),
            Command::Load(command) => command.run(),
        };
        done.unwrap_or_else(|reason| {
            if is_broken_pipe(&reason) {
                return ExitCode::SUCCESS;
            }
            eprintln!("policymesh: {reason:#}");
            ExitCode::from(2)
        })
    }
}

/// Whether somebody closed our output, as `head` does: they have seen enough.
fn is_broken_pipe(reason: &anyhow::Error) -> bool {
    let kind = reason.root_cause().downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
