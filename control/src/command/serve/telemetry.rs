//! What the service says of itself while it runs: a log, and traces for whoever collects them.

use std::str::FromStr;

use anyhow::Context as _;
use opentelemetry::global;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tonic::transport::Uri;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::service::TRACES;

/// What is sent out while the service runs.
pub struct Telemetry(Option<SdkTracerProvider>);

// === impl Telemetry ===

impl Telemetry {
    /// Begins to log, and to send traces to this collector, if there is one. Must be called where tasks can be spawned.
    pub fn start(json: bool, collector: Option<&str>) -> anyhow::Result<Self> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
        let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let log = if json { log.json().boxed() } else { log.boxed() };
        // Spans are for traces; in the log they would only repeat what it says.
        let log = log.with_filter(filter).with_filter(filter_fn(|metadata| metadata.target() != TRACES));
        let provider = collector.map(provider).transpose()?;
        let traces = provider.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("policymesh"));
            layer.with_filter(filter_fn(|metadata| metadata.target() == TRACES))
        });
        if provider.is_some() {
            global::set_text_map_propagator(TraceContextPropagator::new());
        }
        Registry::default().with(log).with(traces).init();
        Ok(Self(provider))
    }

    /// Sends what is left.
    pub fn end(self) {
        // Where the collector is away now, the last spans are lost, as any are while it is.
        if let Some(Err(reason)) = self.0.map(|provider| provider.shutdown()) {
            tracing::warn!(%reason, "the last traces could not be sent");
        }
    }
}

fn provider(collector: &str) -> anyhow::Result<SdkTracerProvider> {
    let told = || format!("--otlp-endpoint: `{collector}` is no URL: write it as http://HOST:4317");
    let scheme = Uri::from_str(collector).with_context(told)?.scheme_str().map(str::to_owned);
    anyhow::ensure!(scheme.is_some_and(|scheme| scheme == "http" || scheme == "https"), told());
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(collector).build().with_context(told)?;
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES add to it.
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("policymesh");
    }
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
}
