//! `policymesh serve`: the control service.

mod telemetry;

use std::process::ExitCode;

use anyhow::Context as _;
use telemetry::Telemetry;

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

    /// Sends traces to this collector, by OTLP over gRPC: what the API answers, what is pushed to Envoys, what is written. Of
    /// what is asked and who asks, nothing is in them.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
}

// === impl Serve ===

impl Serve {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.context("cannot start threads")?;
        let within = runtime.enter();
        let telemetry = Telemetry::start(self.log_json, self.otlp_endpoint.as_deref())?;
        drop(within);
        let served = runtime.block_on(service::run(self.settings));
        telemetry.end();
        served.map(|()| ExitCode::SUCCESS)
    }
}
