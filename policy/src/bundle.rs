//! What Envoy gives the filter as its configuration.

use serde::Deserialize;

use crate::{
    compile::{self, Report},
    config::{self, Document, Node, PolicyConfig},
    policy::Policy,
    problem::Problem,
};

/// What a filter is to do, ready to be done.
#[derive(Clone, Debug)]
pub enum Bundle {
    /// It decides where a request goes.
    Router(Box<Policies>),
    /// It turns a request into what its provider understands.
    Adapter,
}

/// The policies of a router.
#[derive(Clone, Debug)]
pub struct Policies {
    /// The one in force.
    pub live: Policy,
    /// One that is asked about each request, too, and not obeyed: what it would have done is in the record.
    pub shadow: Option<Policy>,
    /// Why there is none, though there should be: a shadow with errors keeps nothing else from being used.
    pub shadow_problems: Vec<Problem>,
}

/// The configuration of a filter as written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleConfig {
    role: Role,
    /// The clusters that this Envoy has; not known if left out.
    clusters: Option<Vec<String>>,
    policy: Option<PolicyConfig>,
    /// A whole policy document, in JSON or YAML, as a text: it is read apart, so that its errors are its own.
    shadow: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Role {
    Router,
    Adapter,
}

// === impl Bundle ===

impl Bundle {
    /// Reads and compiles a filter's configuration, in JSON or YAML. With it come warnings; errors are told all at once.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let Document { config, problems, broken, node } = config::read(bytes)?;
        let BundleConfig { role, clusters, policy, shadow } = config;
        let mut report = Report::new("policy.", problems, broken);
        let bundle = match (role, policy) {
            (Role::Adapter, None) => Some(Self::Adapter),
            (Role::Adapter, Some(_)) => {
                report.push_foreign(Problem::error("policy", "an adapter has no policy of its own"));
                None
            }
            (Role::Router, None) => {
                report.push_foreign(Problem::error("policy", "a router needs a policy"));
                None
            }
            (Role::Router, Some(policy)) => {
                check_clusters(&policy, clusters.as_deref(), &mut report);
                let node = node.get("policy").unwrap_or(&Node::Null);
                let live = compile::compile(policy, node, &mut report);
                live.map(|live| Self::Router(Box::new(Policies::new(live, shadow, clusters.as_deref()))))
            }
        };
        report.finish(bundle)
    }
}

// === impl Policies ===

impl Policies {
    fn new(live: Policy, shadow: Option<String>, clusters: Option<&[String]>) -> Self {
        let (shadow, shadow_problems) = match shadow.map(|document| read_shadow(document.as_bytes(), clusters)) {
            Some(Ok((shadow, _))) => (Some(shadow), Vec::new()),
            Some(Err(problems)) => (None, problems),
            None => (None, Vec::new()),
        };
        Self { live, shadow, shadow_problems }
    }
}

fn read_shadow(document: &[u8], clusters: Option<&[String]>) -> Result<(Policy, Vec<Problem>), Vec<Problem>> {
    let Document { config, problems, broken, node } = config::read(document)?;
    let mut report = Report::new("", problems, broken);
    check_clusters(&config, clusters, &mut report);
    let policy = compile::compile(config, &node, &mut report);
    report.finish(policy)
}

/// A policy that names a cluster which its Envoy does not have would refuse at run time what it allows on paper.
fn check_clusters(policy: &PolicyConfig, clusters: Option<&[String]>, report: &mut Report) {
    let Some(clusters) = clusters else { return };
    for (index, provider) in policy.spec.providers.iter().enumerate() {
        if !clusters.contains(&provider.cluster) {
            let path = format!("spec.providers[{index}].cluster");
            let known = clusters.iter().map(String::as_str);
            report.unknown(path, "cluster", &provider.cluster, known, "clusters");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bundle: &str) -> Vec<String> {
        let problems = match Bundle::parse(bundle.as_bytes()) {
            Ok((_, warnings)) => warnings,
            Err(problems) => problems,
        };
        problems.iter().map(ToString::to_string).collect()
    }

    /// A router's configuration as Envoy passes it on: JSON, whole numbers with a fraction.
    fn router(clusters: &str, cleared: &str) -> String {
        format!(
            r#"{{"role": "router", "clusters": {clusters}, "policy": {{
                "apiVersion": "policymesh.dev/v1", "kind": "Policy", "metadata": {{"name": "p"}},
                "spec": {{
                    "sensitivity": {{"packs": []}},
                    "providers": [{{"name": "a", "format": "ollama", "cluster": "here", "zone": "local", "cleared": "{cleared}"}}],
                    "models": [{{"name": "m", "provider": "a", "context": 8000.0}}],
                    "rules": [{{"name": "r", "action": {{"route": {{}}}}}}]}}}}}}"#
        )
    }

    #[test]
    fn a_router_has_a_policy_and_an_adapter_has_none() {
        assert!(matches!(Bundle::parse(br#"{"role": "adapter"}"#), Ok((Bundle::Adapter, _))));
        assert!(matches!(Bundle::parse(router("null", "restricted").as_bytes()), Ok((Bundle::Router(_), _))));
        assert_eq!(told("role: router"), ["policy: a router needs a policy"]);
        assert_eq!(
            told(&router("[]", "public").replace("router", "adapter")),
            ["policy: an adapter has no policy of its own"]
        );
        assert_eq!(
            told(&router("[\"here\"]", "restricted").replacen("router", "rooter", 1)),
            ["role: `rooter` is not known here (did you mean `router`?)"]
        );
    }

    #[test]
    fn a_policy_for_another_envoy_is_refused() {
        assert_eq!(told(&router(r#"["here", "there"]"#, "restricted")), Vec::<String>::new());
        assert_eq!(
            told(&router(r#"["hear"]"#, "restricted")),
            ["policy.spec.providers[0].cluster: there is no cluster `here` (did you mean `hear`?)"]
        );
    }

    #[test]
    fn a_shadow_with_errors_is_left_out_and_nothing_else() {
        let with = |shadow: &str| {
            let mut bundle: serde_json::Value = serde_json::from_str(&router("[\"here\"]", "restricted")).unwrap();
            let mut policy = bundle["policy"].clone();
            policy["metadata"]["name"] = "s".into();
            bundle["shadow"] = policy.to_string().replace("\"here\"", shadow).into();
            match Bundle::parse(bundle.to_string().as_bytes()) {
                Ok((Bundle::Router(policies), _)) => *policies,
                other => panic!("{other:?}"),
            }
        };
        let Policies { live, shadow, shadow_problems } = with("\"here\"");
        assert_eq!((live.name().as_str(), shadow.unwrap().name().as_str(), shadow_problems.len()), ("p", "s", 0));
        for (wrong, told) in [
            ("\"hear\"", "spec.providers[0].cluster: there is no cluster `hear` (did you mean `here`?)"),
            ("", "is no"),
        ] {
            let Policies { shadow, shadow_problems, .. } = with(wrong);
            assert!(shadow.is_none());
            assert!(shadow_problems[0].to_string().contains(told) || wrong.is_empty(), "{shadow_problems:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_policy_is_told_with_its_place_in_the_bundle() {
        assert_eq!(
            told(&router("null", "secret")),
            [
                "policy.spec.providers[0].cleared: there is no level `secret` (there is public, internal, confidential, restricted)"
            ]
        );
    }
}
