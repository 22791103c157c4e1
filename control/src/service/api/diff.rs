//! What two versions of a policy have between them.

use axum::Json;
use axum::extract::State;
use policy::policy::Policy;
use policy::prove::{Comparison, Held, Relation, Who, compare};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extract::{At, Parameters};
use super::problem::Problem;
use crate::service::Service;
use crate::service::life::Version;
use crate::service::store::policies;

/// Which two.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Between {
    /// The number of the one.
    from: u64,
    /// The number of the other.
    to: u64,
}

/// What is between two versions: what they say, and what they decide.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// The one, without its document.
    from: Version,
    /// The other, likewise.
    to: Version,
    /// What was changed in the text, as a unified diff; empty if nothing was.
    text: String,
    /// Whether both decide the same about every request that there can be; absent if that cannot be said.
    same: Option<bool>,
    /// Requests that show that they do not, each with what the first and the second decides.
    #[schema(value_type = Object)]
    requests: Value,
    /// What was taken to be so without being looked into, and why nothing can be said where nothing is.
    assumed: Vec<String>,
}

/// Tells what was changed from one version to another, in its text and in what is decided.
#[utoipa::path(get, path = "/v1/policies/{name}/diff", tag = "policies", params(("name" = String, Path), Between), responses(
    (status = OK, body = Difference),
    (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn diff(
    State(service): State<Service>,
    At(name): At<String>,
    Parameters(Between { from, to }): Parameters<Between>,
) -> Result<Json<Difference>, Problem> {
    let [from, to] = [version(&service, &name, from).await?, version(&service, &name, to).await?];
    let compared = tokio::task::spawn_blocking(move || Difference::between(from, to)).await;
    compared.map(Json).map_err(|_| Problem::unavailable("the comparison itself failed"))
}

async fn version(service: &Service, name: &str, number: u64) -> Result<Version, Problem> {
    let version = policies::find_version(&service.store, name, number).await?;
    version.ok_or_else(|| Problem::not_found(&format!("version {number} of policy `{name}`")))
}

// === impl Difference ===

impl Difference {
    /// Takes up to seconds.
    fn between(mut from: Version, mut to: Version) -> Self {
        let documents = [std::mem::take(&mut from.document), std::mem::take(&mut to.document)];
        let [old, new] = &documents;
        let names = [&from, &to].map(|version| format!("version {}", version.number));
        let text = similar::TextDiff::from_lines(old, new).unified_diff().header(&names[0], &names[1]).to_string();
        let text = if old == new { String::new() } else { text };
        let mut difference = Self { from, to, text, same: None, requests: Value::Array(vec![]), assumed: Vec::new() };
        match decided(old, new) {
            Ok(Comparison { holds, differences, assumed }) => {
                difference.same = (holds != Held::Undecided).then_some(holds == Held::Yes);
                difference.requests = serde_json::to_value(differences).unwrap_or_default();
                difference.assumed = assumed;
            }
            Err(reason) => difference.assumed.push(reason),
        }
        difference
    }
}

fn decided(old: &str, new: &str) -> Result<Comparison, String> {
    let parse = |document: &str| Policy::parse(document.as_bytes()).map(|(policy, _)| policy);
    let [old, new] = [parse(old), parse(new)];
    let (Ok(old), Ok(new)) = (old, new) else { return Err("one of them is a draft with errors".to_owned()) };
    compare((&old, Who::default()), (&new, Who::default()), Relation::Same).map_err(|reason| reason.to_string())
}
