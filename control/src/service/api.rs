//! The API that people, scripts and the other commands use.

mod audit;
mod bundle;
mod caller;
mod diff;
mod document;
mod explain;
mod extract;
mod health;
mod http;
mod metrics;
mod nodes;
mod page;
mod policies;
mod problem;
mod records;
mod replay;
mod shadow;
pub mod tokens;
mod traces;
mod why;

use axum::Router;
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use super::Service;
use super::access::Permission;
use super::listen::Listener;

/// Serves the API until the service ends.
pub async fn serve(service: Service, listener: Listener) {
    let ending = service.ending.clone();
    http::serve(router(service), listener, ending).await;
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Policy Mesh",
        description = "Policies out to Envoys, audit records in, and why each decision fell.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(super::Form))
)]
struct Document;

/// Every route, with what it takes to use it.
fn router(service: Service) -> Router {
    use Permission::{
        Collect, Erase, Export, ManageTokens, Publish, Pull, ReadNodes, ReadPolicies, ReadRecords, WritePolicies,
    };
    let guarded = |permission: Permission, routes: UtoipaMethodRouter<Service>| {
        routes.layer(axum::middleware::from_fn_with_state((service.clone(), permission), caller::check))
    };
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(guarded(ReadPolicies, routes!(policies::list)))
        .routes(guarded(ReadPolicies, routes!(policies::find)))
        .routes(guarded(ReadPolicies, routes!(policies::versions)))
        .routes(guarded(ReadPolicies, routes!(policies::version)))
        .routes(guarded(ReadPolicies, routes!(diff::diff)))
        .routes(guarded(ReadPolicies, routes!(explain::explain)))
        .routes(guarded(WritePolicies, routes!(policies::add)))
        .routes(guarded(Publish, routes!(policies::select)))
        .routes(guarded(Publish, routes!(policies::publish)))
        .routes(guarded(Publish, routes!(policies::promote)))
        .routes(guarded(Publish, routes!(policies::roll_back)))
        .routes(guarded(Publish, routes!(shadow::start)))
        .routes(guarded(Publish, routes!(shadow::end)))
        .routes(guarded(ReadRecords, routes!(shadow::compare)))
        .routes(guarded(ReadNodes, routes!(nodes::list)))
        .routes(guarded(ReadNodes, routes!(nodes::find)))
        .routes(guarded(Pull, routes!(bundle::show)))
        .routes(guarded(Collect, routes!(records::add)))
        .routes(guarded(ReadRecords, routes!(records::list)))
        .routes(guarded(ReadRecords, routes!(records::find)))
        .routes(guarded(ReadRecords, routes!(records::gaps)))
        .routes(guarded(ReadRecords, routes!(why::explain)))
        .routes(guarded(ReadRecords, routes!(audit::key)))
        .routes(guarded(ReadRecords, routes!(audit::head)))
        .routes(guarded(Export, routes!(audit::export)))
        .routes(guarded(Export, routes!(records::export)))
        .routes(guarded(ReadRecords, routes!(replay::replay)))
        .routes(guarded(ReadNodes, routes!(metrics::show)))
        .routes(guarded(Erase, routes!(audit::erase)))
        .routes(guarded(ManageTokens, routes!(tokens::list)))
        .routes(guarded(ManageTokens, routes!(tokens::add)))
        .routes(guarded(ManageTokens, routes!(tokens::revoke)))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .split_for_parts();
    router
        .merge(page::routes(document::described(&document)))
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(axum::middleware::from_fn_with_state(service.clone(), metrics::count))
        .layer(axum::middleware::from_fn(traces::trace))
        .layer(axum::middleware::from_fn_with_state(service.clone(), caller::is_addressed_here))
        .with_state(service)
}
