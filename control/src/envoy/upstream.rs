//! The providers of a policy, as far as Envoy must know them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use policy::catalogue::Endpoint;
use policy::config::KeyHeader;
use policy::policy::Policy;
use policy::problem::nearest;

/// A provider and the cluster that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The provider's name in the policy.
    pub provider: String,
    /// The name of its cluster.
    pub cluster: String,
    /// The header in which it takes its key.
    pub key_header: KeyHeader,
    /// Where it answers.
    pub endpoint: Endpoint,
    /// Its key, if it wants one.
    pub key: Option<Key>,
}

/// Where Envoy finds a provider's key. The key itself is in no file that we write, and never in the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A file with a secret as SDS delivers it; Envoy notices when it is replaced.
    Sds(String),
    /// An environment variable of Envoy.
    Environment(String),
}

/// Why no configuration can be rendered for a policy's providers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMesh {
    /// Two providers share a cluster, which can have one endpoint and one key only.
    #[error(
        "spec.providers[{index}].cluster: `{cluster}` leads elsewhere, or with another key, for an earlier provider"
    )]
    ClusterTwice {
        /// The later provider's place in the list.
        index: usize,
        /// The cluster they share.
        cluster: String,
    },
    /// A key for a provider that gets the client's own.
    #[error("`--key {provider}=...`: spec.providers[{index}].key says that it gets the client's own")]
    KeyTwice {
        /// The provider's place in the list.
        index: usize,
        /// Its name.
        provider: String,
    },
    /// An option for a provider that the policy does not have.
    #[error("`{option} {name}=...`: the policy has no such provider{}", nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    UnknownProvider {
        /// The option's name.
        option: &'static str,
        /// The provider named there.
        name: String,
        /// The one that may have been meant.
        nearest: Option<String>,
    },
}

/// The providers of a policy, with the keys given by name.
pub fn upstreams(policy: &Policy, keys: &BTreeMap<String, Key>) -> Result<Vec<Upstream>, Vec<InvalidMesh>> {
    let mut wrong = unknown("--key", keys.keys(), policy);
    let mut found: Vec<Upstream> = Vec::new();
    for (index, provider) in policy.catalogue().providers().iter().enumerate() {
        let upstream = Upstream {
            provider: provider.name.to_string(),
            cluster: provider.cluster.to_string(),
            key_header: provider.key.clone(),
            endpoint: provider.endpoint.clone(),
            key: keys.get(provider.name.as_str()).cloned(),
        };
        if provider.takes_client_key && upstream.key.is_some() {
            wrong.push(InvalidMesh::KeyTwice { index, provider: upstream.provider });
        } else if found.iter().any(|earlier| upstream.contradicts(earlier)) {
            wrong.push(InvalidMesh::ClusterTwice { index, cluster: upstream.cluster });
        } else {
            found.push(upstream);
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// Options for providers that a policy does not have.
pub fn unknown<'a>(option: &'static str, given: impl Iterator<Item = &'a String>, policy: &Policy) -> Vec<InvalidMesh> {
    let names = || policy.catalogue().providers().iter().map(|provider| provider.name.as_str());
    given
        .filter(|given| names().all(|name| name != *given))
        .map(|name| InvalidMesh::UnknownProvider {
            option,
            name: name.clone(),
            nearest: nearest(name, names()).map(str::to_owned),
        })
        .collect()
}

// === impl Upstream ===

impl Upstream {
    /// The provider's address, if its host is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.endpoint.host.parse().ok()
    }

    fn contradicts(&self, earlier: &Self) -> bool {
        let place = |upstream: &Self| {
            let Endpoint { tls, host, port, .. } = &upstream.endpoint;
            let key = upstream.key.as_ref().map(|key| (key.clone(), upstream.key_header.clone()));
            (*tls, host.clone(), *port, key)
        };
        self.cluster == earlier.cluster && place(self) != place(earlier)
    }
}

// === impl Key ===

impl std::str::FromStr for Key {
    type Err = String;

    /// Reads `env:VARIABLE`, or the path of a file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("env:") {
            Some("") => Err("`env:` needs the name of a variable".to_owned()),
            Some(variable) => Ok(Self::Environment(variable.to_owned())),
            None if text.is_empty() => Err("a key needs a file, or `env:VARIABLE`".to_owned()),
            None => Ok(Self::Sds(text.to_owned())),
        }
    }
}
