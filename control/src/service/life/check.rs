//! Whether a document is a policy that may be published.

use policy::policy::Policy;
use policy::problem::{Problem, Severity};
use policy::prove::{InvariantProof, Verdict};
use serde::Serialize;

use super::suite::{self, Suite};

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// `error` or `warning`: a warning does not keep a policy from being published.
    pub severity: String,
    /// Where, as a path in the document.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right, where that can be said.
    pub help: Option<String>,
}

/// What there is to say about a document.
pub struct Checked {
    /// The digest of what it says; empty if it is no policy.
    pub digest: String,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Checks a document that is to be a version of this policy, proves its invariants, and runs its tests. Takes up to seconds.
pub async fn check(document: &str, name: &str, tests: &[Suite]) -> Checked {
    let (document, name, tests) = (document.to_owned(), name.to_owned(), tests.to_vec());
    let checked = tokio::task::spawn_blocking(move || check_now(&document, &name, &tests)).await;
    // Only a panic in the check keeps it from coming to an end; then nothing is known to be right.
    checked.unwrap_or_else(|reason| {
        let failed = Problem::error("", format!("the check itself failed: {reason}"));
        Checked { digest: String::new(), findings: vec![failed.into()] }
    })
}

fn check_now(document: &str, name: &str, tests: &[Suite]) -> Checked {
    let (policy, mut problems) = match Policy::parse(document.as_bytes()) {
        Ok(parsed) => parsed,
        Err(problems) => {
            return Checked { digest: String::new(), findings: problems.into_iter().map(Finding::from).collect() };
        }
    };
    if *policy.name() != *name {
        let message = format!("`{}` is not `{name}`, the policy that this is to be a version of", policy.name());
        problems.push(Problem::error("metadata.name", message));
    }
    let proof = policy.prove();
    problems.extend(proof.problems());
    let unproved = |(index, invariant): (usize, &InvariantProof)| {
        let holds = matches!(invariant.verdict, Verdict::Holds | Verdict::Strikes);
        let told = format!("it is not certain that the invariant `{}` holds", invariant.name);
        (!holds).then(|| Problem::error(format!("spec.invariants[{index}]"), told).help("say it in simpler terms"))
    };
    problems.extend(proof.invariants.iter().enumerate().filter_map(unproved));
    let digest = policy.digest().to_string();
    problems.extend(suite::failures(policy, tests));
    Checked { digest, findings: problems.into_iter().map(Finding::from).collect() }
}

// === impl Checked ===

impl Checked {
    /// Whether there is no error.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != "error")
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        let Problem { severity, path, message, help } = problem;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        Self { severity: severity.to_owned(), path, message, help }
    }
}
