//! The state-of-the-world variant of xDS.

use envoy_types::pb::envoy::service::discovery::v3::{DiscoveryRequest, DiscoveryResponse};
use envoy_types::pb::google::protobuf::Any;
use tonic::Status;

use super::conversation::Variant;
use super::resource::{NAME, TYPE};
use super::session::{Offer, Session};

/// State of the world: each response has all resources of a type.
pub struct World;

impl Variant for World {
    type Request = DiscoveryRequest;
    type Response = DiscoveryResponse;

    async fn take(session: &mut Session, request: DiscoveryRequest) -> Result<(), Status> {
        let DiscoveryRequest { version_info, node, resource_names, type_url, response_nonce, error_detail, .. } =
            request;
        session.introduce(node).await?;
        // An aggregated stream may ask for other types as well, of which there are none here.
        if !type_url.is_empty() && type_url != TYPE {
            return Ok(());
        }
        if response_nonce.is_empty() {
            // The version is that of the type as a whole: on a new stream, what the node had before.
            let has = Some(version_info).filter(|version| !version.is_empty());
            if resource_names.iter().any(|name| name == NAME) {
                session.subscribe(has).await;
            }
            return Ok(());
        }
        session.answered(&response_nonce, error_detail.as_ref()).await;
        if resource_names.iter().any(|name| name == NAME) {
            session.subscribe(None).await;
        } else {
            session.unsubscribe();
        }
        Ok(())
    }

    fn response(offer: Offer) -> DiscoveryResponse {
        let Offer { nonce, resource, .. } = offer;
        DiscoveryResponse {
            version_info: resource.version,
            resources: vec![Any { type_url: TYPE.to_owned(), value: resource.bytes }],
            type_url: TYPE.to_owned(),
            nonce,
            ..DiscoveryResponse::default()
        }
    }
}
