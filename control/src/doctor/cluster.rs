//! What concerns a provider's cluster.

use serde_json::Value;

use super::Report;
use super::plugin::{Plugin, Role};
use super::running::{Running, number, typed};

pub fn examine(running: &Running, report: &mut Report) {
    let router =
        running.chains.iter().flat_map(|chain| running.plugins(chain, Role::Router)).map(|(_, plugin)| plugin).next();
    for name in running.provider_clusters() {
        let Some(cluster) = running.clusters.get(&name) else { continue };
        let place = format!("cluster `{name}`");
        adapter(running, cluster, router.as_ref(), &place, report);
        injector(cluster, &place, report);
        names(cluster, &place, report);
        transport(cluster, &place, report);
        copies(cluster, &place, report);
        breakers(cluster, &place, report);
        hosts(running, cluster, &name, &place, report);
    }
}

/// Whether our filter adapts requests to this cluster.
pub fn has_adapter(running: &Running, cluster: &Value) -> bool {
    running.plugins_in(filters(cluster), Role::Adapter).next().is_some()
}

fn adapter(running: &Running, cluster: &Value, router: Option<&Plugin<'_>>, place: &str, report: &mut Report) {
    let adapters: Vec<_> = running.plugins_in(filters(cluster), Role::Adapter).collect();
    let Some((position, adapter)) = adapters.first() else {
        report.error(
            place,
            "the filter is not among its `http_filters`",
            "requests go out as the client sent them, headers included, and also those that were decided for another cluster",
            "add `policymesh` with `role: adapter` before `upstream_codec`",
        );
        return;
    };
    adapter.examine(&format!("{place}, filter `{}`", adapter.name), report);
    if router.is_some_and(|router| !router.shares_code_with(adapter)) {
        report.warning(
            place,
            "its `vm_id` or module is not that of the listener's filter",
            "a second copy of the filter runs on every worker, and the two may differ in what they know",
            "give both the same `vm_id` and the same module",
        );
    }
    let before = list(filters(cluster)).take(*position);
    if before.into_iter().any(is_injector) {
        report.error(
            place,
            "`credential_injector` is before the filter",
            "the filter removes the key with all other headers that are not on its list",
            "put it after `policymesh`",
        );
    }
}

fn injector(cluster: &Value, place: &str, report: &mut Report) {
    for filter in list(filters(cluster)).filter(|filter| is_injector(filter)) {
        if typed(&filter["typed_config"]).1["overwrite"] != Value::Bool(true) {
            report.error(
                place,
                "`credential_injector` does not overwrite",
                "a key that is there already goes out: the client's own, or after a retry another provider's",
                "set `overwrite: true`",
            );
        }
    }
}

/// Names that are taken from what the client sent.
fn names(cluster: &Value, place: &str, report: &mut Report) {
    let options = &http_options(cluster)["upstream_http_protocol_options"];
    for option in ["auto_sni", "auto_san_validation"] {
        if options[option] == Value::Bool(true) {
            report.error(
                place,
                format!("`{option}` is set"),
                "the name that TLS asks for and checks is the one that the client sent",
                "set `sni` and `match_typed_subject_alt_names` in the transport socket",
            );
        }
    }
}

fn transport(cluster: &Value, place: &str, report: &mut Report) {
    let (kind, tls) = typed(&cluster["transport_socket"]["typed_config"]);
    if kind != "UpstreamTlsContext" {
        return;
    }
    let common = &tls["common_tls_context"];
    let combined = &common["combined_validation_context"];
    let discovered = common
        .get("validation_context_sds_secret_config")
        .or_else(|| combined.get("validation_context_sds_secret_config"));
    let context =
        combined.get("default_validation_context").or_else(|| common.get("validation_context")).unwrap_or(&Value::Null);
    let trusts = ["trusted_ca", "ca_certificate_provider_instance", "system_root_certs"]
        .iter()
        .any(|key| context.get(key).is_some());
    if discovered.is_none() && !trusts {
        report.error(
            place,
            "TLS checks no certificate",
            "whoever answers gets the request and the key",
            "set `trusted_ca`",
        );
    } else if discovered.is_none() && list(&context["match_typed_subject_alt_names"]).next().is_none() {
        report.error(
            place,
            "TLS checks no name",
            "whoever has any valid certificate gets the request and the key",
            "set `match_typed_subject_alt_names` to the provider's name",
        );
    }
}

fn copies(cluster: &Value, place: &str, report: &mut Report) {
    if list(&http_options(cluster)["request_mirror_policies"]).next().is_some() {
        report.error(
            place,
            "`request_mirror_policies` copies requests",
            "the copy goes to a cluster that nothing decided on",
            "remove it",
        );
    }
    let kind = cluster["cluster_type"]["name"].as_str().unwrap_or_default();
    if matches!(kind, "envoy.clusters.aggregate" | "envoy.clusters.composite") {
        report.error(
            place,
            format!("it is a {kind}"),
            "one filter chain serves all its members: what was decided for one may go to another",
            "give each provider a cluster of its own; the filter chooses among them",
        );
    }
}

/// Envoy counts every retry in a cluster that is under way, and refuses those above a limit.
fn breakers(cluster: &Value, place: &str, report: &mut Report) {
    const USUAL_RETRIES: u64 = 3;
    const FEW: u64 = 20;
    let thresholds = &cluster["circuit_breakers"]["thresholds"];
    let usual = list(thresholds).find(|threshold| matches!(threshold["priority"].as_str(), None | Some("DEFAULT")));
    let budget = usual.is_some_and(|threshold| threshold.get("retry_budget").is_some());
    let retries = usual.and_then(|threshold| number(&threshold["max_retries"])).unwrap_or(USUAL_RETRIES);
    if !budget && retries < FEW {
        report.warning(
            place,
            format!("no more than {retries} retries may be under way at once"),
            "where a provider fails under load, most requests fail with it instead of going on to the next candidate",
            "set `max_retries: 100` in `circuit_breakers.thresholds`",
        );
    }
}

fn hosts(running: &Running, cluster: &Value, name: &str, place: &str, report: &mut Report) {
    // Where nobody listens, so that requests go on to the next candidate.
    let guards = list(&cluster["load_assignment"]["endpoints"]).filter(|locality| locality["priority"] == 1).count();
    let total = running.stats.get(&format!("cluster.{name}.membership_total")).copied();
    if total.is_some_and(|total| total <= guards as u64) {
        report.warning(
            place,
            "it has no host",
            "requests for it are answered with 503",
            "check its address; for a name, that it resolves",
        );
    }
}

fn filters(cluster: &Value) -> &Value {
    &http_options(cluster)["http_filters"]
}

fn http_options(cluster: &Value) -> &Value {
    typed(&cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]).1
}

fn is_injector(filter: &Value) -> bool {
    typed(&filter["typed_config"]).0 == "CredentialInjector"
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
