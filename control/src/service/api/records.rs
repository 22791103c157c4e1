//! Audit records.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Caller;
use super::extract::{At, Body, Parameters};
use super::problem::Problem;
use crate::chain::{Kind, canonical};
use crate::service::Service;
use crate::service::export::Form;
use crate::service::fleet::is_name;
use crate::service::journal::{Draft, Hole, Instance, Unfit};
use crate::service::store::instances;
use crate::service::store::records::{self, Filter, Found};
use crate::structure;

/// A page of records.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Records {
    /// The newest first.
    records: Vec<Found>,
    /// What `cursor` must be for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// What is missing.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Gaps {
    /// By node and instance.
    gaps: Vec<Gap>,
    /// How many records are missing in all.
    missing: u64,
}

/// Records of one instance that have not come, although later ones have.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Gap {
    /// The node that it ran in.
    node: String,
    /// The instance.
    epoch: String,
    /// The first number that is missing.
    first: u64,
    /// The last.
    last: u64,
    /// Since when, in microseconds since the Unix epoch. What is missing since a moment is likely still under way.
    since_us: u64,
}

/// Records from a node's access log file.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    /// The node's id.
    node: String,
    /// The records, as they stand under `audit` in the file.
    #[schema(value_type = Vec<Object>)]
    records: Vec<Value>,
}

/// What became of them.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Taken {
    /// How many had not come before.
    new: u64,
    /// How many had.
    known: u64,
    /// How many are no records, and why the first of them is none.
    unreadable: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Takes records in from a node's access log file, the copy that fills gaps. What has come before is not taken twice.
#[utoipa::path(post, path = "/v1/records", tag = "records", request_body = Collected, responses(
    (status = OK, description = "They are on disk", body = Taken),
    (status = BAD_REQUEST, body = Problem),
))]
pub async fn add(State(service): State<Service>, Body(collected): Body<Collected>) -> Result<Json<Taken>, Problem> {
    let Collected { node, records } = collected;
    if !is_name(&node) {
        return Err(Problem::bad_request("`node`: the id of a node has 1 to 1000 bytes, and no control characters"));
    }
    let (mut drafts, mut reason, count) = (Vec::with_capacity(records.len()), None, records.len());
    for record in records {
        match draft(&node, record) {
            Ok(draft) => drafts.push(draft),
            Err(unfit) => reason = reason.or(Some(unfit.to_string())),
        }
    }
    let readable = drafts.len();
    let new = service.journal.append(drafts).await?;
    let known = (readable as u64).saturating_sub(new);
    Ok(Json(Taken { new, known, unreadable: count - readable, reason }))
}

fn draft(node: &str, record: Value) -> Result<Draft, Unfit> {
    Draft::record(node, canonical::of_value(&structure::whole(record))?)
}

/// Finds records, newest first.
#[utoipa::path(get, path = "/v1/records", tag = "records", params(Filter), responses(
    (status = OK, body = Records),
    (status = BAD_REQUEST, body = Problem),
))]
pub async fn list(
    State(service): State<Service>,
    caller: Caller,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Records>, Problem> {
    filter.check().map_err(Problem::bad_request)?;
    looked(&service, &caller, json!({"records": filter})).await?;
    let (records, next) = records::list(&service.store, &filter).await?;
    Ok(Json(Records { records, next }))
}

/// In which form.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `jsonl`, `csv`, `ocsf` or `cloudevents`.
    form: Form,
}

/// Exports all records that fit, newest first, in a form that other systems read. `cursor` and `limit` are not looked at.
#[utoipa::path(get, path = "/v1/records/export", tag = "records", params(Filter, Wanted), responses(
    (status = OK, description = "One line a record", content((String = "application/jsonl"), (String = "text/csv"))),
    (status = BAD_REQUEST, body = Problem),
))]
pub async fn export(State(service): State<Service>, caller: Caller, uri: Uri) -> Result<impl IntoResponse, Problem> {
    let query = uri.query().unwrap_or_default();
    let (form, query): (Vec<&str>, Vec<&str>) = query.split('&').partition(|part| part.starts_with("form="));
    let parsed = |query: &str| format!("/?{query}").parse::<Uri>().unwrap_or_default();
    let Query(Wanted { form }) = Query::try_from_uri(&parsed(&form.join("&"))).map_err(unfit)?;
    let Query(filter): Query<Filter> = Query::try_from_uri(&parsed(&query.join("&"))).map_err(unfit)?;
    filter.check().map_err(Problem::bad_request)?;
    looked(&service, &caller, json!({"records": filter})).await?;
    let (sender, chunks) = mpsc::channel(2);
    tokio::spawn(async move {
        let _ = sender.send(Ok(form.head())).await;
        let mut page = Filter { cursor: None, limit: Some(PAGE), ..filter };
        loop {
            let read = records::list(&service.store, &page).await;
            let (found, next) = match read {
                Ok(read) => read,
                Err(reason) => {
                    tracing::error!(%reason, "an export broke off");
                    let _ = sender.send(Err(std::io::Error::other("the export broke off"))).await;
                    return;
                }
            };
            let text: String = found.iter().filter_map(|found| form.line(found)).collect();
            // Whoever asked may have gone: then nothing more needs to be said.
            if sender.send(Ok(text)).await.is_err() || next.is_none() {
                return;
            }
            page.cursor = next;
        }
    });
    Ok(([(CONTENT_TYPE, form.media_type())], axum::body::Body::from_stream(ReceiverStream::new(chunks))))
}

fn unfit(reason: QueryRejection) -> Problem {
    Problem::bad_request(format!("the query: {}", reason.body_text()))
}

/// How many records an export reads at a time.
const PAGE: u32 = 1_000;

/// Finds the record of an exchange by its decision id or by Envoy's request id.
#[utoipa::path(get, path = "/v1/records/{id}", tag = "records",
    params(("id" = String, Path, description = "What the client was told in `x-policymesh-decision-id`, or Envoy's `x-request-id`")), responses(
    (status = OK, body = Found),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn find(State(service): State<Service>, caller: Caller, At(id): At<String>) -> Result<Json<Found>, Problem> {
    looked(&service, &caller, json!({"record": id})).await?;
    let found = records::find(&service.store, &id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found(&format!("record of `{id}`")))
}

/// Names every record that is missing.
#[utoipa::path(get, path = "/v1/gaps", tag = "records", responses((status = OK, body = Gaps)))]
pub async fn gaps(State(service): State<Service>, caller: Caller) -> Result<Json<Gaps>, Problem> {
    looked(&service, &caller, json!("gaps")).await?;
    let instances = instances::with_holes(&service.store).await?;
    let missing = instances.iter().flat_map(|instance| &instance.holes).map(Hole::len).sum();
    let of_instance = |instance: Instance| {
        let (node, epoch) = (instance.node, instance.epoch);
        instance.holes.into_iter().map(move |Hole { first, last, since_us }| Gap {
            node: node.clone(),
            epoch: epoch.clone(),
            first,
            last,
            since_us,
        })
    };
    Ok(Json(Gaps { gaps: instances.into_iter().flat_map(of_instance).collect(), missing }))
}

/// Takes note of who looks at what, before they see it.
pub async fn looked(service: &Service, caller: &Caller, at: Value) -> Result<(), Problem> {
    let entry = json!({"what": "looked", "who": caller.name, "at": at});
    service.journal.append(vec![Draft::own(Kind::Look, &entry)]).await?;
    Ok(())
}
