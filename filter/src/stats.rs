//! Envoy's own stats: few names, each made known once.
//!
//! A name carries its labels as pairs of words, `policymesh_requests.action.deny.level.restricted`; the tag rules of the
//! shipped bootstrap turn them into labels. Every word comes from the policy or from an enumeration, never from a client,
//! because Envoy keeps a name for ever.

use crate::host;
use policy::audit::{Action, PolicyReference, Record};
use proxy_wasm::types::MetricType;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// The numbers of the metrics of this VM.
    static KNOWN: RefCell<HashMap<String, u32>> = RefCell::new(HashMap::new());
    /// Name and digest of the policy that is in force.
    static ACTIVE: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Counts an exchange that is over.
pub fn ended(record: &Record) {
    let chosen = record.chosen.as_ref();
    let labels = [
        ("action", record.action.name()),
        ("level", record.level.as_deref().unwrap_or(NONE)),
        ("rule", record.rule.as_deref().unwrap_or(NONE)),
        ("provider", chosen.map_or(NONE, |chosen| &chosen.provider)),
    ];
    count("policymesh_requests", &labels, 1);
    if let Some(reason) = record.facts.as_ref().and_then(|facts| facts.unreadable) {
        count("policymesh_unreadable", &[("reason", reason.name())], 1);
    }
    if let Action::Refuse(refused) = record.action {
        count("policymesh_refused", &[("reason", refused.name())], 1);
    }
    count("policymesh_scan_bytes", &[], record.scan.text_bytes);
    count("policymesh_scan_remembered_bytes", &[], record.scan.remembered_bytes);
    observe("policymesh_scan_microseconds", record.scan.micros);
}

/// Counts an accepted configuration, and shows which policy is in force now: the gauge of the last one is 0 from then on.
pub fn accepted(policy: &PolicyReference) {
    count("policymesh_config_accepted", &[], 1);
    let now = (policy.name.to_string(), policy.digest.chars().take(SHOWN_DIGEST).collect::<String>());
    ACTIVE.with_borrow_mut(|active| {
        if let Some(before) = active.take() {
            show(&before, 0);
        }
        show(&now, 1);
        *active = Some(now);
    });
}

/// Counts a refused configuration.
pub fn refused() {
    count("policymesh_config_refused", &[], 1);
}

/// The value of a label that does not apply.
const NONE: &str = "none";

/// So much of a policy's digest is shown in stats: enough to tell policies apart.
const SHOWN_DIGEST: usize = 12;

fn show((name, digest): &(String, String), value: u64) {
    if let Some(metric) = metric(MetricType::Gauge, "policymesh_policy_active", &[("policy", name), ("digest", digest)])
    {
        host::record(metric, value);
    }
}

fn count(name: &str, labels: &[(&str, &str)], by: u64) {
    if let Some(metric) = metric(MetricType::Counter, name, labels) {
        host::increment(metric, by);
    }
}

fn observe(name: &str, value: u64) {
    if let Some(metric) = metric(MetricType::Histogram, name, &[]) {
        host::record(metric, value);
    }
}

fn metric(kind: MetricType, name: &str, labels: &[(&str, &str)]) -> Option<u32> {
    let full = labels.iter().fold(name.to_string(), |full, (label, value)| full + "." + label + "." + &word(value));
    KNOWN.with_borrow_mut(|known| {
        if let Some(metric) = known.get(&full) {
            return Some(*metric);
        }
        let metric = host::define_metric(kind, &full)?;
        known.insert(full, metric);
        Some(metric)
    })
}

/// A label's value as one word of a stat's name, where a dot would end it.
fn word(value: &str) -> String {
    let word = value.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' });
    word.collect()
}
