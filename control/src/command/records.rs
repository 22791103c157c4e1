//! `policymesh records`: what was decided.

use std::io::Write as _;
use std::process::ExitCode;

use clap::ValueEnum as _;
use serde_json::Value;

use crate::client::{Server, escaped, part};
use crate::service::{Form, rfc3339};

/// Finds audit records in the control service, newest first.
#[derive(clap::Args)]
pub struct Records {
    /// The record of this decision or request only.
    id: Option<String>,

    /// Not older than this, such as 15m, 2h or 7d.
    #[arg(long, value_name = "SPAN")]
    since: Option<String>,

    /// With this action: route, deny, refuse, none.
    #[arg(long)]
    action: Option<String>,

    /// Decided by this rule.
    #[arg(long)]
    rule: Option<String>,

    /// At this level.
    #[arg(long)]
    level: Option<String>,

    /// Sent to this provider.
    #[arg(long)]
    provider: Option<String>,

    /// From this client.
    #[arg(long)]
    client: Option<String>,

    /// From this team.
    #[arg(long)]
    team: Option<String>,

    /// From this node.
    #[arg(long)]
    node: Option<String>,

    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,

    /// Prints all records that fit in a form that other systems read; --limit does not count then.
    #[arg(long, value_enum, value_name = "FORM", conflicts_with_all = ["id", "json"])]
    form: Option<Form>,

    /// Prints whole records as JSON, one a line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: Server,
}

// === impl Records ===

impl Records {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?;
        if let Some(form) = self.form.and_then(|form| form.to_possible_value()) {
            let path = format!("/v1/records/export?form={}&{}", form.get_name(), self.query());
            std::io::copy(&mut client.stream(&path)?, &mut std::io::stdout().lock())?;
            return Ok(ExitCode::SUCCESS);
        }
        let found: Vec<Value> = match &self.id {
            Some(id) => vec![client.get(&format!("/v1/records/{}", escaped(id)))?.json()?],
            None => {
                let answer: Value = client.get(&format!("/v1/records?{}", self.query()))?.json()?;
                part(&answer, "/records").as_array().cloned().unwrap_or_default()
            }
        };
        let mut out = std::io::stdout().lock();
        for found in &found {
            match self.json {
                true => writeln!(out, "{}", part(found, "/record"))?,
                false => writeln!(out, "{}", line(part(found, "/record")))?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn query(&self) -> String {
        let Self {
            id: _,
            since,
            action,
            rule,
            level,
            provider,
            client,
            team,
            node,
            limit,
            form: _,
            json: _,
            server: _,
        } = self;
        let given = [
            ("since", since),
            ("action", action),
            ("rule", rule),
            ("level", level),
            ("provider", provider),
            ("client", client),
            ("team", team),
            ("node", node),
        ];
        let mut query = format!("limit={limit}");
        for (name, value) in given {
            query.extend(value.iter().map(|value| format!("&{name}={}", escaped(value))));
        }
        query
    }
}

/// A record on one line.
fn line(record: &Value) -> String {
    let word = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    let time = rfc3339(part(record, "/time_us").as_u64().unwrap_or(0));
    format!(
        "{}  {}  {:<6}  {:<12}  {:<10}  {:>3}  {}",
        time.get(..23).unwrap_or_default(),
        word("/decision_id"),
        part(record, "/action").as_str().unwrap_or("refuse"),
        word("/level"),
        word("/chosen/provider"),
        part(record, "/ending/status").as_u64().unwrap_or(0),
        word("/rule"),
    )
}
