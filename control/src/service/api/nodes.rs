//! The Envoys.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::extract::{At, Parameters};
use super::problem::Problem;
use crate::service::Service;
use crate::service::fleet::{Node, Standing};
use crate::service::store::policies;

/// A page of nodes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Nodes {
    /// In the order of their ids.
    nodes: Vec<Listed>,
    /// What `cursor` must be for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A node, and what it is to have.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Listed {
    #[serde(flatten)]
    node: Node,
    /// The version that is published for it, if one is. Whether it has it is told by `acked`, `refused` and `seen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<PublishedVersion>,
    /// The number of the version that its newest record shows to be in force, if that is known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_number: Option<u64>,
}

/// A version that is published.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PublishedVersion {
    /// The policy's name.
    policy: String,
    /// The number of the version.
    number: u64,
}

/// Which nodes.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Of this cluster.
    cluster: Option<String>,
    /// That took this policy last.
    policy: Option<String>,
    /// That stand so.
    #[param(inline)]
    standing: Option<Standing>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

// === impl Filter ===

impl Filter {
    fn fits(&self, node: &Node) -> bool {
        let is = |asked: &Option<String>, is: Option<&str>| asked.is_none() || asked.as_deref() == is;
        is(&self.cluster, Some(&node.identity.cluster))
            && is(&self.policy, node.acked.as_ref().map(|acked| acked.policy.as_str()))
            && self.standing.is_none_or(|standing| node.stands(standing))
            && self.cursor.as_ref().is_none_or(|last| node.identity.id > *last)
    }
}

// === impl Listed ===

impl Listed {
    /// These nodes. There are few digests among many of them: each is looked up once.
    async fn all(nodes: Vec<Node>, service: &Service) -> Result<Vec<Self>, sqlx::Error> {
        let plan = Arc::clone(&service.board.watch().borrow());
        let mut numbers = BTreeMap::new();
        for seen in nodes.iter().filter_map(|node| node.seen.as_ref()) {
            if !numbers.contains_key(&seen.digest) {
                let number = policies::number_of(&service.store, &seen.digest).await?;
                numbers.insert(seen.digest.clone(), number);
            }
        }
        let listed = |node: Node| {
            let due = plan.release_for(&node.identity);
            let due = due.map(|due| PublishedVersion { policy: due.policy.clone(), number: due.number });
            let seen_number = node.seen.as_ref().and_then(|seen| numbers.get(&seen.digest).copied().flatten());
            Self { node, due, seen_number }
        };
        Ok(nodes.into_iter().map(listed).collect())
    }
}

/// Lists the Envoys that were ever connected.
#[utoipa::path(get, path = "/v1/nodes", tag = "nodes", params(Filter), responses(
    (status = OK, body = Nodes),
    (status = BAD_REQUEST, body = Problem),
))]
pub async fn list(
    State(service): State<Service>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Nodes>, Problem> {
    let limit = filter.limit.unwrap_or(100).clamp(1, 1000);
    let mut fitting = service.fleet.all().await?.into_iter().filter(|node| filter.fits(node));
    let nodes: Vec<_> = fitting.by_ref().take(limit).collect();
    let next = fitting.next().and_then(|_| nodes.last()).map(|last| last.identity.id.clone());
    Ok(Json(Nodes { nodes: Listed::all(nodes, &service).await?, next }))
}

/// Tells what an Envoy was sent, took, refused, and shows to be in force.
#[utoipa::path(get, path = "/v1/nodes/{id}", tag = "nodes", params(("id" = String, Path, description = "Its id")), responses(
    (status = OK, body = Listed),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn find(State(service): State<Service>, At(id): At<String>) -> Result<Json<Listed>, Problem> {
    let node = service.fleet.find(&id).await?;
    let listed = Listed::all(node.into_iter().collect(), &service).await?;
    listed.into_iter().next().map(Json).ok_or_else(|| Problem::not_found(&format!("node `{id}`")))
}
