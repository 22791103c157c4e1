//! The command `policymesh`, and the control service that it runs.

mod admin;
mod bundle;
mod chain;
mod client;
mod command;
mod doctor;
mod durable;
mod envoy;
mod explained;
mod scan;
mod service;
mod structure;
mod terminal;
mod yaml;

use std::process::ExitCode;

use clap::Parser as _;

/// Taking a record in makes some hundred small pieces of memory, and gives them back on another thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::Policymesh::parse().run()
}
