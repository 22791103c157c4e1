//! The Envoys that are compared: the shipped configuration, whole and with parts of it taken out.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::process::Process;
use super::upstream::Upstream;
use crate::envoy::{Bootstrap, Envoy, Program, Starter, program};
use crate::mesh::Rendering;
use crate::waiting::eventually;

/// What stands between a client and its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shipped Envoy without the filter, its access log included.
    Plain,
    /// With Envoy's own filter that only waits for a body's end.
    Buffer,
    /// With the filter in its role as router.
    Router,
    /// With the filter in both of its roles, as shipped.
    Whole,
}

/// A running Envoy with a part of the mesh.
pub struct Contender {
    /// What it is.
    pub kind: Kind,
    /// The Envoy.
    pub envoy: Envoy,
    /// From its start until it was ready.
    pub start: Duration,
    log: PathBuf,
}

/// The provider that all requests go to, and its cluster.
pub const PROVIDER: &str = "openai";

const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

// === impl Kind ===

impl Kind {
    /// Whether a decision is made.
    pub fn decides(self) -> bool {
        matches!(self, Self::Router | Self::Whole)
    }

    /// Takes out of the shipped configuration what does not belong to this.
    fn shape(self, mut bootstrap: Bootstrap) -> Result<Bootstrap> {
        if !self.decides() {
            let manager = at(bootstrap.document(), MANAGER)?;
            let filters = at(manager, "/http_filters")?.as_array_mut().context("filters are a list")?;
            filters.retain(|filter| filter["name"] != "policymesh");
            if self == Self::Buffer {
                let kind = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer";
                let config = json!({"@type": kind, "max_request_bytes": 40 << 20});
                filters.insert(0, json!({"name": "envoy.filters.http.buffer", "typed_config": config}));
            }
            let route = at(manager, "/route_config/virtual_hosts/0/routes/0")?;
            route["route"] = json!({"cluster": PROVIDER, "timeout": "0s"});
        }
        if self != Self::Whole {
            let clusters = at(bootstrap.document(), "/static_resources/clusters")?;
            for cluster in clusters.as_array_mut().context("clusters are a list")? {
                let options = at(cluster, "/typed_extension_protocol_options")?;
                for options in options.as_object_mut().context("options are an object")?.values_mut() {
                    options.as_object_mut().map(|options| options.remove("http_filters"));
                }
            }
        }
        Ok(bootstrap)
    }
}

// === impl Contender ===

impl Contender {
    /// Starts an Envoy with so many workers for a policy, all of whose providers are `upstream`.
    pub fn start(kind: Kind, policy: &Value, upstream: &Upstream, workers: usize) -> Result<Self> {
        Self::in_front_of(kind, policy, |_| upstream.address(), workers)
    }

    /// Starts an Envoy with so many workers for a policy, each of whose providers answers somewhere.
    pub fn in_front_of(
        kind: Kind,
        policy: &Value,
        provider_at: impl Fn(&str) -> SocketAddr,
        workers: usize,
    ) -> Result<Self> {
        let Program::File(_) = program()? else {
            anyhow::bail!("an Envoy in a container cannot be measured: name a binary by `ENVOY_BIN`");
        };
        let starter = Starter::new()?.log_level("warning").workers(workers);
        let (log, written) = (starter.folder().join("records.log"), starter.folder().join("policy.json"));
        fs::write(&written, policy.to_string())?;
        let mut rendering = Rendering::of(&written).option("--access-log", &log);
        for provider in policy["spec"]["providers"].as_array().into_iter().flatten() {
            let name = provider["name"].as_str().context("a provider has a name")?;
            rendering = rendering.endpoint(name, &format!("http://{}", provider_at(name)));
        }
        rendering = rendering.key(PROVIDER, "KEY");
        let bootstrap = kind.shape(Bootstrap::parse(&rendering.text("static")?)?)?;
        let before = Instant::now();
        let envoy = starter.variable("KEY", "key-of-the-mesh").bootstrap(bootstrap).start()?;
        Ok(Self { kind, envoy, start: before.elapsed(), log })
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process::of(self.envoy.process_id())
    }

    /// Takes the records of requests that have ended, and fails unless they say that those were read and sent where they
    /// should go, to this provider. Without the filter there are none.
    pub fn checked_records(&self, provider: &str) -> Result<Vec<Value>> {
        if !self.kind.decides() {
            ensure!(self.take_records()?.is_empty(), "{:?} leaves records", self.kind);
            return Ok(vec![]);
        }
        let some = || self.take_records().ok().filter(|records| !records.is_empty());
        let records = eventually(some).with_context(|| format!("{:?} leaves no records", self.kind))?;
        for record in &records {
            let told = [&record["action"], &record["chosen"]["provider"]];
            ensure!(told == ["route", provider], "decided otherwise than expected: {record:#}");
        }
        Ok(records)
    }

    /// Takes records out of the access log.
    pub fn take_records(&self) -> Result<Vec<Value>> {
        /// So many of them are enough to see whether all is as it should be.
        const SAMPLE: usize = 500;
        let lines = BufReader::new(File::open(&self.log)?).lines();
        // The last line may not be whole yet.
        let lines = lines.map_while(Result::ok).filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let records = lines.map(|mut line| line["audit"].take()).filter(|audit| !audit.is_null());
        let records = records.take(SAMPLE).collect();
        // Envoy appends, so it goes on at the beginning.
        File::options().write(true).open(&self.log)?.set_len(0)?;
        Ok(records)
    }
}

fn at<'a>(value: &'a mut Value, pointer: &str) -> Result<&'a mut Value> {
    value.pointer_mut(pointer).with_context(|| format!("the configuration has no {pointer}"))
}
