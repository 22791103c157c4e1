//! The policy of a node as one signed document: for nodes that nobody can push to, and to be kept there.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::extract::{At, Known, Parameters};
use super::problem::Problem;
use crate::bundle::{ApiVersion, Bundle, Kind, Recipient};
use crate::service::board::{Plan, Release};
use crate::service::fleet::{Identity, is_name};
use crate::service::store::policies;
use crate::service::time::now_us;
use crate::service::xds::due::{Due, Refused, due};
use crate::service::xds::resource;
use crate::service::{Service, ended};

/// What else is known of the node, and how long the answer may wait.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The node's cluster: `node.cluster` of its bootstrap.
    cluster: Option<String>,
    /// The node's metadata, `node.metadata`: an object in JSON.
    metadata: Option<String>,
    /// For how many seconds the answer waits for something else than what `If-None-Match` names: 0 to 60.
    #[param(minimum = 0, maximum = 60)]
    wait: Option<u64>,
}

/// The longest that an answer waits, in seconds.
const LONGEST_WAIT: u64 = 60;
/// The longest metadata of a node, in bytes.
const LONGEST_METADATA: usize = 16 << 10;

/// Gives the policy that a node is to have, signed: what it would get over xDS. With `wait`, once it is another.
#[utoipa::path(get, path = "/v1/nodes/{id}/bundle", tag = "nodes", params(("id" = String, Path, description = "Its id"), Asked,
    ("if-none-match" = Option<String>, Header, description = "The ETag of what the node has")), responses(
    (status = OK, body = Bundle, headers(("etag" = String, description = "What `If-None-Match` names it by"))),
    (status = NOT_MODIFIED, description = "The node has it already"),
    (status = BAD_REQUEST, body = Problem),
    (status = NOT_FOUND, description = "No policy is published for it, or it refuses the one that is", body = Problem),
))]
pub async fn show(
    State(service): State<Service>,
    At(id): At<String>,
    Parameters(asked): Parameters<Asked>,
    known: Known,
) -> Result<Response, Problem> {
    let (node, wait) = asked.of(id)?;
    // Whoever waits holds a connection. Where too many do, the next are answered at once, and come again.
    let place = service.waiting.try_acquire();
    let wait = if place.is_ok() { wait } else { Duration::ZERO };
    let bundle = await_news(&service, &node, &known, Instant::now() + wait).await?;
    let bundle = bundle.ok_or_else(|| {
        Problem::not_found(&format!(
            "policy for node `{}`: none is published for it, or it refuses the one that is",
            node.id
        ))
    })?;
    let tag = [(header::ETAG, bundle.tag())];
    Ok(match known.has(&bundle.tag()) {
        true => (StatusCode::NOT_MODIFIED, tag).into_response(),
        false => (tag, Json(bundle)).into_response(),
    })
}

/// The bundle of a node once it is not what is known, or as it is at this moment or when the service ends.
async fn await_news(
    service: &Service,
    node: &Recipient,
    known: &Known,
    until: Instant,
) -> Result<Option<Bundle>, Problem> {
    let mut plan = service.board.watch();
    loop {
        let now = Arc::clone(&plan.borrow_and_update());
        let bundle = bundle(service, &now, node).await?;
        if bundle.as_ref().is_some_and(|bundle| !known.has(&bundle.tag())) {
            return Ok(bundle);
        }
        tokio::select! {
            // Time comes first: whoever does not wait is not to get it later than it could be.
            biased;
            () = sleep_until(until) => return Ok(bundle),
            () = ended(service.ending.clone()) => return Ok(bundle),
            changed = plan.changed() => if changed.is_err() { return Ok(bundle) },
        }
    }
}

/// The bundle of a node under this plan.
async fn bundle(service: &Service, plan: &Plan, node: &Recipient) -> Result<Option<Bundle>, Problem> {
    let identity = Identity::from(node);
    let known = service.fleet.find(&identity.id).await?;
    let release = match due(plan, &identity, known.as_ref()) {
        Due::Nothing | Due::Refused(Refused { last: None, .. }) => return Ok(None),
        Due::Published(release) => release,
        Due::Refused(Refused { last: Some(last), .. }) => {
            let Some(release) = policies::release(&service.store, &last.policy, last.number).await? else {
                return Ok(None);
            };
            Arc::new(release)
        }
    };
    signed(service, &release, plan.serial, node).map(Some)
}

fn signed(service: &Service, release: &Release, serial: u64, node: &Recipient) -> Result<Bundle, Problem> {
    let unsigned = Bundle {
        api_version: ApiVersion::V1,
        kind: Kind::Bundle,
        node: node.clone(),
        policy: release.policy.clone(),
        version: release.number,
        digest: release.digest.clone(),
        configuration: resource::configuration(release, &Identity::from(node)),
        serial,
        issued_us: now_us(),
        key: String::new(),
        signature: String::new(),
    };
    unsigned.signed(&service.key).map_err(|reason| Problem::bad_request(format!("this cannot be signed: {reason}")))
}

// === impl Asked ===

impl Asked {
    /// The node of this id that is meant, and how long the answer may wait.
    fn of(self, id: String) -> Result<(Recipient, Duration), Problem> {
        let Self { cluster, metadata, wait } = self;
        let (cluster, metadata, wait) = (cluster.unwrap_or_default(), metadata.unwrap_or_default(), wait.unwrap_or(0));
        if !is_name(&id) || cluster.len() > LONGEST_METADATA {
            return Err(Problem::bad_request(
                "no node has such an id or cluster: they are short, and without control characters",
            ));
        }
        if metadata.len() > LONGEST_METADATA {
            return Err(Problem::bad_request(format!("`metadata` takes at most {LONGEST_METADATA} bytes")));
        }
        if wait > LONGEST_WAIT {
            return Err(Problem::bad_request(format!("`wait` takes at most {LONGEST_WAIT} seconds")));
        }
        let metadata = match metadata.as_str() {
            "" => Ok(serde_json::Map::new()),
            text => serde_json::from_str(text),
        };
        let metadata =
            metadata.map_err(|reason| Problem::bad_request(format!("`metadata` takes an object in JSON: {reason}")))?;
        Ok((Recipient { id, cluster, metadata }, Duration::from_secs(wait)))
    }
}

impl From<&Recipient> for Identity {
    fn from(node: &Recipient) -> Self {
        let Recipient { id, cluster, metadata } = node.clone();
        Self { id, cluster, metadata, envoy: String::new() }
    }
}
