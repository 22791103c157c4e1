//! Envoy's configuration for a policy: the listener with the router filter, and a cluster for each provider.

mod access_log;
mod bootstrap;
mod cluster;
pub mod control_plane;
pub mod filter;
mod listener;
mod local_reply;
mod stats;
mod upstream;
mod version;

use crate::yaml::Node;

pub use upstream::{Key, Upstream, unknown, upstreams};
pub use version::Version;

/// All that the rendered configuration depends on.
pub struct Mesh {
    /// How the policy reaches the filter.
    pub delivery: Delivery,
    /// The policy, as it was written.
    pub policy: Node,
    /// What tells this text of the policy from any other.
    pub policy_version: String,
    /// The providers, in the order of the policy.
    pub upstreams: Vec<Upstream>,
    /// Where clients connect.
    pub listen: Address,
    /// Where the admin interface listens.
    pub admin: Address,
    /// The path of the filter's module, as Envoy sees it.
    pub module: String,
    /// The file that takes the access log.
    pub access_log: String,
    /// The bundle of certificate authorities that providers are checked against.
    pub authorities: String,
    /// The Envoy that it is for.
    pub version: Version,
    /// The header that names the client, and must therefore not come from the client.
    pub identity_header: Option<String>,
}

/// How the policy reaches the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Inline in the bootstrap: a new policy needs a new bootstrap.
    Static,
    /// From this file, which Envoy watches: a new policy is live as soon as the file is replaced.
    Ecds {
        /// The path of the file, as Envoy sees it.
        file: String,
        /// Who this Envoy is: to what writes the file.
        identity: control_plane::Identity,
    },
    /// From the control service, which takes the audit records, too.
    Control {
        /// Where its replicas are.
        addresses: Vec<control_plane::Address>,
        /// Who this Envoy is to it.
        identity: control_plane::Identity,
        /// By what they know each other; without TLS by nothing.
        tls: Option<control_plane::Tls>,
    },
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// An IP address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

// === impl Mesh ===

impl Mesh {
    /// The whole bootstrap.
    pub fn bootstrap(&self) -> Node {
        bootstrap::bootstrap(self)
    }

    /// The file that Envoy reads the router filter's configuration from under [`Delivery::Ecds`].
    pub fn filter_resource(&self) -> Node {
        filter::resource(self)
    }

    /// Whether a request goes on to the next candidate where a provider fails.
    pub fn fails_over(&self) -> bool {
        self.version >= Version::FAILS_OVER
    }

    /// One upstream for each cluster: several providers may share one.
    fn clusters(&self) -> impl Iterator<Item = &Upstream> {
        let first = |(place, upstream): &(usize, &Upstream)| {
            !self.upstreams.iter().take(*place).any(|earlier| earlier.cluster == upstream.cluster)
        };
        self.upstreams.iter().enumerate().filter(first).map(|(_, upstream)| upstream)
    }
}

// === impl Address ===

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address: std::net::SocketAddr = text.parse().map_err(|_| format!("`{text}` is no IP:PORT"))?;
        Ok(Self { host: address.ip().to_string(), port: address.port() })
    }
}

impl From<&Address> for Node {
    fn from(address: &Address) -> Self {
        use crate::yaml::map;
        map! { "socket_address" => map! { "address" => address.host.as_str(), "port_value" => address.port } }
    }
}
