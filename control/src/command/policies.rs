//! `policymesh policies`: what the control service has.

use std::process::ExitCode;

use serde_json::Value;

use super::select;
use crate::client::{Client, Server, escaped, part};
use crate::service::rfc3339;
use crate::terminal::say;

/// Lists the policies of the control service, or the versions of one, or shows one version.
#[derive(clap::Args)]
pub struct Policies {
    /// The policy whose versions are listed.
    name: Option<String>,

    /// The version whose document is printed.
    #[arg(requires = "name")]
    number: Option<u64>,

    #[command(flatten)]
    server: Server,

    /// Prints what the service says as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Policies ===

impl Policies {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?;
        let path = match (&self.name, self.number) {
            (None, _) => "/v1/policies".to_owned(),
            (Some(name), None) => format!("/v1/policies/{}/versions", escaped(name)),
            (Some(name), Some(number)) => format!("/v1/policies/{}/versions/{number}", escaped(name)),
        };
        let answer: Value = client.get(&path)?.json()?;
        if self.json {
            say!("{answer:#}");
        } else {
            self.print(&client, &answer);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, client: &Client, answer: &Value) {
        match (&self.name, self.number) {
            (None, _) => items(answer, "policies").for_each(|policy| say!("{}", standing(policy))),
            (Some(_), Some(_)) => say!("{}", text(answer, "document").trim_end()),
            (Some(name), None) => {
                let published = client.get(&format!("/v1/policies/{}", escaped(name)));
                let published: Option<Value> = published.ok().and_then(|answer| answer.json().ok());
                let in_force = published.map(|policy| part(&policy, "/published").clone()).unwrap_or_default();
                items(answer, "versions").for_each(|version| say!("{}", line(version, &in_force)));
            }
        }
    }
}

/// How a policy stands, on one line.
fn standing(policy: &Value) -> String {
    let published = match part(policy, "/published").as_u64() {
        Some(number) => format!("version {number} in force"),
        None => "not published".to_owned(),
    };
    let rollout = part(policy, "/rollout");
    let rollout = match part(rollout, "/stage").as_str() {
        Some("canary") => format!(", version {} in its canary", part(rollout, "/to")),
        Some("halted") => format!(
            ", version {} taken back: {}",
            part(rollout, "/to"),
            part(rollout, "/reason").as_str().unwrap_or("no reason given")
        ),
        _ => String::new(),
    };
    let nodes = select::told(policy);
    format!("{}: {published} of {}{rollout}; for {nodes}", text(policy, "name"), part(policy, "/latest"))
}

fn line(version: &Value, in_force: &Value) -> String {
    let mark = if part(version, "/number") == in_force { "*" } else { " " };
    let made = rfc3339(part(version, "/created_us").as_u64().unwrap_or(0));
    let digest = text(version, "digest").get(..12).unwrap_or("no policy");
    let source = part(version, "/source").as_str().map(|source| format!("  ({source})")).unwrap_or_default();
    let (state, author) = (text(version, "state"), text(version, "author"));
    format!(
        "{mark} {:>4}  {state:<11}  {digest:<12}  {}  {author}  {}{source}",
        part(version, "/number").to_string(),
        made.get(..19).unwrap_or_default(),
        text(version, "message"),
    )
}

fn items<'a>(answer: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    answer[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
