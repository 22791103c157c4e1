//! `policymesh explain`: what a policy does with a request, and why.

mod request;

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use policy::facts::Facts;
use serde_json::{Value, json};

use super::input;
use crate::explained::Explained;
use crate::terminal::Style;

/// Tells what a policy does with a request, rule by rule and predicate by predicate.
///
/// The request goes through the same code as in the filter. Properties that only Envoy knows, such as an mTLS
/// principal, are absent here.
#[derive(clap::Args)]
pub struct Explain {
    /// The policy, YAML or JSON.
    policy: PathBuf,

    /// The body of a request, or a whole HTTP/1 request; `-` is standard input.
    request: PathBuf,

    /// Adds a header, or replaces one.
    #[arg(long = "header", short = 'H', value_name = "NAME:VALUE")]
    headers: Vec<String>,

    /// The path, where the request is a body alone [default: /v1/chat/completions].
    #[arg(long)]
    path: Option<String>,

    /// Prints the record that it would leave and the explanation as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Explain ===

impl Explain {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(policy) = input::policy(&self.policy)? else { return Ok(ExitCode::from(1)) };
        let request = request::read(&input::read(&self.request)?, self.path.as_deref(), &self.headers)?;
        let explained = Explained::of(policy, &request);
        let shown = if self.json { format!("{:#}\n", json!(explained)) } else { show(&explained, Style::of_stdout()) };
        stdout().write_all(shown.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What became of a request, for people.
fn show(explained: &Explained, style: Style) -> String {
    let mut shown = String::new();
    // Writing to a string cannot fail.
    if let Some(facts) = &explained.record.facts {
        let _ = writeln!(shown, "{}\n{}", style.bold("facts"), show_facts(facts));
    }
    if let Some(trace) = &explained.explanation {
        for line in trace.to_string().lines() {
            let _ = writeln!(shown, "{}", paint(line, style));
        }
    }
    if let Some(refusal) = &explained.refusal {
        let _ = writeln!(shown, "{} {refusal}", style.bad("the client is told:"));
    }
    if let Some(models) = &explained.models {
        let _ = writeln!(shown, "{} {}", style.good("the client may ask for:"), models.join(", "));
    }
    shown
}

/// The facts, one a line, without what is not there.
pub fn show_facts(facts: &Facts) -> String {
    let Value::Object(fields) = json!(facts) else { return String::new() };
    let line = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("  {name}: {text}\n"),
        value => format!("  {name}: {value}\n"),
    };
    fields.iter().map(line).collect()
}

/// Marks what a line of an explanation is about.
pub fn paint(line: &str, style: Style) -> String {
    let marked = |mark: &str, paint: &dyn Fn(&str) -> String| {
        line.strip_prefix(mark).map(|rest| format!("{}{rest}", paint(mark)))
    };
    marked("  yes", &|mark| style.good(mark))
        .or_else(|| marked("  no ", &|mark| style.bad(mark)))
        .or_else(|| marked("  ?  ", &|mark| style.doubtful(mark)))
        .or_else(|| marked("  x  ", &|mark| style.bad(mark)))
        .or_else(|| marked("  =>", &|mark| style.good(mark)))
        .unwrap_or_else(|| {
            if line.starts_with("rule ") || line.starts_with("decision:") { style.bold(line) } else { line.to_owned() }
        })
}

#[cfg(test)]
mod tests;
