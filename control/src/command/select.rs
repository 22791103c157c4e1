//! `policymesh select`: which nodes a policy is for.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::rollout::{path, revision};
use crate::client::Server;
use crate::terminal::say;

/// Says which nodes a policy is for: those that meet all conditions. A new policy is for every node.
///
/// Of several policies that are for a node, it has the one with the most conditions. Keep the policy first
/// (`policymesh apply --no-publish`), say which nodes it is for, and publish it then.
#[derive(clap::Args)]
pub struct Select {
    /// The policy.
    name: String,

    /// The node's id is this one, or one of these.
    #[arg(long, value_name = "ID")]
    node: Vec<String>,

    /// The node's cluster is this one, or one of these.
    #[arg(long, value_name = "NAME")]
    cluster: Vec<String>,

    /// The node's metadata have this text under this key, at the top; each of these if there are several.
    #[arg(long, value_name = "KEY=TEXT", value_parser = pair)]
    metadata: Vec<(String, String)>,

    /// Every node, without conditions.
    #[arg(long, conflicts_with_all = ["node", "cluster", "metadata"])]
    all: bool,

    #[command(flatten)]
    server: Server,
}

// === impl Select ===

impl Select {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Self { name, node, cluster, metadata, all, server } = self;
        if !all && node.is_empty() && cluster.is_empty() && metadata.is_empty() {
            bail!("say which nodes: --node, --cluster, --metadata, or --all");
        }
        let client = server.client()?;
        let path = path(&name);
        let revision = revision(&client, &path)?;
        let metadata: BTreeMap<_, _> = metadata.into_iter().collect();
        let selector = json!({"nodes": node, "clusters": cluster, "metadata": metadata});
        let policy: Value = client.put(&format!("{path}/selector"), revision, &selector)?.json()?;
        say!("{name}: for {}", told(&policy));
        Ok(ExitCode::SUCCESS)
    }
}

/// Which nodes a policy is for, in words.
pub fn told(policy: &Value) -> String {
    let list = |pointer: &str| {
        let listed = policy.pointer(pointer).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        Some(listed.collect::<Vec<_>>().join(" or ")).filter(|listed| !listed.is_empty())
    };
    let metadata = policy.pointer("/selector/metadata").and_then(Value::as_object).into_iter().flatten();
    let metadata = metadata.map(|(key, text)| format!("metadata {key}={}", text.as_str().unwrap_or_default()));
    let nodes = list("/selector/nodes").map(|nodes| format!("node {nodes}"));
    let clusters = list("/selector/clusters").map(|clusters| format!("cluster {clusters}"));
    let conditions: Vec<_> = nodes.into_iter().chain(clusters).chain(metadata).collect();
    if conditions.is_empty() { "every node".to_owned() } else { conditions.join(", ") }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=TEXT")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_told_in_words() {
        let policy = |selector: Value| json!({"selector": selector});
        assert_eq!(told(&policy(json!({}))), "every node");
        let all = json!({"nodes": ["a", "b"], "clusters": ["edge"], "metadata": {"zone": "eu"}});
        assert_eq!(told(&policy(all)), "node a or b, cluster edge, metadata zone=eu");
    }
}
