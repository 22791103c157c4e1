//! The policies that are published, and what the service takes for it.

use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::client::{Client, part};

/// Policies that the service hands out.
pub struct Published {
    client: Client,
    document: Value,
    policies: u32,
    /// How often they were changed.
    changes: u32,
}

/// When each policy was published.
pub struct Changed(Vec<Instant>);

/// What the service's process has taken so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// The processor's time, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
}

/// The name of a policy by its number, and of the cluster that its nodes are in.
pub fn name(policy: u32) -> String {
    format!("load-{policy}")
}

// === impl Published ===

impl Published {
    /// Nothing is published yet.
    pub fn new(client: Client, document: &[u8], policies: u32) -> anyhow::Result<Self> {
        let document = serde_saphyr::from_slice(document).context("the policy is no document")?;
        Ok(Self { client, document, policies, changes: 0 })
    }

    /// Publishes a new version of each policy.
    pub fn change(&mut self) -> anyhow::Result<Changed> {
        self.changes += 1;
        (0..self.policies).map(|policy| self.publish(policy)).collect::<anyhow::Result<_>>().map(Changed)
    }

    fn publish(&mut self, policy: u32) -> anyhow::Result<Instant> {
        let (name, path) = (name(policy), format!("/v1/policies/{}", name(policy)));
        let mut document = self.document.clone();
        let id = format!("{}-{}", std::process::id(), self.changes);
        *document.pointer_mut("/metadata").context("the policy has no metadata")? =
            json!({"name": name, "version": id});
        let known = self.client.get(&path)?.revision.unwrap_or(0);
        let new = json!({"document": document.to_string()});
        let added: Value = self.client.post(&format!("{path}/versions"), Some(known), &new)?.json()?;
        let number = part(&added, "/version/number").as_u64().context("the service tells no number")?;
        let mut revision = self.client.get(&path)?.revision;
        if known == 0 {
            let selector = json!({"clusters": [name]});
            let selected = self.client.put(&format!("{path}/selector"), revision, &selector)?;
            selected.done()?;
            revision = selected.revision;
        }
        let began = Instant::now();
        let publication = json!({"without_tests": true});
        self.client.post(&format!("{path}/versions/{number}/publish"), revision, &publication)?.done()?;
        Ok(began)
    }

    /// What the service has taken so far.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let metrics = self.client.get("/metrics")?.text()?;
        let value = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse::<f64>().ok())
                .with_context(|| format!("the service does not tell `{name}`"))
        };
        let memory_bytes = value("process_resident_memory_bytes")? as u64;
        Ok(Usage { cpu_seconds: value("process_cpu_seconds_total")?, memory_bytes })
    }
}

// === impl Changed ===

impl Changed {
    /// When this policy was published; a request was on its way by then.
    pub fn at(&self, policy: u32) -> Instant {
        self.0.get(policy as usize).copied().unwrap_or_else(Instant::now)
    }
}
