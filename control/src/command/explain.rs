//! `policymesh explain`: what a policy does with a request, and why.

mod request;

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use policy::audit::Record;
use policy::exchange::{Arrival, Engine, Exchange, Listing, Secrets, Shown, Step};
use policy::explain::Trace;
use policy::facts::Facts;
use policy::policy::Policy;
use serde_json::{Value, json};

use super::input;
use crate::terminal::Style;
use request::Request;

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

    /// Prints the facts and the explanation as JSON.
    #[arg(long)]
    json: bool,
}

/// What became of a request.
struct Explained {
    record: Record,
    /// How the decision came about; nothing if the request was refused before one fell.
    trace: Option<Trace>,
    /// What the client is told, if it is refused.
    refusal: Option<String>,
    /// The names that it is told, if it asks which there are.
    models: Option<Vec<String>>,
}

// === impl Explain ===

impl Explain {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(policy) = input::policy(&self.policy)? else { return Ok(ExitCode::from(1)) };
        let request = Request::read(&input::read(&self.request)?, self.path.as_deref(), &self.headers)?;
        let explained = Explained::of(policy, &request);
        let shown = if self.json { format!("{:#}\n", explained.to_json()) } else { explained.show(Style::of_stdout()) };
        stdout().write_all(shown.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Explained ===

impl Explained {
    fn of(policy: Policy, request: &Request) -> Self {
        let engine = Rc::new(Engine::new(policy, Secrets::default()));
        let mut exchange = Exchange::new(Rc::clone(&engine), Arrival { time: now(), sequence: 1 });
        let no_property = |_: &[&str]| None;
        let mut step = exchange.on_request_headers(&request.headers, &no_property, request.body.is_empty());
        if step == Step::Hold {
            step = exchange.on_request_body(&request.body, true);
        }
        while step == Step::Reread {
            step = exchange.on_reread(&request.body, true);
        }
        let record = exchange.record();
        let decided = record.facts.as_ref().filter(|_| record.decision.is_some());
        let trace = decided.map(|facts| engine.policy().explain(facts));
        let (refusal, models) = match step {
            Step::Refuse(refusal) => (Some(format!("{} {}: {}", refusal.status, refusal.code, refusal.message)), None),
            Step::Answer(listing) => (None, Some(names(*listing))),
            Step::Hold | Step::Reread | Step::Forward(_) => (None, None),
        };
        Self { record, trace, refusal, models }
    }

    fn to_json(&self) -> Value {
        json!({
            "facts": self.record.facts,
            "explanation": self.trace,
            "refusal": self.refusal,
            "models": self.models,
        })
    }

    fn show(&self, style: Style) -> String {
        let mut shown = String::new();
        // Writing to a string cannot fail.
        if let Some(facts) = &self.record.facts {
            let _ = writeln!(shown, "{}\n{}", style.bold("facts"), show_facts(facts));
        }
        if let Some(trace) = &self.trace {
            for line in trace.to_string().lines() {
                let _ = writeln!(shown, "{}", paint(line, style));
            }
        }
        if let Some(refusal) = &self.refusal {
            let _ = writeln!(shown, "{} {refusal}", style.bad("the client is told:"));
        }
        if let Some(models) = &self.models {
            let _ = writeln!(shown, "{} {}", style.good("the client may ask for:"), models.join(", "));
        }
        shown
    }
}

fn names(listing: Listing) -> Vec<String> {
    let listed = match listing.shown {
        Shown::All(listed) => listed,
        Shown::One(listed) => vec![listed],
    };
    listed.into_iter().map(|listed| listed.name.to_string()).collect()
}

/// Nanoseconds since 1970: prices change.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
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
