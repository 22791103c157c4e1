//! The corpus: policies and what they must do, from `tests/corpus/*.toml`, for every engine to prove.

mod observed;

use std::fs;

use anyhow::Result;
use policy::case::{Case, CaseFile, Sent};
use serde_json::Value;

pub use observed::Observed;

use crate::place;

/// One file of the corpus: a policy and its cases.
pub struct Suite {
    /// The name of the file.
    pub name: String,
    /// The policy document.
    pub policy: Value,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Something that decides about requests, and can be held against the corpus.
pub trait Engine {
    /// Has one request decided. The error is what kept it from being decided and observed.
    fn decide(&mut self, request: &Sent) -> Result<Observed>;
}

/// Reads the whole corpus. All files with problems are reported at once.
pub fn load() -> Vec<Suite> {
    let folder = place::repository().join("tests/corpus");
    let files = fs::read_dir(&folder).expect("the corpus is there").filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();
    let (mut suites, mut problems) = (vec![], vec![]);
    for file in &files {
        match Suite::read(file) {
            Ok(suite) => suites.push(suite),
            Err(wrong) => problems.push(format!("{}: {wrong}", file.display())),
        }
    }
    assert!(problems.is_empty(), "the corpus is not in order:\n{}", problems.join("\n"));
    suites
}

/// Runs every suite in an engine made for its policy. All failures are reported at once.
pub fn prove<E: Engine>(engine: impl Fn(&Suite) -> Result<E>) {
    let (mut count, mut failures) = (0, vec![]);
    for suite in load() {
        count += suite.cases.len();
        match engine(&suite) {
            Ok(mut engine) => failures.extend(suite.failures(&mut engine)),
            Err(error) => failures.push(format!("{}: {error:#}", suite.name)),
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
    println!("{count} cases hold");
}

// === impl Suite ===

impl Suite {
    /// What an engine does otherwise than expected, case by case.
    fn failures(&self, engine: &mut impl Engine) -> Vec<String> {
        let failure = |case: &Case| {
            let sent = Sent::try_from(case).map_err(anyhow::Error::from);
            let wrong = match sent.and_then(|sent| engine.decide(&sent)) {
                Ok(observed) => observed.compare(&case.expect),
                Err(error) => vec![format!("{error:#}")],
            };
            (!wrong.is_empty()).then(|| format!("{}: {}\n    {}", self.name, case.name, wrong.join("\n    ")))
        };
        self.cases.iter().filter_map(failure).collect()
    }

    fn read(file: &std::path::Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
        let CaseFile { policy, policy_file, cases, .. } = Self::parse(&text)?;
        let policy = match (policy, policy_file) {
            (Some(policy), _) => policy,
            (None, name) => {
                let beside = file.with_file_name(name.unwrap_or_default());
                fs::read_to_string(&beside).map_err(|error| format!("{}: {error}", beside.display()))?
            }
        };
        let policy = serde_saphyr::from_str(&policy).map_err(|error| format!("policy: {error}"))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, policy, cases })
    }

    fn parse(text: &str) -> Result<CaseFile, String> {
        let parsed: CaseFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let problems: Vec<_> = parsed.problems().iter().map(ToString::to_string).collect();
        if problems.is_empty() { Ok(parsed) } else { Err(problems.join("\n")) }
    }
}
