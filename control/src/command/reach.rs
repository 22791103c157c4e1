//! Whether the nodes that are to have a version have it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::nodes;
use crate::client::{Client, part};

/// What the nodes that are connected say of a version that was published for them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many are connected.
    connected: usize,
    /// How many are to have it.
    due: usize,
    /// How many have taken it.
    took: usize,
    /// Those that refuse it, with Envoy's words.
    pub refused: Vec<String>,
}

/// How long nodes get for it: they are told at once, and have to compile the policy.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked.
const EVERY: Duration = Duration::from_millis(100);

// === impl Reach ===

impl Reach {
    /// Waits for the nodes for a moment. Nothing where the caller may not see them.
    pub fn wait(client: &Client, policy: &str, number: u64) -> Option<Self> {
        let began = Instant::now();
        loop {
            let connected = nodes::all(client, &[("standing", Some("connected"))]).ok()?;
            let reach = Self::of(&connected, policy, number);
            if reach.took + reach.refused.len() >= reach.due || began.elapsed() > PATIENCE {
                return Some(reach);
            }
            std::thread::sleep(EVERY);
        }
    }

    fn of(nodes: &[Value], policy: &str, number: u64) -> Self {
        let is = |version: &Value| *part(version, "/policy") == policy && *part(version, "/number") == number;
        let mut reach = Self { connected: nodes.len(), ..Self::default() };
        for node in nodes {
            let refused = part(node, "/refused").as_array().into_iter().flatten().rev().find(|refusal| is(refusal));
            // What is refused may have been taken back already: then it is to have another.
            if let Some(refusal) = refused {
                let [id, message] = [part(node, "/identity/id"), part(refusal, "/message")];
                let [id, message] = [id, message].map(|text| text.as_str().unwrap_or_default());
                reach.refused.push(format!("node `{id}` refuses it, and keeps what it has: {message}"));
            } else if is(part(node, "/due")) {
                reach.took += usize::from(is(part(node, "/acked")));
            } else {
                continue;
            }
            reach.due += 1;
        }
        reach
    }
}

impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self { connected: 0, .. } => f.write_str("no node is connected now"),
            Self { due: 0, .. } => f.write_str("no node that is connected is to have it (see `policymesh select`)"),
            Self { due, took, .. } => write!(f, "{took} of {due} connected nodes have taken it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nodes_that_are_to_have_a_version_take_it_or_refuse_it() {
        let version = |number: u64| json!({"policy": "p", "number": number, "message": "no such cluster"});
        let node = |due: u64, acked: u64, refused: u64| json!({"identity": {"id": "n"}, "due": version(due), "acked": version(acked), "refused": [version(refused)]});
        let reach = Reach::of(&[node(2, 2, 1), node(2, 1, 2), node(2, 1, 1), node(1, 1, 0)], "p", 2);
        let refused = vec!["node `n` refuses it, and keeps what it has: no such cluster".to_owned()];
        assert_eq!(reach, Reach { connected: 4, due: 3, took: 1, refused });
        let elsewhere = Reach::of(&[node(2, 2, 1)], "q", 2);
        assert_eq!(elsewhere, Reach { connected: 1, ..Reach::default() });
        assert!(elsewhere.to_string().starts_with("no node that is connected is to have it"));
        assert_eq!(Reach::of(&[], "p", 2).to_string(), "no node is connected now");
    }
}
