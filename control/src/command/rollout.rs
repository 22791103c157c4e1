//! `policymesh publish`, `promote` and `rollback`: which version its nodes have.

use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::{Value, json};

use super::reach::Reach;
use crate::client::{Client, Server, escaped, part};
use crate::terminal::{Style, say};

/// Publishes a version that the control service has: at once, or to some nodes first.
#[derive(clap::Args)]
pub struct Publish {
    /// The policy.
    name: String,

    /// The version.
    number: u64,

    #[command(flatten)]
    terms: Terms,

    #[command(flatten)]
    server: Server,
}

/// Gives all nodes the version that only the first ones have.
#[derive(clap::Args)]
pub struct Promote {
    /// The policy.
    name: String,

    #[command(flatten)]
    server: Server,
}

/// Puts the version in force again that was before the last one.
#[derive(clap::Args)]
pub struct Rollback {
    /// The policy.
    name: String,

    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    server: Server,
}

/// On what terms a version is published.
#[derive(clap::Args)]
pub struct Terms {
    /// Gives it to this share of the nodes first, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99), conflicts_with = "canary_node")]
    canary_share: Option<u8>,

    /// Gives it to these nodes first.
    #[arg(long, value_name = "ID")]
    canary_node: Vec<String>,

    /// Takes it back when so many more of its requests fail than under the version before, in percentage points.
    #[arg(long, value_name = "POINTS", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    max_errors: u8,

    /// Takes it back when so many more of its requests are denied, likewise; 100 for a policy that is meant to deny more.
    #[arg(long, value_name = "POINTS", default_value_t = 25, value_parser = clap::value_parser!(u8).range(0..=100))]
    max_denials: u8,

    /// Publishes it also if it has no tests, and the version in force has some.
    #[arg(long)]
    without_tests: bool,
}

/// What was done, and what nodes say of it.
pub struct Done {
    said: String,
    reach: Option<Reach>,
}

// === impl Publish ===

impl Publish {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Self { name, number, terms, server } = self;
        let client = server.client()?;
        send(&client, &name, &format!("versions/{number}/publish"), &terms.publication())?;
        Ok(terms.published(&client, &name, number).say(&name))
    }
}

// === impl Promote ===

impl Promote {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?;
        let policy = send(&client, &self.name, "promote", &json!({}))?;
        let number = part(&policy, "/published").as_u64().unwrap_or(0);
        let said = format!("all nodes get what the first ones have, version {number}");
        Ok(Done::reached(said, &client, &self.name, number).say(&self.name))
    }
}

// === impl Rollback ===

impl Rollback {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let body = json!({"reason": self.reason});
        let client = self.server.client()?;
        let policy = send(&client, &self.name, "roll-back", &body)?;
        let number = part(&policy, "/published").as_u64().unwrap_or(0);
        let said = format!("version {number}, the one before, is published again");
        Ok(Done::reached(said, &client, &self.name, number).say(&self.name))
    }
}

// === impl Terms ===

impl Terms {
    /// As the service wants to be told.
    pub fn publication(&self) -> Value {
        let limits = json!({"errors": self.max_errors, "denials": self.max_denials});
        json!({"canary": self.chosen(), "limits": limits, "without_tests": self.without_tests})
    }

    /// Who gets it first; nothing if all nodes get it at once.
    fn chosen(&self) -> Option<Value> {
        group(self.canary_share, &self.canary_node)
    }

    /// What came of a version that was published on these terms.
    pub fn published(&self, client: &Client, name: &str, number: u64) -> Done {
        let said = match self.chosen() {
            None => format!("version {number} is published"),
            Some(_) => {
                format!("version {number} is published to its first nodes: `policymesh promote` gives it to all")
            }
        };
        Done::reached(said, client, name, number)
    }
}

// === impl Done ===

impl Done {
    /// What is done, without a word of nodes.
    pub fn new(said: String) -> Self {
        Self { said, reach: None }
    }

    /// What is done, and what nodes say of it.
    fn reached(said: String, client: &Client, name: &str, number: u64) -> Self {
        Self { said, reach: Reach::wait(client, name, number) }
    }

    /// Whether some node refuses it.
    pub fn is_refused(&self) -> bool {
        self.reach.as_ref().is_some_and(|reach| !reach.refused.is_empty())
    }

    /// Says it. 1 if some node refuses it.
    pub fn say(&self, name: &str) -> ExitCode {
        let name = Style::of_stdout().bold(name);
        match &self.reach {
            Some(reach) => say!("{name}: {}; {reach}", self.said),
            None => say!("{name}: {}", self.said),
        }
        let refused = self.reach.iter().flat_map(|reach| &reach.refused);
        refused.for_each(|refusal| eprintln!("{}: {refusal}", Style::of_stderr().bad("refused")));
        ExitCode::from(u8::from(self.is_refused()))
    }
}

/// Where the service has this policy.
pub fn path(name: &str) -> String {
    format!("/v1/policies/{}", escaped(name))
}

/// How the policy there stands now.
pub fn revision(client: &Client, path: &str) -> anyhow::Result<Option<u64>> {
    let policy = client.get(path)?;
    let _: Value = policy.found()?.ok_or_else(|| anyhow!("{}", policy.problem()))?;
    Ok(policy.revision)
}

/// Some of a policy's nodes, as the service wants to be told; nothing if they are not said.
pub fn group(share: Option<u8>, nodes: &[String]) -> Option<Value> {
    match share {
        Some(share) => Some(json!({"share": share})),
        None if nodes.is_empty() => None,
        None => Some(json!({"nodes": nodes})),
    }
}

/// Changes a policy as it stands now, and says so.
pub fn change(server: &Server, name: &str, what: &str, body: &Value, done: &str) -> anyhow::Result<ExitCode> {
    send(&server.client()?, name, what, body)?;
    Ok(Done::new(done.to_owned()).say(name))
}

/// Changes a policy as it stands now. How it stands then.
fn send(client: &Client, name: &str, what: &str, body: &Value) -> anyhow::Result<Value> {
    let path = path(name);
    let revision = revision(client, &path)?;
    client.post(&format!("{path}/{what}"), revision, body)?.json()
}
