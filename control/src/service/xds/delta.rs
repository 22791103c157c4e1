//! The delta variant of xDS.

use envoy_types::pb::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource};
use envoy_types::pb::google::protobuf::Any;
use tonic::Status;

use super::conversation::Variant;
use super::resource::{NAME, TYPE};
use super::session::{Offer, Session};

/// Delta: resources are subscribed to, and sent, one by one.
pub struct Delta;

impl Variant for Delta {
    type Request = DeltaDiscoveryRequest;
    type Response = DeltaDiscoveryResponse;

    async fn take(session: &mut Session, request: DeltaDiscoveryRequest) -> Result<(), Status> {
        session.introduce(request.node).await?;
        if !request.type_url.is_empty() && request.type_url != TYPE {
            return Ok(());
        }
        let ours = |names: &[String]| names.iter().any(|name| name == NAME);
        if !request.response_nonce.is_empty() {
            session.answered(&request.response_nonce, request.error_detail.as_ref()).await;
        }
        if ours(&request.resource_names_unsubscribe) {
            session.unsubscribe();
        }
        if ours(&request.resource_names_subscribe) {
            session.subscribe(request.initial_resource_versions.get(NAME).cloned()).await;
        }
        Ok(())
    }

    fn response(offer: Offer) -> DeltaDiscoveryResponse {
        let Offer { nonce, resource, .. } = offer;
        DeltaDiscoveryResponse {
            system_version_info: resource.version.clone(),
            resources: vec![Resource {
                name: NAME.to_owned(),
                version: resource.version,
                resource: Some(Any { type_url: TYPE.to_owned(), value: resource.bytes }),
                ..Resource::default()
            }],
            type_url: TYPE.to_owned(),
            nonce,
            ..DeltaDiscoveryResponse::default()
        }
    }
}
