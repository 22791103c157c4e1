//! The command `policymesh`.

mod command;
mod envoy;
mod yaml;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Policymesh::parse().run()
}
