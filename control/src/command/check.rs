//! `policymesh check`: whether a policy is right.

use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use policy::policy::Policy;
use policy::problem::{Problem, Severity};
use serde_json::{Value, json};

use super::input;
use crate::terminal::Style;

/// Tells everything that is wrong with policies, each with its place.
///
/// Warns also of what `policymesh prove` finds: rules of no use, and invariants that rules rely on.
///
/// Exits with 0 if there is no error (warnings do not count), with 1 if there is, and with 2 if a file cannot be read.
#[derive(clap::Args)]
pub struct Check {
    /// Policies, YAML or JSON; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,

    /// Prints the problems as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Check ===

impl Check {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut found = Vec::new();
        for file in &self.files {
            let problems = problems(&input::read(file)?);
            found.extend(problems.into_iter().map(|problem| (file.as_path(), problem)));
        }
        if self.json {
            let documents: Value = found.iter().map(|(file, problem)| to_json(file, problem)).collect();
            writeln!(stdout(), "{documents:#}")?;
        } else {
            self.print(&found, Style::of_stdout())?;
        }
        let wrong = found.iter().any(|(_, problem)| problem.severity == Severity::Error);
        Ok(if wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn print(&self, found: &[(&Path, Problem)], style: Style) -> anyhow::Result<()> {
        let mut out = stdout().lock();
        for (file, problem) in found {
            writeln!(out, "{}", input::line(file, problem, style))?;
        }
        match input::tally(found.iter().map(|(_, problem)| problem.severity)) {
            Some(tally) => writeln!(out, "{tally}")?,
            None => writeln!(out, "{}", style.good("all is well"))?,
        }
        Ok(())
    }
}

fn problems(document: &[u8]) -> Vec<Problem> {
    match Policy::parse(document) {
        Ok((policy, warnings)) => [warnings, policy.prove().problems()].concat(),
        Err(problems) => problems,
    }
}

fn to_json(file: &Path, problem: &Problem) -> Value {
    let Problem { severity, path, message, help } = problem;
    json!({"file": file, "severity": input::name(*severity), "path": path, "message": message, "help": help})
}
