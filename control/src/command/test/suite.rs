//! Files of cases, read and run.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use policy::case::{Case, CaseFile, Coverage, Ran, run};
use policy::exchange::{Engine, Secrets};
use policy::policy::Policy;
use serde::Serialize;

use crate::explained::now;

/// A file of cases, once it has run.
#[derive(Serialize)]
pub struct Suite {
    pub file: PathBuf,
    /// What keeps it from being run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    pub cases: Vec<CaseResult>,
}

/// A case, once it has run.
#[derive(Serialize)]
pub struct CaseResult {
    pub name: String,
    /// What is not as expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    pub seconds: f64,
}

/// A policy, and what cases have shown of it.
pub struct Tested {
    pub policy: Rc<Engine>,
    pub coverage: Coverage,
    pub ran: Vec<(Case, Ran)>,
}

/// The files of cases at these places, in order.
pub fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        gather(path, &mut files)?;
        ensure!(files.len() > before, "there is no file of cases (`*.toml`) in `{}`", path.display());
    }
    Ok(files)
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read `{}`", path.display());
    if !std::fs::metadata(path).with_context(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries: Result<Vec<_>, _> = std::fs::read_dir(path).with_context(unreadable)?.collect();
    let mut paths: Vec<_> = entries.with_context(unreadable)?.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().try_for_each(|path| gather(path, files))
}

/// Runs a file of cases. The policies that were tested so far are known by their digest.
pub fn run_file(file: &Path, tested: &mut Vec<Tested>) -> anyhow::Result<Suite> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let (mut problems, mut cases) = (Vec::new(), Vec::new());
    match read(file, &text) {
        Ok((policy, written)) => {
            let place = known(policy, tested);
            let tested = tested.get_mut(place).into_iter();
            cases = tested.flat_map(|tested| written.iter().map(|case| tested.run(case)).collect::<Vec<_>>()).collect();
        }
        Err(wrong) => problems = wrong,
    }
    Ok(Suite { file: file.to_owned(), problems, cases })
}

fn read(file: &Path, text: &str) -> Result<(Policy, Vec<Case>), Vec<String>> {
    let parsed: CaseFile = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let problems: Vec<_> = parsed.problems().iter().map(ToString::to_string).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let CaseFile { policy, policy_file, cases, .. } = parsed;
    let document = match (policy, policy_file) {
        (Some(policy), _) => policy.into_bytes(),
        (None, name) => {
            let beside = file.with_file_name(name.unwrap_or_default());
            std::fs::read(&beside).map_err(|error| vec![format!("policy_file: {}: {error}", beside.display())])?
        }
    };
    let wrong = |problems: Vec<policy::problem::Problem>| {
        problems.iter().map(|problem| format!("policy: {problem}")).collect::<Vec<_>>()
    };
    let (policy, _) = Policy::parse(&document).map_err(wrong)?;
    Ok((policy, cases))
}

/// The place of a policy among those that were tested.
fn known(policy: Policy, tested: &mut Vec<Tested>) -> usize {
    let place = tested.iter().position(|known| known.policy.policy().digest() == policy.digest());
    place.unwrap_or_else(|| {
        let coverage = Coverage::of(&policy);
        tested.push(Tested { policy: Rc::new(Engine::new(policy, Secrets::default())), coverage, ran: Vec::new() });
        tested.len() - 1
    })
}

// === impl Suite ===

impl Suite {
    /// Whether it ran, and every case held.
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.cases.iter().all(|case| case.failures.is_empty())
    }
}

// === impl Tested ===

impl Tested {
    fn run(&mut self, case: &Case) -> CaseResult {
        let began = std::time::Instant::now();
        let name = case.name.clone();
        let failures = match run(&self.policy, case, now()) {
            Err(error) => vec![error],
            Ok(ran) => {
                let failures = ran.differences(&case.expect);
                if let Some(facts) = ran.record.facts.as_ref().filter(|_| ran.record.decision.is_some()) {
                    self.coverage.add(self.policy.policy(), &self.policy.policy().explain(facts));
                }
                // A case that fails already says nothing about changes.
                if failures.is_empty() {
                    self.ran.push((case.clone(), ran));
                }
                failures
            }
        };
        CaseResult { name, failures, seconds: began.elapsed().as_secs_f64() }
    }
}
