//! Why a request went where it went, as the control service tells it.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use policy::audit::Record;
use policy::usage::Cost;
use serde::Deserialize as _;
use serde_json::Value;

use super::paint_alternative;
use crate::client::{Client, Server, escaped, part};
use crate::command::explain::{paint, show_facts};
use crate::service::rfc3339;
use crate::terminal::{Style, say};

/// Asks for the request of this id, and shows what is said.
pub fn show(id: &str, server: &Server, json: bool) -> anyhow::Result<ExitCode> {
    let client = server.client()?;
    let latest = if id == "latest" { Some(newest(&client)?) } else { None };
    let id = escaped(latest.as_deref().unwrap_or(id));
    let why: Value = client.get(&format!("/v1/records/{id}/why"))?.json()?;
    if json {
        say!("{why:#}");
    } else {
        print(&why, Style::of_stdout())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The id of the newest record.
fn newest(client: &Client) -> anyhow::Result<String> {
    let records: Value = client.get("/v1/records?limit=1")?.json()?;
    let id = part(&records, "/records/0/record/decision_id").as_str();
    Ok(id.context("there is no record yet")?.to_owned())
}

fn print(why: &Value, style: Style) -> anyhow::Result<()> {
    let Ok(record) = Record::deserialize(part(why, "/found/record")) else {
        bail!("the record's content has been taken out");
    };
    say!("{}", style.bold("request"));
    say!("  time: {}", rfc3339(record.time_us));
    say!("  decision: {}", record.decision_id);
    say!("  node: {}", part(why, "/found/node").as_str().unwrap_or_default());
    match part(why, "/version/number").as_u64() {
        Some(number) => {
            let message = part(why, "/version/message").as_str().unwrap_or_default();
            say!("  policy: {} version {number}, {message}", record.policy.name);
        }
        None => say!("  policy: {} {}", record.policy.name, record.policy.digest),
    }
    if let Some(ending) = record.ending {
        say!("  answer: status {} after {} attempts, {} ms", ending.status, ending.attempts, ending.micros / 1_000);
    }
    for (number, attempt) in record.attempts.iter().enumerate() {
        let model = attempt.model.as_ref().map(|model| format!(", model {model}")).unwrap_or_default();
        let status = attempt.status.map(|status| format!(", status {status}")).unwrap_or_default();
        say!("  attempt {}: {}{model}: {}{status}", number + 1, attempt.provider, attempt.outcome.name());
    }
    match record.cost {
        Some(Cost::Known(cost)) => say!("  cost: {cost}"),
        Some(Cost::Unpriced) => say!("  cost: the catalogue had no price"),
        Some(Cost::UsageMissing) => say!("  cost: the provider did not say what was used"),
        None => {}
    }
    if let Some(facts) = &record.facts {
        say!("\n{}\n{}", style.bold("facts"), show_facts(facts));
    }
    if let Some(text) = part(why, "/text").as_str() {
        text.lines().for_each(|line| say!("{}", paint(line, style)));
    }
    if let Some(shadow) = &record.shadow {
        let agrees = if shadow.agrees { "would have done the same" } else { "would not have done the same" };
        say!("\n{}", style.bold(format!("in shadow: {} {agrees}", shadow.policy.name)));
        let text = part(why, "/shadow_text").as_str().unwrap_or("  its version is not here");
        text.lines().for_each(|line| say!("{}", paint(line, style)));
        say!("");
    }
    if let Some(text) = part(why, "/alternatives_text").as_str() {
        text.lines().for_each(|line| say!("{}", paint_alternative(line, style)));
    }
    if let Some(reason) = part(why, "/reason").as_str() {
        say!("{reason}");
    }
    if part(why, "/agrees") == false {
        say!("{}: asked again, the policy decides otherwise than the record says", style.bad("wrong"));
    }
    Ok(())
}
