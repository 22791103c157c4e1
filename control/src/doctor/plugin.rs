//! Our filter, as a running Envoy has it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Report;
use super::running::typed;

/// What our filter does where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In a listener: reads requests and decides.
    Router,
    /// In a cluster: puts requests into a provider's format.
    Adapter,
}

/// Our filter in a list of filters.
pub struct Plugin<'a> {
    /// What it does.
    pub role: Role,
    /// The name that the list gives it.
    pub name: &'a str,
    /// The `PluginConfig`; nothing if ECDS has not delivered it.
    pub config: Option<&'a Value>,
    /// Our own configuration in it.
    pub ours: Value,
    /// The filter in the list.
    pub filter: &'a Value,
}

// === impl Plugin ===

impl<'a> Plugin<'a> {
    /// Our filter, if this one is.
    pub fn of(filter: &'a Value, discovered: &'a BTreeMap<String, Value>) -> Option<Self> {
        let name = filter["name"].as_str().unwrap_or_default();
        let by_discovery = filter.get("config_discovery").is_some();
        let config = if by_discovery {
            &discovered.get(name).unwrap_or(&Value::Null)["typed_config"]
        } else {
            &filter["typed_config"]
        };
        let (kind, wasm) = typed(config);
        if by_discovery && config.is_null() && name.contains("policymesh") {
            return Some(Self { role: Role::Router, name, config: None, ours: Value::Null, filter });
        }
        let config = (kind == "Wasm").then(|| &wasm["config"])?;
        let ours = configuration(&config["configuration"]);
        let role = match ours["role"].as_str()? {
            "router" => Role::Router,
            "adapter" => Role::Adapter,
            _ => return None,
        };
        Some(Self { role, name, config: Some(config), ours, filter })
    }

    /// The clusters that this router chooses from.
    pub fn clusters(&self) -> Vec<String> {
        let providers = self.ours["policy"]["spec"]["providers"].as_array().into_iter().flatten();
        let named = providers.filter_map(|provider| provider["cluster"].as_str().or(provider["name"].as_str()));
        let given = self.ours["clusters"].as_array().into_iter().flatten().filter_map(Value::as_str);
        named.chain(given).map(str::to_owned).collect()
    }

    /// The header that names the client, if a header does.
    pub fn identity_header(&self) -> Option<String> {
        self.ours["policy"]["spec"]["identity"]["header"].as_str().map(str::to_ascii_lowercase)
    }

    /// Whether two of our filters share their code on a worker: Envoy goes by the id and the module.
    pub fn shares_code_with(&self, other: &Self) -> bool {
        let code = |plugin: &Self| {
            plugin.config.map(|config| (config["vm_config"]["vm_id"].clone(), config["vm_config"]["code"].clone()))
        };
        code(self) == code(other)
    }

    /// Looks at what is the same for both roles.
    pub(super) fn examine(&self, place: &str, report: &mut Report) {
        let Some(config) = self.config else { return self.examine_undelivered(place, report) };
        if config["allow_on_headers_stop_iteration"] != Value::Bool(true) {
            report.error(
                place,
                "`allow_on_headers_stop_iteration` is not true",
                "Envoy does not let the filter hold the headers: request bodies never reach it, and requests hang",
                "set it in the filter's `config`; under Istio that takes istiod 1.28, older ones drop the field without a word",
            );
        }
        self.examine_failure(config, place, report);
        self.examine_code(config, place, report);
        if self.filter["disabled"] == Value::Bool(true) {
            report.error(place, "the filter is disabled", "requests pass it unread", "remove `disabled`");
        }
    }

    fn examine_failure(&self, config: &Value, place: &str, report: &mut Report) {
        let policy = config["failure_policy"].as_str().unwrap_or("FAIL_CLOSED");
        if policy == "FAIL_OPEN" || config["fail_open"] == Value::Bool(true) {
            report.error(
                place,
                "it fails open",
                "after a failure of the filter, requests pass unread until Envoy is restarted",
                "set `failure_policy: FAIL_RELOAD` and remove `fail_open`",
            );
        } else if policy != "FAIL_RELOAD" {
            report.warning(
                place,
                format!("`failure_policy` is {policy}"),
                "after one failure of the filter, a worker answers 503 to every request until Envoy is restarted",
                "set `failure_policy: FAIL_RELOAD`",
            );
        }
    }

    fn examine_code(&self, config: &Value, place: &str, report: &mut Report) {
        if config["vm_config"]["code"].get("remote").is_none() {
            return;
        }
        const MEND: &str =
            "put the module on the node and name it by `code.local.filename`, with its SHA-256 in the file's name";
        if self.filter.get("config_discovery").is_some() {
            let why = "Envoy lets requests pass unread while it fetches the module, and may never fetch it";
            report.error(place, "the module is fetched by Envoy (`code.remote`) under ECDS", why, MEND);
        } else {
            let why = "Envoy calls this unstable, and does not start to listen before the module is there";
            report.warning(place, "the module is fetched by Envoy (`code.remote`)", why, MEND);
        }
    }

    fn examine_undelivered(&self, place: &str, report: &mut Report) {
        report.error(
            place,
            "ECDS has not delivered a configuration that Envoy accepts",
            "there is no policy; the filter's default serves",
            "look for `update_rejected` in /stats and for the reason in Envoy's log",
        );
    }
}

/// Our own configuration, which may be written as a struct or as JSON or YAML in a text.
fn configuration(any: &Value) -> Value {
    match (typed(any).0, &any["value"]) {
        ("StringValue", Value::String(text)) => serde_saphyr::from_str(text).unwrap_or_default(),
        (_, value) => value.clone(),
    }
}
