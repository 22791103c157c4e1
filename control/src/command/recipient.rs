//! Which node a command is about.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use super::input;
use crate::bundle::Recipient;

/// The node that a command runs for.
#[derive(Clone, Debug, clap::Args)]
pub struct Node {
    /// The id of the node: `node.id` in its bootstrap.
    #[arg(long, default_value = "policymesh", value_name = "ID")]
    node: String,

    /// Its cluster: `node.cluster` in its bootstrap.
    #[arg(long, default_value = "policymesh", value_name = "NAME")]
    node_cluster: String,

    /// Its metadata: `node.metadata` in its bootstrap, as an object in JSON.
    #[arg(long, default_value = "{}", value_name = "JSON", value_parser = metadata)]
    metadata: Map<String, Value>,

    /// The bootstrap of its Envoy, YAML or JSON, which has all three.
    #[arg(long, conflicts_with_all = ["node", "node_cluster", "metadata"], value_name = "FILE")]
    bootstrap: Option<PathBuf>,
}

// === impl Node ===

impl Node {
    /// The node as it says who it is.
    pub fn recipient(&self) -> anyhow::Result<Recipient> {
        match &self.bootstrap {
            Some(path) => of_bootstrap(path),
            None => Ok(Recipient {
                id: self.node.clone(),
                cluster: self.node_cluster.clone(),
                metadata: self.metadata.clone(),
            }),
        }
    }
}

fn of_bootstrap(path: &Path) -> anyhow::Result<Recipient> {
    let bootstrap: Value = serde_saphyr::from_slice(&input::read(path)?)
        .with_context(|| format!("--bootstrap: `{}` is neither YAML nor JSON", path.display()))?;
    let text = |pointer: &str| bootstrap.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, cluster) = (text("/node/id"), text("/node/cluster"));
    if id.is_empty() {
        bail!("--bootstrap: `{}` has no `node.id`", path.display());
    }
    let metadata = bootstrap.pointer("/node/metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok(Recipient { id, cluster, metadata })
}

fn metadata(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|reason| format!("it is no object in JSON: {reason}"))
}
