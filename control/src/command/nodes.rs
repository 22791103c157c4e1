//! `policymesh nodes`: the Envoys of the control service.

use std::process::ExitCode;

use clap::ValueEnum as _;
use serde_json::{Value, json};

use crate::client::{Client, Server, escaped, part};
use crate::service::{Standing, rfc3339};
use crate::terminal::{Style, say};

/// Lists the Envoys: what each was sent, took or refused, and what its records show to be in force.
#[derive(clap::Args)]
pub struct Nodes {
    /// Those of this cluster only.
    #[arg(long)]
    cluster: Option<String>,

    /// Those that took this policy last only.
    #[arg(long)]
    policy: Option<String>,

    /// Those that stand so only.
    #[arg(long, value_enum)]
    standing: Option<Standing>,

    #[command(flatten)]
    server: Server,

    /// Prints what the service says as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Nodes ===

impl Nodes {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let standing = self.standing.and_then(|standing| standing.to_possible_value());
        let standing = standing.as_ref().map(clap::builder::PossibleValue::get_name);
        let (cluster, policy) = (self.cluster.as_deref(), self.policy.as_deref());
        let nodes = all(&self.server.client()?, &[("cluster", cluster), ("policy", policy), ("standing", standing)])?;
        if self.json {
            say!("{:#}", json!({"nodes": nodes}));
            return Ok(ExitCode::SUCCESS);
        }
        for node in &nodes {
            print(node, Style::of_stdout());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// All nodes that fit, page by page.
pub fn all(client: &Client, filter: &[(&str, Option<&str>)]) -> anyhow::Result<Vec<Value>> {
    let part_of_query = |(name, value): &(&str, Option<&str>)| Some(format!("&{name}={}", escaped((*value)?)));
    let query: String = filter.iter().filter_map(part_of_query).collect();
    let (mut nodes, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page: Value = client.get(&format!("/v1/nodes?limit=1000{query}{cursor}"))?.json()?;
        if let Some(listed) = page.get_mut("nodes").and_then(Value::as_array_mut) {
            nodes.append(listed);
        }
        let Some(next) = part(&page, "/next").as_str() else { return Ok(nodes) };
        cursor = format!("&cursor={}", escaped(next));
    }
}

fn print(node: &Value, style: Style) {
    let identity = part(node, "/identity");
    let connected = match part(node, "/connections").as_u64() {
        Some(0) | None => {
            style.doubtful(format!("away since {}", rfc3339(part(node, "/last_us").as_u64().unwrap_or(0))))
        }
        Some(_) => style.good("connected"),
    };
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    say!(
        "{}  {}  Envoy {}  {connected}",
        style.bold(word(part(identity, "/id"))),
        word(part(identity, "/cluster")),
        word(part(identity, "/envoy"))
    );
    match part(node, "/due/number").as_u64() {
        Some(number) => say!("  due   {} version {number}", word(part(node, "/due/policy"))),
        None => say!("  due   nothing: no published policy is for it"),
    }
    say!("  sent  {}", word(part(node, "/sent")));
    say!("  took  {}", word(part(node, "/acked/version")));
    let seen = part(node, "/seen");
    let digest: String = word(part(seen, "/digest")).chars().take(12).collect();
    match part(node, "/seen_number").as_u64() {
        Some(number) => say!("  runs  {} version {number}, {digest}", word(part(seen, "/policy"))),
        None => say!("  runs  {} {digest}", word(part(seen, "/policy"))),
    }
    if let Some(started) = part(node, "/started_us").as_u64().filter(|us| *us > 0) {
        say!("  anew  {}: if it was killed before, records of its last second may be missing", rfc3339(started));
    }
    if let Some(refusal) = part(node, "/refused").as_array().and_then(|refused| refused.last()) {
        say!("  {}  {}: {}", style.bad("refused"), word(part(refusal, "/version")), word(part(refusal, "/message")));
    }
}
