//! `policymesh serve`: the control service.

use std::process::ExitCode;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::service::{self, Settings};

/// Runs the control service: policies out to Envoys, audit records in, and an API for people.
///
/// By itself it listens on loopback only, where whoever is on this machine may do everything. It listens elsewhere where
/// it is protected there: the API by TLS and tokens, the place for Envoys by TLS and certificates that they show. Its log
/// goes to standard error; how much of it is said by RUST_LOG, such as `debug`. It ends by Ctrl-C or SIGTERM.
#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    settings: Settings,

    /// Writes the log as JSON, one object a line.
    #[arg(long)]
    log_json: bool,
}

// === impl Serve ===

impl Serve {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        if self.log_json {
            log.json().init()
        } else {
            log.init()
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.context("cannot start threads")?.block_on(service::run(self.settings))?;
        Ok(ExitCode::SUCCESS)
    }
}
