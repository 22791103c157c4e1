//! What an Envoy says about itself, sorted out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::plugin::{Plugin, Role};
use crate::envoy::Version;

/// A running Envoy.
pub struct Running {
    /// Its version, if it can be read.
    pub version: Option<Version>,
    /// The bootstrap.
    pub bootstrap: Value,
    /// Every filter chain of every listener that speaks HTTP.
    pub chains: Vec<Chain>,
    /// Clusters that raw connections go to, with the listener's name.
    pub raw: Vec<(String, String)>,
    /// The clusters, by name.
    pub clusters: BTreeMap<String, Value>,
    /// Filter configurations that came by ECDS, by name.
    pub discovered: BTreeMap<String, Value>,
    /// Counters and gauges.
    pub stats: BTreeMap<String, u64>,
}

/// An HTTP connection manager and what it belongs to.
pub struct Chain {
    /// The name of the listener.
    pub listener: String,
    /// How many bytes of a connection the listener buffers.
    pub buffer: u64,
    /// The connection manager.
    pub manager: Value,
    /// Its routes, if they have arrived.
    pub routes: Option<Value>,
}

// === impl Running ===

impl Running {
    /// Sorts out what the admin interface answers under `/server_info`, `/config_dump?include_eds` and `/stats`.
    pub fn new(server_info: &Value, config_dump: &Value, stats: &str) -> Self {
        let section = |kind: &str| section(config_dump, kind);
        let version = server_info["version"].as_str().and_then(|text| Version::read(text.split('/').nth(1)?));
        let clusters = resources(section("ClustersConfigDump"), "cluster");
        let discovered = resources(section("EcdsConfigDump"), "ecds_filter");
        let routes = by_name(resources(section("RoutesConfigDump"), "route_config"));
        let (mut chains, mut raw) = (Vec::new(), Vec::new());
        for listener in resources(section("ListenersConfigDump"), "listener") {
            sort_out(listener, &routes, &mut chains, &mut raw);
        }
        Self {
            version,
            bootstrap: section("BootstrapConfigDump")["bootstrap"].clone(),
            chains,
            raw,
            clusters: by_name(clusters),
            discovered: by_name(discovered),
            stats: stats.lines().filter_map(stat).collect(),
        }
    }

    /// The clusters that lead to providers: those that the routers choose from, and those that have an adapter.
    pub fn provider_clusters(&self) -> BTreeSet<String> {
        let routers = self
            .chains
            .iter()
            .flat_map(|chain| self.plugins(chain, Role::Router))
            .flat_map(|(_, plugin)| plugin.clusters());
        let adapted = self
            .clusters
            .iter()
            .filter(|(_, cluster)| super::cluster::has_adapter(self, cluster))
            .map(|(name, _)| name.clone());
        routers.chain(adapted).collect()
    }

    /// The places and configurations of our filter in a chain.
    pub fn plugins<'a>(&'a self, chain: &'a Chain, role: Role) -> impl Iterator<Item = (usize, Plugin<'a>)> {
        self.plugins_in(&chain.manager["http_filters"], role)
    }

    /// The places and configurations of our filter in a list of filters.
    pub fn plugins_in<'a>(&'a self, filters: &'a Value, role: Role) -> impl Iterator<Item = (usize, Plugin<'a>)> {
        let filters = filters.as_array().into_iter().flatten().enumerate();
        filters
            .filter_map(move |(place, filter)| Some((place, Plugin::of(filter, &self.discovered)?)))
            .filter(move |(_, plugin)| plugin.role == role)
    }
}

/// The type and the content of a `typed_config`, unwrapped where a TypedStruct holds it.
pub fn typed(config: &Value) -> (&str, &Value) {
    let kind = config["@type"].as_str().unwrap_or_default();
    match kind.ends_with("TypedStruct") {
        true => (short(config["type_url"].as_str().unwrap_or_default()), &config["value"]),
        false => (short(kind), config),
    }
}

/// A number, which protobuf's JSON writes as text if it has 64 bits.
pub fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn short(type_url: &str) -> &str {
    type_url.rsplit('.').next().unwrap_or_default()
}

fn section<'a>(config_dump: &'a Value, kind: &str) -> &'a Value {
    let sections = config_dump["configs"].as_array().into_iter().flatten();
    sections.into_iter().find(|section| typed(section).0 == kind).unwrap_or(&Value::Null)
}

/// The resources of a section: each of its lists has entries that hold one, and of a listener's states only the active one counts.
fn resources<'a>(section: &'a Value, key: &'a str) -> Vec<&'a Value> {
    let lists = section.as_object().into_iter().flat_map(|section| section.values()).filter_map(Value::as_array);
    let resource = |entry: &'a Value| entry.get(key).or_else(|| entry.get("active_state")?.get(key));
    lists.flatten().filter_map(resource).collect()
}

fn by_name(resources: Vec<&Value>) -> BTreeMap<String, Value> {
    resources
        .into_iter()
        .filter_map(|resource| Some((resource["name"].as_str()?.to_owned(), resource.clone())))
        .collect()
}

fn sort_out(
    listener: &Value,
    routes: &BTreeMap<String, Value>,
    chains: &mut Vec<Chain>,
    raw: &mut Vec<(String, String)>,
) {
    /// What Envoy buffers if nobody says otherwise.
    const USUAL_BUFFER: u64 = 1 << 20;
    let name = listener["name"].as_str().unwrap_or("without a name");
    let buffer = number(&listener["per_connection_buffer_limit_bytes"]).unwrap_or(USUAL_BUFFER);
    let usual = listener.get("default_filter_chain");
    let filter_chains = listener["filter_chains"].as_array().into_iter().flatten().chain(usual);
    for filter in filter_chains.flat_map(|chain| chain["filters"].as_array().into_iter().flatten()) {
        let (kind, config) = typed(&filter["typed_config"]);
        if kind == "HttpConnectionManager" {
            let discovered = config["rds"]["route_config_name"].as_str().and_then(|name| routes.get(name));
            let routes = config.get("route_config").or(discovered).cloned();
            chains.push(Chain { listener: name.to_owned(), buffer, manager: config.clone(), routes });
        } else if kind == "TcpProxy" {
            let weighted = config["weighted_clusters"]["clusters"].as_array().into_iter().flatten();
            let clusters = weighted.map(|cluster| &cluster["name"]).chain(config.get("cluster"));
            raw.extend(clusters.filter_map(Value::as_str).map(|cluster| (name.to_owned(), cluster.to_owned())));
        }
    }
}

fn stat(line: &str) -> Option<(String, u64)> {
    let (name, value) = line.rsplit_once(": ")?;
    Some((name.to_owned(), value.parse().ok()?))
}
