//! Envoy's own stats: few names, each made known once.
//!
//! A name carries its labels as pairs of words, `policymesh_requests.action.deny.level.restricted`; the tag rules of the
//! shipped bootstrap turn them into labels. Every word comes from the policy or from an enumeration, never from a client,
//! because Envoy keeps a name for ever.

use crate::host;
use policy::audit::{Action, PolicyReference, Record};
use policy::request::Api;
use policy::usage::Cost;
use proxy_wasm::types::MetricType;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
    /// Name and digest of the policy that is in force.
    static ACTIVE: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// The metrics that this VM has made known to Envoy.
#[derive(Default)]
struct Known {
    numbers: HashMap<String, u32>,
    /// The name that is looked for: one piece of memory for all of them.
    name: String,
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
    if let Some(shadow) = &record.shadow {
        let result = if shadow.agrees { "agrees" } else { "differs" };
        count("policymesh_shadow_requests", &[("result", result), ("action", shadow.action.name())], 1);
        observe("policymesh_shadow_microseconds", shadow.micros);
    }
    used(record);
    count("policymesh_scan_bytes", &[], record.scan.text_bytes);
    count("policymesh_scan_remembered_bytes", &[], record.scan.remembered_bytes);
    observe("policymesh_scan_microseconds", record.scan.micros);
}

/// Counts attempts and what the answer used. The names and units of the last are those of OpenTelemetry's conventions,
/// <https://github.com/open-telemetry/semantic-conventions-genai>, but that Envoy's histograms hold whole numbers only.
fn used(record: &Record) {
    for attempt in &record.attempts {
        let labels = [("provider", attempt.provider.as_str()), ("outcome", attempt.outcome.name())];
        count("policymesh_attempts", &labels, 1);
    }
    let (Some(last), Some(usage), Some(facts)) = (record.attempts.last(), &record.usage, &record.facts) else { return };
    let (provider, model) = (("provider", last.provider.as_str()), ("model", last.model.as_deref().unwrap_or(NONE)));
    let call = [("operation", operation(facts.api)), provider, model];
    count("policymesh_usage", &[("state", usage.name()), provider, model], 1);
    if let Some(tokens) = usage.tokens() {
        // Envoy's histograms round, and what is paid for should not be.
        for (kind, count_of_kind) in tokens.kinds() {
            count("policymesh_tokens", &[("kind", kind), provider, model], count_of_kind);
        }
        for (kind, tokens) in [("input", tokens.input), ("output", tokens.output)] {
            observe_by("gen_ai_client_token_usage", &[&[("token_type", kind)], &call[..]].concat(), tokens);
        }
    }
    if let Some(Cost::Known(cost)) = record.cost {
        count("policymesh_cost_nano_usd", &[provider, model], cost.0);
    }
    if let Some(ending) = &record.ending {
        observe_by("gen_ai_client_operation_duration_milliseconds", &call, ending.micros / 1000);
    }
    if let Some(micros) = last.first_byte_micros.filter(|_| facts.stream) {
        observe_by("gen_ai_client_operation_time_to_first_chunk_milliseconds", &call, micros / 1000);
    }
}

/// `gen_ai.operation.name`.
fn operation(api: Api) -> &'static str {
    match api {
        Api::Embeddings | Api::OllamaEmbed => "embeddings",
        Api::Completions | Api::OllamaGenerate => "text_completion",
        _ => "chat",
    }
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

/// Counts a shadow that cannot be used.
pub fn shadow_refused() {
    count("policymesh_shadow_refused", &[], 1);
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
    observe_by(name, &[], value);
}

fn observe_by(name: &str, labels: &[(&str, &str)], value: u64) {
    if let Some(metric) = metric(MetricType::Histogram, name, labels) {
        host::record(metric, value);
    }
}

fn metric(kind: MetricType, name: &str, labels: &[(&str, &str)]) -> Option<u32> {
    KNOWN.with_borrow_mut(|known| known.number(kind, name, labels))
}

// === impl Known ===

impl Known {
    fn number(&mut self, kind: MetricType, name: &str, labels: &[(&str, &str)]) -> Option<u32> {
        self.name.clear();
        self.name.push_str(name);
        for (label, value) in labels {
            self.name.extend([".", label, "."]);
            self.name.extend(value.chars().map(in_a_word));
        }
        if let Some(number) = self.numbers.get(&self.name) {
            return Some(*number);
        }
        let number = host::define_metric(kind, &self.name)?;
        self.numbers.insert(self.name.clone(), number);
        Some(number)
    }
}

/// A label's value is one word of a stat's name, which a dot would end.
fn in_a_word(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }
}
