//! `policymesh records`: what was decided.

use std::io::Write as _;
use std::process::ExitCode;

use clap::ValueEnum as _;
use policy::audit::Record;
use serde::Deserialize as _;
use serde_json::Value;

use super::selection::Selection;
use crate::client::{Server, escaped, part};
use crate::service::{Form, reached, rfc3339};

/// Finds audit records in the control service, newest first.
#[derive(clap::Args)]
pub struct Records {
    /// The record of this decision or request only.
    id: Option<String>,

    #[command(flatten)]
    selection: Selection,

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
            let path = format!("/v1/records/export?form={}&{}", form.get_name(), self.selection.query());
            std::io::copy(&mut client.stream(&path)?, &mut std::io::stdout().lock())?;
            return Ok(ExitCode::SUCCESS);
        }
        let found: Vec<Value> = match &self.id {
            Some(id) => vec![client.get(&format!("/v1/records/{}", escaped(id)))?.json()?],
            None => {
                let query = format!("limit={}&{}", self.limit, self.selection.query());
                let answer: Value = client.get(&format!("/v1/records?{query}"))?.json()?;
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
}

/// A record on one line.
fn line(record: &Value) -> String {
    if record.is_null() {
        return "-  taken out: kept no longer, or erased".to_owned();
    }
    let word = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    let time = rfc3339(part(record, "/time_us").as_u64().unwrap_or(0));
    format!(
        "{}  {}  {:<6}  {:<12}  {:<10}  {:>3}  {}",
        time.get(..23).unwrap_or_default(),
        word("/decision_id"),
        part(record, "/action").as_str().unwrap_or("refuse"),
        word("/level"),
        providers(record),
        part(record, "/ending/status").as_u64().unwrap_or(0),
        word("/rule"),
    )
}

/// Every provider that the request reached, in order.
fn providers(record: &Value) -> String {
    let record = Record::deserialize(record).ok();
    let reached = record.as_ref().map(reached).unwrap_or_default();
    let named: Vec<_> = reached.iter().map(|one| one.provider.as_str()).collect();
    if named.is_empty() { "-".to_owned() } else { named.join(",") }
}
