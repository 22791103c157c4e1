//! Which records of the control service a command is about.

use serde::Serialize;

use crate::client::escaped;

/// Which records. What is not given is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args, Serialize)]
pub struct Selection {
    /// Not older than this, such as 15m, 2h or 7d.
    #[arg(long, value_name = "SPAN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,

    /// Older than this, likewise.
    #[arg(long, value_name = "SPAN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,

    /// With this action: route, deny, refuse, none.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,

    /// Decided by this rule.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,

    /// At this level.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,

    /// Sent to this provider.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,

    /// From this client.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,

    /// From this team.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,

    /// From this node.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
}

// === impl Selection ===

impl Selection {
    /// As the query of a URL.
    pub fn query(&self) -> String {
        let Self { since, until, action, rule, level, provider, client, team, node } = self;
        let given = [
            ("since", since),
            ("until", until),
            ("action", action),
            ("rule", rule),
            ("level", level),
            ("provider", provider),
            ("client", client),
            ("team", team),
            ("node", node),
        ];
        let part = |(name, value): (&str, &Option<String>)| Some(format!("{name}={}", escaped(value.as_deref()?)));
        given.into_iter().filter_map(part).collect::<Vec<_>>().join("&")
    }
}
