//! Open Cybersecurity Schema Framework 1.8.0: class API Activity (6003) with the profile `ai_operation`,
//! <https://schema.ocsf.io/1.8.0/classes/api_activity>.

use policy::audit::{Action, Record};
use policy::decision::Outcome;
use policy::facts::Name;
use serde_json::{Value, json};

use super::word;
use crate::service::journal::{Index, reached};
use crate::service::store::records::Found;

const CLASS: u64 = 6003;
/// `activity_id` 99, Other: an inference is none of create, read, update and delete.
const OTHER: u64 = 99;

/// One record.
pub fn event(found: &Found, record: &Record) -> Value {
    let (index, reached) = (Index::from(record), reached(record));
    let last = reached.last();
    let client = index.client.clone().unwrap_or_else(|| "unknown".to_owned());
    let allowed = record.action == Action::Route;
    let failed = index.status.is_some_and(|status| status >= 500);
    let (status_id, status) = if allowed && !failed { (1, "Success") } else { (2, "Failure") };
    // Informational, or low where somebody was refused.
    let (severity_id, severity) = if allowed { (1, "Informational") } else { (2, "Low") };
    let mut event = json!({
        "class_uid": CLASS, "class_name": "API Activity", "category_uid": 6, "category_name": "Application Activity",
        "activity_id": OTHER, "activity_name": "Inference", "type_uid": CLASS * 100 + OTHER,
        "time": record.time_us / 1_000, "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status,
        "metadata": {
            "version": "1.8.0", "profiles": ["ai_operation"], "uid": index.decision_id, "sequence": found.seq,
            "product": {"name": "Policy Mesh", "vendor_name": "Policy Mesh", "version": env!("CARGO_PKG_VERSION")},
        },
        "actor": {"user": {"uid": client, "groups": index.team.map(|team| vec![json!({"name": team})])}},
        "api": {
            "operation": record.facts.as_ref().map_or_else(|| "unknown".to_owned(), |facts| word(&facts.api)),
            "request": {"uid": index.request_id},
            "service": {"name": last.map(|last| last.provider)},
        },
        "src_endpoint": {"name": "client", "uid": client},
        "dst_endpoint": {"name": found.node},
        "policy": {"name": index.policy, "uid": index.digest, "desc": index.rule},
        "unmapped": {"action": index.action, "level": index.level},
    });
    if let (Some(fields), Some(last)) = (event.as_object_mut(), last) {
        let model = json!({"ai_provider": last.provider, "name": last.model, "uid": last.model.and_then(|model| id(record, model))});
        fields.insert("ai_model".to_owned(), model);
    }
    without_nulls(event)
}

/// What the provider calls a model.
fn id<'r>(record: &'r Record, model: &Name) -> Option<&'r Name> {
    let candidates = match record.decision.as_ref().map(|decision| &decision.outcome) {
        Some(Outcome::Route(candidates)) => candidates.as_slice(),
        _ => &[],
    };
    let mut models = record.chosen.iter().chain(candidates).filter_map(|candidate| candidate.model.as_ref());
    models.find(|candidate| candidate.name == *model).map(|candidate| &candidate.id)
}

/// What is not known is not there: the schema knows no `null`.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        value => value,
    }
}
