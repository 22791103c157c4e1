//! The Envoys.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::extract::{At, Parameters};
use super::problem::Problem;
use crate::service::Service;
use crate::service::fleet::{Node, Standing};

/// A page of nodes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Nodes {
    /// In the order of their ids.
    nodes: Vec<Node>,
    /// What `cursor` must be for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
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
    Ok(Json(Nodes { nodes, next }))
}

/// Tells what an Envoy was sent, took, refused, and shows to be in force.
#[utoipa::path(get, path = "/v1/nodes/{id}", tag = "nodes", params(("id" = String, Path, description = "Its id")), responses(
    (status = OK, body = Node),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn find(State(service): State<Service>, At(id): At<String>) -> Result<Json<Node>, Problem> {
    service.fleet.find(&id).await?.map(Json).ok_or_else(|| Problem::not_found(&format!("node `{id}`")))
}
