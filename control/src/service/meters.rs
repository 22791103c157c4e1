//! What there is to watch, in the text format of OpenMetrics: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
//!
//! Few series: no name in them comes from a client, and none from a node.

mod process;

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::Service;
use super::store::{entries, instances, policies};

/// What is counted as it happens.
#[derive(Clone, Debug)]
pub struct Meters {
    requests: Family<Call, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
}

/// A request to the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: String,
    route: String,
    status: u16,
}

/// A route of the API, with its parameters' names in the place of their values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

/// A stage of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: String,
}

// === impl Meters ===

impl Meters {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        // From a quarter of a millisecond to eight seconds.
        let histogram: fn() -> Histogram = || Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        Self { requests: Family::default(), durations: Family::new_with_constructor(histogram) }
    }

    /// The API has answered a request.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.durations
            .get_or_create(&Route { method: method.clone(), route: route.clone() })
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&Call { method, route, status }).inc();
    }
}

/// Everything that there is to watch, as it stands now.
pub async fn text(service: &Service) -> Result<String, sqlx::Error> {
    let mut whole = Registry::default();
    if let (Some(memory), Some(cpu)) = (process::resident_bytes(), process::cpu_seconds()) {
        // By these names every Prometheus knows them.
        whole.register_with_unit("process_resident_memory", "Resident memory", Unit::Bytes, ConstGauge::new(memory));
        whole.register_with_unit("process_cpu", "Processor time", Unit::Seconds, ConstCounter::new(cpu));
    }
    let registry = whole.sub_registry_with_prefix("policymesh");
    let Meters { requests, durations } = &service.meters;
    registry.register("api_requests", "Requests to the API that were answered", requests.clone());
    registry.register_with_unit("api_request_duration", "How long they took", Unit::Seconds, durations.clone());
    for (name, help, value) in standing(service).await? {
        registry.register(name, help, ConstGauge::new(value));
    }
    let stages = Family::<Stage, prometheus_client::metrics::gauge::Gauge>::default();
    for policy in policies::all(&service.store).await? {
        let stage = policy.rollout.as_ref().map_or("none", |rollout| rollout.stage.name());
        stages.get_or_create(&Stage { stage: stage.to_owned() }).inc();
    }
    registry.register("policies", "Policies, by the stage of their last rollout", stages);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &whole);
    Ok(text)
}

/// How nodes and chain stand.
async fn standing(service: &Service) -> Result<[(&'static str, &'static str, i64); 5], sqlx::Error> {
    let nodes = service.fleet.all().await?;
    let connected = nodes.iter().filter(|node| node.connections > 0).count();
    let refusing = nodes.iter().filter(|node| node.refuses()).count();
    let holes = instances::with_holes(&service.store).await?;
    let missing: u64 = holes.iter().flat_map(|instance| &instance.holes).map(super::journal::Hole::len).sum();
    let entries = entries::head(&service.store).await?.seq;
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let long = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Ok([
        ("nodes", "Envoys that were ever connected", whole(nodes.len())),
        ("nodes_connected", "Envoys that are connected", whole(connected)),
        ("nodes_refusing", "Envoys that refused the policy they were sent last", whole(refusing)),
        ("records_missing", "Audit records that are known to be missing", long(missing)),
        ("chain_entries", "Entries of the audit chain", long(entries)),
    ])
}
