//! The command `policymesh`.

mod admin;
mod command;
mod doctor;
mod envoy;
mod scan;
mod terminal;
mod yaml;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Policymesh::parse().run()
}
