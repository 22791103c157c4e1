//! What concerns a route.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Report;
use super::running::{Chain, number, typed};

/// The filter's own limit: what Envoy buffers should not be less.
const BODIES: u64 = 32 << 20;
/// The first request of an agent, before anything was asked: Claude Code sends 115,526 bytes.
const FIRST_REQUEST: u64 = 115_526;
/// Answers of language models commonly take longer than this.
const SHORT: f64 = 120.0;

/// Looks at the routes of a listener with our filter.
pub fn examine(routes: &Value, chain: &Chain, filter: &str, report: &mut Report) {
    let place = format!("listener `{}`, routes `{}`", chain.listener, routes["name"].as_str().unwrap_or_default());
    common(routes, &place, filter, report);
    for host in items(&routes["virtual_hosts"]) {
        let place = format!("{place}, virtual host `{}`", host["name"].as_str().unwrap_or_default());
        common(host, &place, filter, report);
        for (number, route) in items(&host["routes"]).enumerate() {
            let name = route["name"].as_str().map_or(format!("route {}", number + 1), |name| format!("route `{name}`"));
            let place = format!("{place}, {name}");
            common(route, &place, filter, report);
            let Some(action) = route.get("route") else { continue };
            common(action, &place, filter, report);
            cluster_choice(action, routes, &place, report);
            buffer(route, host, chain, &place, report);
            timeout(action, &place, report);
            host_rewrite(action, &place, report);
        }
    }
}

/// All clusters that routes name in any way.
pub fn clusters(routes: &Value) -> BTreeSet<String> {
    let actions =
        items(&routes["virtual_hosts"]).flat_map(|host| items(&host["routes"])).filter_map(|route| route.get("route"));
    let named = |action: &Value| -> Vec<String> {
        let weighted = items(&action["weighted_clusters"]["clusters"]).map(|cluster| &cluster["name"]);
        let direct = weighted.chain(action.get("cluster")).filter_map(Value::as_str).map(str::to_owned);
        let matched = action
            .get("inline_cluster_specifier_plugin")
            .into_iter()
            .flat_map(|plugin| matched(&plugin["extension"]["typed_config"]));
        direct.chain(matched.map(|(_, cluster)| cluster)).collect()
    };
    actions.flat_map(named).collect()
}

/// What may stand on every rung: copies of the request, and our filter switched off.
fn common(rung: &Value, place: &str, filter: &str, report: &mut Report) {
    if items(&rung["request_mirror_policies"]).next().is_some() {
        report.error(
            place,
            "`request_mirror_policies` copies requests",
            "the copy goes to a cluster that nothing decided on",
            "remove it",
        );
    }
    let own = &rung["typed_per_filter_config"][filter];
    if own["disabled"] == Value::Bool(true) {
        report.error(
            place,
            format!("filter `{filter}` is disabled here"),
            "requests pass it unread",
            "remove it from `typed_per_filter_config`",
        );
    }
}

fn cluster_choice(action: &Value, routes: &Value, place: &str, report: &mut Report) {
    const MEND: &str = "use the matcher cluster specifier on `wasm.policymesh_cluster`, as envoy/standalone.yaml does";
    let direct = action["cluster"].as_str().map(str::to_owned);
    let weighted = items(&action["weighted_clusters"]["clusters"]).filter_map(|cluster| cluster["name"].as_str());
    let direct = direct.or_else(|| Some(weighted.collect::<Vec<_>>().join("`, `")).filter(|names| !names.is_empty()));
    if let Some(clusters) = direct {
        let why =
            "requests go there whatever the filter decides; only the adapter, if the cluster has one, still refuses";
        report.error(place, format!("it names cluster `{clusters}` itself"), why, MEND);
    }
    if let Some(header) = action["cluster_header"].as_str() {
        let why = "where the filter does not run, the client chooses the cluster";
        report.error(place, format!("it takes the cluster from header `{header}`"), why, MEND);
    }
    let named = action["cluster_specifier_plugin"].as_str();
    let named = named.and_then(|name| {
        items(&routes["cluster_specifier_plugins"]).find(|plugin| plugin["extension"]["name"] == name)
    });
    if let Some(plugin) = action.get("inline_cluster_specifier_plugin").or(named) {
        specifier(&plugin["extension"]["typed_config"], place, report);
    }
}

fn specifier(config: &Value, place: &str, report: &mut Report) {
    let (kind, plugin) = typed(config);
    let tree = &plugin["cluster_matcher"]["matcher_tree"];
    let decided = typed(&tree["input"]["typed_config"]).1["key"] == "wasm.policymesh_cluster";
    if kind != "MatcherClusterSpecifier" || !decided {
        report.error(
            place,
            format!("its {kind} does not choose by `wasm.policymesh_cluster`"),
            "the cluster is not what the filter decided",
            "match filter state `wasm.policymesh_cluster`, as envoy/standalone.yaml does",
        );
        return;
    }
    if plugin["cluster_matcher"].get("on_no_match").is_some() {
        let why = "where the filter has not decided, requests go there";
        report.error(
            place,
            "its cluster matcher has an `on_no_match`",
            why,
            "remove it: without a match the answer is 503",
        );
    }
    for (decided, cluster) in matched(config).into_iter().filter(|(decided, cluster)| decided != cluster) {
        let what = format!("what is decided for cluster `{decided}` goes to `{cluster}`");
        report.error(
            place,
            what,
            "the adapter refuses what was not decided for its cluster",
            "give both the same name",
        );
    }
}

/// The decided clusters that a matcher knows, with the clusters it leads to.
fn matched(config: &Value) -> Vec<(String, String)> {
    let tree = &typed(config).1["cluster_matcher"]["matcher_tree"];
    let map = tree["exact_match_map"]["map"].as_object().into_iter().flatten();
    let cluster = |on_match: &Value| Some(typed(&on_match["action"]["typed_config"]).1["cluster"].as_str()?.to_owned());
    map.filter_map(|(decided, on_match)| Some((decided.clone(), cluster(on_match)?))).collect()
}

fn buffer(route: &Value, host: &Value, chain: &Chain, place: &str, report: &mut Report) {
    const MEND: &str = "set `request_body_buffer_limit: 41943040` on the route";
    let of = |rung: &Value| {
        number(&rung["request_body_buffer_limit"]).or_else(|| number(&rung["per_request_buffer_limit_bytes"]))
    };
    let limit = of(route).or_else(|| of(host)).unwrap_or(0).max(chain.buffer);
    let what = format!("request bodies may have {limit} bytes");
    if limit < FIRST_REQUEST {
        report.error(
            place,
            what,
            "Envoy answers 413 to the first request of an agent: Claude Code's has 115526 bytes",
            MEND,
        );
    } else if limit < BODIES {
        report.warning(
            place,
            what,
            "Envoy answers 413 to longer ones, in its own words; the filter reads up to 33554432",
            MEND,
        );
    }
}

fn timeout(action: &Value, place: &str, report: &mut Report) {
    const WHY: &str = "a longer answer is cut off in its midst";
    const MEND: &str = "set `timeout: 0s`, and let idle timeouts end what hangs";
    let seconds = |duration: &str| duration.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
    match action["timeout"].as_str().map(|text| (text, seconds(text))) {
        None => report.warning(place, "its `timeout` is the default of 15s", WHY, MEND),
        Some((text, Some(seconds))) if seconds > 0.0 && seconds < SHORT => {
            report.warning(place, format!("its `timeout` is {text}"), WHY, MEND)
        }
        Some(_) => {}
    }
}

fn host_rewrite(action: &Value, place: &str, report: &mut Report) {
    for field in ["auto_host_rewrite", "host_rewrite_literal", "host_rewrite_header", "host_rewrite_path_regex"] {
        if !matches!(action.get(field), None | Some(Value::Null | Value::Bool(false))) {
            report.warning(
                place,
                format!("`{field}` changes the host"),
                "so does the adapter, which names the provider; which of them comes last is chance",
                "remove it",
            );
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
