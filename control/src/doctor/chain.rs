//! What concerns a listener: the filter in it, its neighbours, and ways around it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Report;
use super::plugin::{Plugin, Role};
use super::route;
use super::running::{Chain, Running, typed};

pub fn examine(running: &Running, report: &mut Report) {
    let providers = running.provider_clusters();
    let mut guarded = 0;
    for chain in &running.chains {
        let place = format!("listener `{}`", chain.listener);
        let routers: Vec<_> = running.plugins(chain, Role::Router).collect();
        guarded += routers.len();
        match routers.first() {
            Some((position, router)) => with_filter(running, chain, *position, router, report),
            None => without_filter(chain, &place, &providers, report),
        }
    }
    for (listener, cluster) in running.raw.iter().filter(|(_, cluster)| providers.contains(cluster)) {
        let what = format!("its connections go to provider cluster `{cluster}` as they are");
        report.error(&format!("listener `{listener}`"), what, "nothing reads what is sent", "remove the `tcp_proxy`");
    }
    if guarded == 0 {
        let why = "nothing is read, and nothing is decided";
        report.error(
            "Envoy",
            "the filter is in no listener",
            why,
            "put `policymesh` before the router: see envoy/README.md",
        );
    }
}

fn with_filter(running: &Running, chain: &Chain, position: usize, router: &Plugin<'_>, report: &mut Report) {
    let place = format!("listener `{}`", chain.listener);
    let filter = format!("{place}, filter `{}`", router.name);
    router.examine(&filter, report);
    default_configuration(router, &filter, report);
    clusters(running, router, &filter, report);
    neighbours(chain, position, &place, report);
    identity(chain, position, router, &place, report);
    audit(chain, &place, report);
    match &chain.routes {
        Some(routes) => route::examine(routes, chain, router.name, report),
        None => {
            report.warning(&place, "its routes have not arrived", "they cannot be examined", "ask again when they have")
        }
    }
}

fn default_configuration(router: &Plugin<'_>, place: &str, report: &mut Report) {
    let Some(default) = router.filter["config_discovery"].get("default_config") else { return };
    let (kind, config) = typed(default);
    let refuses = kind == "RBAC"
        && config["rules"]["action"].as_str().unwrap_or("ALLOW") == "ALLOW"
        && config["rules"]["policies"].as_object().is_none_or(|policies| policies.is_empty());
    if !(kind == "Wasm" || refuses && config.get("rules").is_some()) {
        report.error(
            place,
            format!("its `default_config` is a {kind} that does not refuse everything"),
            "until ECDS delivers the filter, requests pass unread",
            "use an RBAC with `rules: {action: ALLOW}` and no policies, which refuses everything",
        );
    }
}

fn clusters(running: &Running, router: &Plugin<'_>, place: &str, report: &mut Report) {
    for cluster in router.clusters().into_iter().collect::<BTreeSet<_>>() {
        if !running.clusters.contains_key(&cluster) {
            report.error(
                place,
                format!("its policy routes to cluster `{cluster}`, which this Envoy does not have"),
                "requests that are decided to go there are answered with 503",
                "add the cluster: `policymesh envoy render` writes one for each provider",
            );
        }
    }
}

/// Filters beside ours that keep or send what ours would hold back.
fn neighbours(chain: &Chain, position: usize, place: &str, report: &mut Report) {
    for (at, filter) in chain.manager["http_filters"].as_array().into_iter().flatten().enumerate() {
        let name = filter["name"].as_str().unwrap_or_default();
        let (kind, _) = typed(&filter["typed_config"]);
        let side = if at < position { "before" } else { "after" };
        if matches!(kind, "CacheConfig" | "CacheV2Config") || name.contains("filters.http.cache") {
            report.error(
                place,
                format!("filter `{name}` is a cache"),
                "an answer is given again to whoever asks next, whatever they may see",
                "remove it from this listener",
            );
        } else if at < position && matches!(kind, "ExternalProcessor" | "Tap") {
            report.warning(
                place,
                format!("filter `{name}` is {side} ours"),
                "it may send bodies elsewhere before they are read and decided on",
                "put it after ours, or be sure of what it sends",
            );
        } else if at > position
            && matches!(kind, "Decompressor" | "Lua" | "ExternalProcessor" | "Transform" | "GrpcJsonTranscoder")
        {
            report.warning(
                place,
                format!("filter `{name}` is {side} ours"),
                "it may change a body after it was read and decided on",
                "put it before ours",
            );
        }
    }
}

/// A header that names the client must not come from the client.
fn identity(chain: &Chain, position: usize, router: &Plugin<'_>, place: &str, report: &mut Report) {
    let Some(header) = router.identity_header() else { return };
    let early = chain.manager["early_header_mutation_extensions"].as_array().into_iter().flatten();
    let mutations =
        early.flat_map(|extension| typed(&extension["typed_config"]).1["mutations"].as_array().into_iter().flatten());
    let removes = |mutation: &Value| {
        let by_name = mutation["remove"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(&header));
        let prefix = mutation["remove_on_match"]["key_matcher"]["prefix"].as_str();
        by_name || prefix.is_some_and(|prefix| header.starts_with(&prefix.to_ascii_lowercase()))
    };
    let mut removed = mutations.into_iter();
    let authenticates = |filter: &Value| {
        matches!(
            typed(&filter["typed_config"]).0,
            "ApiKeyAuth" | "JwtAuthentication" | "ExtAuthz" | "OAuth2" | "BasicAuth"
        )
    };
    let before = chain.manager["http_filters"].as_array().into_iter().flatten().take(position);
    if !removed.any(removes) && !before.into_iter().any(authenticates) {
        report.warning(
            place,
            format!("the policy takes the client from header `{header}`, and nothing here sets or removes it"),
            "unless something in front of this Envoy does, clients can call themselves what they like",
            "remove it by `early_header_mutation_extensions`, and set it by an authentication filter before ours",
        );
    }
}

fn audit(chain: &Chain, place: &str, report: &mut Report) {
    let logs = chain.manager["access_log"].as_array().into_iter().flatten();
    if !logs.into_iter().any(|log| log.to_string().contains("policymesh_audit")) {
        report.warning(
            place,
            "no access log carries the audit record",
            "decisions leave no trace",
            "log `%TYPED_CEL(filter_state['wasm.policymesh_audit'])%`, as envoy/standalone.yaml does",
        );
    }
}

fn without_filter(chain: &Chain, place: &str, providers: &BTreeSet<String>, report: &mut Report) {
    let Some(routes) = &chain.routes else { return };
    for cluster in route::clusters(routes).intersection(providers) {
        report.error(
            place,
            format!("it routes to provider cluster `{cluster}` and does not have the filter"),
            "requests reach the provider unread",
            "add the filter here, or remove the route",
        );
    }
}
