//! `policymesh test`: whether a policy does what its cases say.

mod junit;
mod show;
pub mod suite;

use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use policy::case::{Coverage, Covered, survivors};
use policy::facts::Facts;
use serde::Serialize;

use crate::terminal::Style;
use suite::{Suite, Tested};

/// Runs policy tests: files of cases that each say what a policy must do with a request.
///
/// The format is that of the project's own corpus, `tests/corpus/README.md`. Requests go through the same code as in the
/// filter, up to the decision: what providers receive and answer is not looked at.
///
/// Exits with 0 if all cases hold and enough is covered, with 1 if not, and with 2 if a file cannot be read.
#[derive(clap::Args)]
pub struct Test {
    /// Files of cases (`*.toml`), or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,

    /// How much of each policy's rules and predicates the cases must cover together, in percent. A predicate is covered
    /// once it held and once it failed.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    threshold: Option<u8>,

    /// Changes each policy in small ways, one at a time, and fails where no case would notice.
    #[arg(long)]
    mutate: bool,

    /// How the results are written.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// JSON.
    Json,
    /// JUnit's XML, for CI.
    Junit,
}

/// Everything that came out.
#[derive(Serialize)]
struct Results {
    suites: Vec<Suite>,
    policies: Vec<PolicyResult>,
}

/// What came out about a policy, over all files of cases that name it.
#[derive(Serialize)]
struct PolicyResult {
    policy: String,
    digest: String,
    /// Of rules and predicates together.
    percent: usize,
    rules: Covered,
    predicates: Covered,
    coverage: Coverage,
    /// Whether `percent` is enough.
    enough: bool,
    /// Changes that no case notices; absent if none were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    unnoticed: Option<Vec<Unnoticed>>,
}

/// A change that no case notices.
#[derive(Serialize)]
struct Unnoticed {
    change: String,
    /// A request that it makes a difference to, and so a case to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Facts>,
}

// === impl Test ===

impl Test {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let files = suite::files(&self.paths)?;
        let (mut suites, mut tested) = (Vec::new(), Vec::new());
        for file in &files {
            suites.push(suite::run_file(file, &mut tested)?);
        }
        let policies = tested.iter().map(|tested| self.about(tested)).collect();
        let results = Results { suites, policies };
        let shown = match self.output {
            Output::Text => show::text(&results, Style::of_stdout()),
            Output::Json => format!("{:#}\n", serde_json::to_value(&results)?),
            Output::Junit => junit::xml(&results),
        };
        stdout().write_all(shown.as_bytes())?;
        Ok(if results.hold() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn about(&self, tested: &Tested) -> PolicyResult {
        let Tested { policy, coverage, ran, .. } = tested;
        let unnoticed = self.mutate.then(|| {
            let survivors = survivors(policy.policy(), ran).into_iter();
            survivors
                .map(|(change, difference)| Unnoticed {
                    change,
                    request: difference.map(|difference| difference.facts),
                })
                .collect()
        });
        let (rules, predicates) = (coverage.rules(), coverage.predicates());
        let percent = rules.and(predicates).percent();
        PolicyResult {
            policy: policy.policy().name().to_string(),
            digest: policy.policy().digest().to_string(),
            percent,
            rules,
            predicates,
            coverage: coverage.clone(),
            enough: self.threshold.is_none_or(|threshold| percent >= usize::from(threshold)),
            unnoticed,
        }
    }
}

// === impl Results ===

impl Results {
    fn hold(&self) -> bool {
        let well = |policy: &PolicyResult| policy.enough && policy.unnoticed.as_ref().is_none_or(Vec::is_empty);
        self.suites.iter().all(Suite::holds) && self.policies.iter().all(well)
    }
}
