//! The providers of a policy, as far as Envoy must know them.

use std::collections::BTreeMap;

use policy::problem::nearest;

use super::endpoint::{Endpoint, InvalidEndpoint};
use crate::yaml::Node;

/// A provider and the cluster that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The provider's name in the policy.
    pub provider: String,
    /// The name of its cluster.
    pub cluster: String,
    /// The format it speaks, which says how it takes its key.
    pub format: String,
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
    /// The policy names no provider.
    #[error("spec.providers: there is none to route to")]
    NoProvider,
    /// A provider without a name.
    #[error("spec.providers[{0}].name: every provider needs a name")]
    NoName(usize),
    /// Nothing says where a provider answers.
    #[error(
        "spec.providers[{index}]: provider `{name}` has no `endpoint`; write it there, or give --endpoint {name}=URL"
    )]
    NoEndpoint {
        /// Its place in the list.
        index: usize,
        /// Its name.
        name: String,
    },
    /// An endpoint that is none.
    #[error("spec.providers[{index}].endpoint: {source}")]
    Endpoint {
        /// The provider's place in the list.
        index: usize,
        /// What is wrong with it.
        source: InvalidEndpoint,
    },
    /// Two providers share a cluster, which can have one endpoint and one key only.
    #[error("spec.providers[{index}].cluster: `{cluster}` leads elsewhere for an earlier provider")]
    ClusterTwice {
        /// The later provider's place in the list.
        index: usize,
        /// The cluster they share.
        cluster: String,
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

/// Reads the providers out of a written policy; endpoints and keys given by name take precedence.
pub fn upstreams(
    policy: &Node,
    endpoints: &BTreeMap<String, Endpoint>,
    keys: &BTreeMap<String, Key>,
) -> Result<Vec<Upstream>, Vec<InvalidMesh>> {
    let written = policy.get("spec").and_then(|spec| spec.get("providers")).map(Node::items).unwrap_or_default();
    if written.is_empty() {
        return Err(vec![InvalidMesh::NoProvider]);
    }
    let mut found: Vec<Upstream> = Vec::new();
    let mut wrong = Vec::new();
    for (index, provider) in written.iter().enumerate() {
        match upstream(index, provider, endpoints, keys) {
            Ok(upstream) if found.iter().any(|earlier| upstream.contradicts(earlier)) => {
                wrong.push(InvalidMesh::ClusterTwice { index, cluster: upstream.cluster });
            }
            Ok(upstream) => found.push(upstream),
            Err(reason) => wrong.push(reason),
        }
    }
    let names: Vec<&str> = written.iter().filter_map(|provider| provider.get("name")?.text()).collect();
    wrong.extend(unknown("--endpoint", endpoints.keys(), &names));
    wrong.extend(unknown("--key", keys.keys(), &names));
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn upstream(
    index: usize,
    provider: &Node,
    endpoints: &BTreeMap<String, Endpoint>,
    keys: &BTreeMap<String, Key>,
) -> Result<Upstream, InvalidMesh> {
    let text = |key: &str| provider.get(key).and_then(Node::text).map(str::to_owned);
    let name = text("name").ok_or(InvalidMesh::NoName(index))?;
    let endpoint = match (endpoints.get(&name), text("endpoint")) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(url)) => url.parse().map_err(|source| InvalidMesh::Endpoint { index, source })?,
        (None, None) => return Err(InvalidMesh::NoEndpoint { index, name }),
    };
    Ok(Upstream {
        cluster: text("cluster").unwrap_or_else(|| name.clone()),
        format: text("format").unwrap_or_default(),
        key: keys.get(&name).cloned(),
        provider: name,
        endpoint,
    })
}

fn unknown<'a>(option: &'static str, given: impl Iterator<Item = &'a String>, names: &[&str]) -> Vec<InvalidMesh> {
    given
        .filter(|name| !names.contains(&name.as_str()))
        .map(|name| InvalidMesh::UnknownProvider {
            option,
            name: name.clone(),
            nearest: nearest(name, names.iter().copied()).map(str::to_owned),
        })
        .collect()
}

// === impl Upstream ===

impl Upstream {
    fn contradicts(&self, earlier: &Self) -> bool {
        self.cluster == earlier.cluster && (&self.endpoint, &self.key) != (&earlier.endpoint, &earlier.key)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(providers: &str, endpoints: &[(&str, &str)]) -> Result<Vec<Upstream>, Vec<String>> {
        let policy = serde_saphyr::from_str(&format!("spec: {{providers: {providers}}}")).unwrap();
        let endpoints = endpoints.iter().map(|(name, url)| ((*name).to_owned(), url.parse().unwrap())).collect();
        let keys = BTreeMap::from([("a".to_owned(), Key::Environment("A_KEY".into()))]);
        upstreams(&policy, &endpoints, &keys).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_endpoint_given_by_name_takes_precedence() {
        let found = read(
            "[{name: a, cluster: c, format: openai, endpoint: 'https://a.example'}]",
            &[("a", "http://127.0.0.1:1")],
        )
        .unwrap();
        assert_eq!(found[0].endpoint.authority(), "127.0.0.1:1");
        assert_eq!(found[0].cluster, "c");
        assert_eq!(found[0].key, Some(Key::Environment("A_KEY".into())));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = read("[{name: a}, {cluster: c}, {name: b, endpoint: 'ftp://b'}]", &[("bb", "http://b.example")])
            .unwrap_err();
        let expected = [
            "spec.providers[0]: provider `a` has no `endpoint`; write it there, or give --endpoint a=URL",
            "spec.providers[1].name: every provider needs a name",
            "spec.providers[2].endpoint: `ftp://b` must begin with `http://` or `https://`",
            "`--endpoint bb=...`: the policy has no such provider; did you mean `b`?",
        ];
        assert_eq!(wrong, expected);
        assert_eq!(read("[]", &[]).unwrap_err(), ["spec.providers: there is none to route to"]);
    }

    #[test]
    fn two_providers_share_a_cluster_only_if_it_leads_to_one_place() {
        let shared = "[{name: a, cluster: c, endpoint: 'http://x.example'}, {name: b, cluster: c, endpoint: 'http://y.example'}]";
        assert_eq!(
            read(shared, &[]).unwrap_err(),
            ["spec.providers[1].cluster: `c` leads elsewhere for an earlier provider"]
        );
    }
}
