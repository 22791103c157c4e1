//! Why a decision fell as it did.

use axum::Json;
use axum::extract::State;
use policy::audit::Record;
use policy::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Caller;
use super::extract::At;
use super::problem::Problem;
use super::records::looked;
use crate::service::Service;
use crate::service::store::policies;
use crate::service::store::records::{self, Found};

/// Why a decision fell: the record, and the policy asked again with the same facts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Why {
    /// The record.
    found: Found,
    /// The version of the policy that decided, if this service has it.
    version: Option<Decider>,
    /// Rule by rule and predicate by predicate, how the decision comes about; nothing where none fell, or the policy is not here.
    #[schema(value_type = Option<Object>)]
    explanation: Option<Value>,
    /// The same for people.
    text: Option<String>,
    /// What would have changed the decision: the fewest changes of the facts (`facts`), and single changes of the policy
    /// (`policy`), each with what would then have happened and why.
    #[schema(value_type = Option<Object>)]
    alternatives: Option<Value>,
    /// The same for people.
    alternatives_text: Option<String>,
    /// How the shadow comes to what it would have done, for people: the version that was asked beside the one in force.
    shadow_text: Option<String>,
    /// Whether the policy, asked again, decides what the record says. Anything else would be a fault of ours.
    agrees: Option<bool>,
    /// Why there is no explanation.
    reason: Option<&'static str>,
}

/// A version of a policy.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Decider {
    /// The policy's name.
    policy: String,
    /// The version's number.
    number: u64,
    /// Who made it.
    author: String,
    /// Why, in the author's words.
    message: String,
}

/// Explains the decision with this id, or that of the request with this id: by the facts in its record and the version of
/// the policy that was in force.
#[utoipa::path(get, path = "/v1/records/{id}/why", tag = "records",
    params(("id" = String, Path, description = "The decision id, or Envoy's request id")), responses(
    (status = OK, body = Why),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn explain(State(service): State<Service>, caller: Caller, At(id): At<String>) -> Result<Json<Why>, Problem> {
    looked(&service, &caller, json!({"why": id})).await?;
    let found = records::find(&service.store, &id).await?;
    let found = found.ok_or_else(|| Problem::not_found(&format!("record of `{id}`")))?;
    let Ok(record) = Record::deserialize(&found.record) else {
        return Ok(Json(Why::without(found, None, "the record's content has been taken out")));
    };
    let Some(version) = policies::find_digest(&service.store, &record.policy.digest).await? else {
        return Ok(Json(Why::without(found, None, "the policy that decided did not come from this service")));
    };
    let document = version.document.clone();
    let decider = Some(Decider {
        policy: version.policy,
        number: version.number,
        author: version.author,
        message: version.message,
    });
    let shadow_text = shadow(&service, &record).await?;
    let Some(facts) = record.facts.filter(|_| record.decision.is_some()) else {
        return Ok(Json(Why::without(found, decider, "the request was refused before the policy was asked")));
    };
    // A policy with all packs takes a while to compile.
    let why = tokio::task::spawn_blocking(move || Some(Policy::parse(document.as_bytes()).ok()?.0.why(&facts)));
    let Some(why) = why.await.ok().flatten() else {
        return Ok(Json(Why::without(found, decider, "this service cannot read the policy that decided any more")));
    };
    Ok(Json(Why {
        agrees: record.decision.map(|decision| decision == why.trace.decision),
        explanation: serde_json::to_value(&why.trace).ok(),
        text: Some(why.trace.to_string()),
        alternatives: Some(json!({"facts": why.facts, "policy": why.policy})),
        alternatives_text: Some(why.alternatives()),
        shadow_text,
        ..Why::without(found, decider, None)
    }))
}

/// How the shadow of this record comes to what it would have done; nothing if there is none, or its version is not here.
async fn shadow(service: &Service, record: &Record) -> Result<Option<String>, sqlx::Error> {
    let Some(shadow) = &record.shadow else { return Ok(None) };
    let Some(version) = policies::find_digest(&service.store, &shadow.policy.digest).await? else { return Ok(None) };
    let Some(facts) = shadow.facts.clone().or_else(|| record.facts.clone()) else { return Ok(None) };
    let explained = tokio::task::spawn_blocking(move || {
        let (policy, _) = Policy::parse(version.document.as_bytes()).ok()?;
        Some(policy.explain(&facts).to_string())
    });
    Ok(explained.await.ok().flatten())
}

// === impl Why ===

impl Why {
    fn without(found: Found, version: Option<Decider>, reason: impl Into<Option<&'static str>>) -> Self {
        Self {
            found,
            version,
            explanation: None,
            text: None,
            alternatives: None,
            alternatives_text: None,
            shadow_text: None,
            agrees: None,
            reason: reason.into(),
        }
    }
}
