//! A policy over recorded decisions.

use std::sync::Mutex;

use axum::Json;
use axum::extract::State;
use policy::policy::Policy;
use policy::replay::{Replay, Summary};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::sync::mpsc::Receiver;

use super::caller::Caller;
use super::extract::Body;
use super::problem::Problem;
use super::records::looked;
use crate::service::Service;
use crate::service::life::{Finding, Refused};
use crate::service::store::policies;
use crate::service::store::records::{self, Filter};

/// Which policy, and over which records.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The policy's document, YAML or JSON. It need not be one that the service has.
    document: String,
    /// Which records; all of them without it. `cursor` and `limit` are not looked at.
    #[serde(default)]
    #[schema(value_type = Object)]
    records: Filter,
}

/// How many pages of records wait to be decided.
const AHEAD: usize = 4;
/// The most policies that were in force that are read, to know what was looked for in requests.
const MOST_POLICIES: u32 = 32;

/// Decides recorded requests once more, by another policy: what would go elsewhere, by rule, team, provider and level, what it
/// would cost, what breaks an invariant, and what hangs on something that was not recorded. Nothing is changed.
#[utoipa::path(post, path = "/v1/replay", tag = "records", request_body = Wanted, responses(
    (status = OK, description = "What came out, counted", body = Object),
    (status = BAD_REQUEST, body = Problem),
    (status = UNPROCESSABLE_ENTITY, description = "The policy has errors: each is told", body = Problem),
))]
pub async fn replay(
    State(service): State<Service>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Problem> {
    let Wanted { document, records } = wanted;
    records.check().map_err(Problem::bad_request)?;
    looked(&service, &caller, json!({"replay": records})).await?;
    let were_in_force = policies::recorded(&service.store, MOST_POLICIES).await?;
    let (sender, pages) = mpsc::channel(AHEAD);
    // It ends early where whoever asked is gone: then nobody sends pages any more.
    let deciding = tokio::task::spawn_blocking(move || decide(&document, &were_in_force, pages));
    let mut page = Filter { cursor: None, limit: Some(PAGE), ..records };
    loop {
        let (lines, next) = records::lines(&service.store, &page).await?;
        // An error means that the policy has errors, which are told below.
        if sender.send(lines).await.is_err() || next.is_none() {
            break;
        }
        page.cursor = next;
    }
    drop(sender);
    let summary = deciding.await.map_err(|_| Problem::unavailable("the replay itself failed"))??;
    serde_json::to_value(summary).map(Json).map_err(|_| Problem::unavailable("the result cannot be written"))
}

/// How many records are read at a time.
const PAGE: u32 = 1_000;

/// Decides pages as they come, on all processors: to read a record takes longer than to decide it.
fn decide(document: &str, recorded: &[String], pages: Receiver<String>) -> Result<Summary, Problem> {
    let refused = |problems: Vec<policy::problem::Problem>| {
        Problem::from(Refused::Errors(problems.into_iter().map(Finding::from).collect()))
    };
    let (policy, _) = Policy::parse(document.as_bytes()).map_err(refused)?;
    let recorded: Vec<_> =
        recorded.iter().filter_map(|document| Some(Policy::parse(document.as_bytes()).ok()?.0)).collect();
    let pages = Mutex::new(pages);
    let part = || {
        let mut replay = Replay::new(&policy, &recorded);
        while let Some(page) = pages.lock().ok().and_then(|mut pages| pages.blocking_recv()) {
            page.lines().for_each(|line| replay.add(line.as_bytes()));
        }
        replay.finish()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(part)).collect();
        let mut summary = part();
        for other in others {
            summary.join(other.join().map_err(|_| Problem::unavailable("the replay itself failed"))?);
        }
        Ok(summary)
    })
}
