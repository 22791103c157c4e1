//! The Envoys.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::extract::At;
use super::problem::Problem;
use crate::service::Service;
use crate::service::fleet::Node;

/// All nodes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Nodes {
    /// In the order of their ids.
    nodes: Vec<Node>,
}

/// Lists every Envoy that was ever connected.
#[utoipa::path(get, path = "/v1/nodes", tag = "nodes", responses((status = OK, body = Nodes)))]
pub async fn list(State(service): State<Service>) -> Result<Json<Nodes>, Problem> {
    Ok(Json(Nodes { nodes: service.fleet.all().await? }))
}

/// Tells what an Envoy was sent, took, refused, and shows to be in force.
#[utoipa::path(get, path = "/v1/nodes/{id}", tag = "nodes", params(("id" = String, Path, description = "Its id")), responses(
    (status = OK, body = Node),
    (status = NOT_FOUND, body = Problem),
))]
pub async fn find(State(service): State<Service>, At(id): At<String>) -> Result<Json<Node>, Problem> {
    service.fleet.find(&id).await?.map(Json).ok_or_else(|| Problem::not_found(&format!("node `{id}`")))
}
