//! A node that takes whatever it is sent, if it is its own.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use envoy_types::pb::envoy::config::core::v3::Node as Introduction;
use envoy_types::pb::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DiscoveryRequest};
use envoy_types::pb::envoy::service::extension::v3::extension_config_discovery_service_client::ExtensionConfigDiscoveryServiceClient as Discovery;
use tokio::sync::mpsc::{UnboundedSender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::service::name;
use crate::service::{RESOURCE, RESOURCE_TYPE};

/// A node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Its number.
    pub number: u32,
    /// The number of its policy.
    pub policy: u32,
    /// Where the service takes Envoys.
    pub service: SocketAddr,
}

/// A node has taken a version.
#[derive(Debug)]
pub struct Arrival {
    /// The number of its policy.
    pub policy: u32,
    /// When it had it.
    pub at: Instant,
}

// === impl Node ===

impl Node {
    /// Takes what it is sent, and tells of it, until the service ends the stream.
    pub async fn follow(self, told: UnboundedSender<Arrival>) -> anyhow::Result<()> {
        let url = format!("http://{}", self.service);
        let client = Discovery::connect(url.clone()).await.with_context(|| format!("cannot reach {url}"))?;
        if self.number.is_multiple_of(2) {
            self.follow_delta(client, told).await
        } else {
            self.follow_world(client, told).await
        }
    }

    async fn follow_delta(self, mut client: Discovery<Channel>, told: UnboundedSender<Arrival>) -> anyhow::Result<()> {
        let (requests, sent) = channel(1);
        let subscribe = DeltaDiscoveryRequest {
            node: Some(self.introduction()),
            type_url: RESOURCE_TYPE.to_owned(),
            resource_names_subscribe: vec![RESOURCE.to_owned()],
            ..DeltaDiscoveryRequest::default()
        };
        requests.send(subscribe).await?;
        let mut answers = client.delta_extension_configs(ReceiverStream::new(sent)).await?.into_inner();
        while let Some(answer) = answers.message().await? {
            let resource = answer.resources.first().context("a response without a resource")?;
            self.took(&resource.version, &told)?;
            let taken = DeltaDiscoveryRequest {
                type_url: RESOURCE_TYPE.to_owned(),
                response_nonce: answer.nonce,
                ..DeltaDiscoveryRequest::default()
            };
            requests.send(taken).await?;
        }
        Ok(())
    }

    async fn follow_world(self, mut client: Discovery<Channel>, told: UnboundedSender<Arrival>) -> anyhow::Result<()> {
        let (requests, sent) = channel(1);
        let subscribe = DiscoveryRequest {
            node: Some(self.introduction()),
            type_url: RESOURCE_TYPE.to_owned(),
            resource_names: vec![RESOURCE.to_owned()],
            ..DiscoveryRequest::default()
        };
        requests.send(subscribe.clone()).await?;
        let mut answers = client.stream_extension_configs(ReceiverStream::new(sent)).await?.into_inner();
        while let Some(answer) = answers.message().await? {
            self.took(&answer.version_info, &told)?;
            let taken = DiscoveryRequest {
                version_info: answer.version_info,
                response_nonce: answer.nonce,
                node: None,
                ..subscribe.clone()
            };
            requests.send(taken).await?;
        }
        Ok(())
    }

    fn introduction(self) -> Introduction {
        let id = format!("load-{}", self.number);
        Introduction { id, cluster: name(self.policy), ..Introduction::default() }
    }

    fn took(self, version: &str, told: &UnboundedSender<Arrival>) -> anyhow::Result<()> {
        let own = version.starts_with(&format!("{}/", name(self.policy)));
        ensure!(own, "node {} of `{}` was sent {version}", self.number, name(self.policy));
        told.send(Arrival { policy: self.policy, at: Instant::now() })?;
        Ok(())
    }
}
