//! Policies out to Envoys: extension configuration discovery, state of the world and delta, on streams of their own and
//! aggregated; and Envoys' access logs in, on the same port.
//!
//! See <https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol>.

mod conversation;
mod delta;
pub mod due;
pub mod resource;
mod session;
mod world;

use std::pin::Pin;
use std::time::Duration;

use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_server::AccessLogServiceServer;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use envoy_types::pb::envoy::service::extension::v3::extension_config_discovery_service_server::{
    ExtensionConfigDiscoveryService, ExtensionConfigDiscoveryServiceServer,
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::intake::Intake;
use super::listen::Listener;
use super::{Service, ended};
use conversation::answer;
use delta::Delta;
use world::World;

pub use resource::{NAME as RESOURCE, TYPE as RESOURCE_TYPE};

/// Serves Envoys until the service ends.
pub async fn serve(service: Service, listener: Listener) -> anyhow::Result<()> {
    let discovery = Discovery(service.clone());
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .add_service(ExtensionConfigDiscoveryServiceServer::new(discovery.clone()))
        .add_service(AggregatedDiscoveryServiceServer::new(discovery))
        .add_service(AccessLogServiceServer::new(Intake::new(service.clone())))
        .serve_with_incoming_shutdown(listener, ended(service.ending))
        .await?;
    Ok(())
}

/// The discovery services. They differ in nothing but their names: we have one type of resource.
#[derive(Clone)]
struct Discovery(Service);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ExtensionConfigDiscoveryService for Discovery {
    type StreamExtensionConfigsStream = Answers<DiscoveryResponse>;
    type DeltaExtensionConfigsStream = Answers<DeltaDiscoveryResponse>;

    async fn stream_extension_configs(
        &self,
        request: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamExtensionConfigsStream>, Status> {
        Ok(Response::new(answer::<World>(self.0.clone(), request)))
    }

    async fn delta_extension_configs(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaExtensionConfigsStream>, Status> {
        Ok(Response::new(answer::<Delta>(self.0.clone(), request)))
    }

    async fn fetch_extension_configs(
        &self,
        _: Request<DiscoveryRequest>,
    ) -> Result<Response<DiscoveryResponse>, Status> {
        Err(Status::unimplemented("subscribe by a stream: a fetch cannot say that it refuses what it got"))
    }
}

#[tonic::async_trait]
impl AggregatedDiscoveryService for Discovery {
    type StreamAggregatedResourcesStream = Answers<DiscoveryResponse>;
    type DeltaAggregatedResourcesStream = Answers<DeltaDiscoveryResponse>;

    async fn stream_aggregated_resources(
        &self,
        request: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Ok(Response::new(answer::<World>(self.0.clone(), request)))
    }

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        Ok(Response::new(answer::<Delta>(self.0.clone(), request)))
    }
}
