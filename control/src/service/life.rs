//! The life of a policy: its versions, from draft to published and back.
//!
//! A version never changes once it is made; only how far it has come does. What nodes get is what is published, and a
//! rollout says which of them get it first.

mod check;
pub mod guard;
mod publish;
mod rollout;
mod shadow;
mod suite;

use serde::{Deserialize, Serialize};
use serde_json::json;

pub use check::Finding;
pub use publish::{Publication, promote, publish, roll_back};
pub use rollout::Rollout;
pub use shadow::{Shadow, Shadowing, end_shadow, shadow};
pub use suite::Suite;

use super::Service;
use super::board::Selector;
use super::journal::{Draft, NotWritten};
use super::store::policies;
use super::time::now_us;
use crate::chain::Kind;

/// A policy, as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Policy {
    /// Its name: `metadata.name` of its documents.
    pub name: String,
    /// Counts its changes: what a concurrent change is noticed by. It is the ETag.
    pub revision: u64,
    /// The number of the newest version.
    pub latest: u64,
    /// The number of the version in force for all of its nodes.
    pub published: Option<u64>,
    /// The nodes that it is for.
    pub selector: Selector,
    /// The last rollout, under way or at its end.
    pub rollout: Option<Rollout>,
    /// The version that is asked beside the one in force, if one is.
    pub shadow: Option<Shadow>,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Version {
    /// The policy's name.
    pub policy: String,
    /// Its number, from 1.
    pub number: u64,
    /// How far it has come.
    pub state: State,
    /// The digest of what it says; what a record names it by. Empty of a draft that is no policy yet.
    pub digest: String,
    /// The document as it was written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// What it must do right to be published.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Suite>,
    /// Who made it.
    pub author: String,
    /// Why, in the author's words.
    pub message: String,
    /// Where it comes from: a commit, if it comes from a Git working tree.
    pub source: Option<String>,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_us: u64,
    /// Who published it.
    pub published_by: Option<String>,
}

/// How far a version has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is kept, and has errors.
    Draft,
    /// It has no errors, and its invariants hold.
    Checked,
    /// The same, and its tests hold.
    Tested,
    /// It has been published, to some nodes or to all.
    Published,
    /// It was published, and taken back.
    RolledBack,
}

/// Why a change to a policy is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such policy or version.
    #[error("there is no {0}")]
    NotFound(String),
    /// Somebody else made a change in between.
    #[error("policy `{0}` has changed in the meantime: look at what is there now, and try again")]
    Conflict(String),
    /// It is not in a state in which this can be done.
    #[error("{0}")]
    NotNow(String),
    /// Its document has errors.
    #[error("{}", count(.0))]
    Errors(Vec<Finding>),
    /// Nothing could be written or read.
    #[error(transparent)]
    Store(NotWritten),
}

/// The longest name of a policy, in characters.
const LONGEST_NAME: usize = 100;

/// A version that somebody wants to be kept.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// The document, YAML or JSON.
    pub document: String,
    /// Why it is made.
    #[serde(default)]
    pub message: String,
    /// Where it comes from, such as a commit.
    #[serde(default)]
    pub source: Option<String>,
    /// What it must do right to be published.
    #[serde(default)]
    pub tests: Vec<Suite>,
    /// Keeps it also if it has errors.
    #[serde(default)]
    pub draft: bool,
}

/// Keeps a new version of a policy, if it has no errors and its tests hold, or it is to be a draft. `revision` is the one that its author saw; 0 if
/// the policy is new. A document that says what the newest version says, with the same tests, makes no new one.
pub async fn add(
    service: &Service,
    author: &str,
    name: &str,
    new: NewVersion,
    revision: u64,
) -> Result<(Version, Vec<Finding>), Refused> {
    let NewVersion { document, message, source, tests, draft } = new;
    let said = [("name", name), ("message", &message), ("source", source.as_deref().unwrap_or_default())];
    let unfit: Vec<_> = said.into_iter().filter_map(|(what, text)| unfit(what, text)).collect();
    if !unfit.is_empty() || document.contains('\0') {
        let null = document.contains('\0').then(|| error("document", "it has a null character"));
        return Err(Refused::Errors(unfit.into_iter().chain(null).collect()));
    }
    let checked = check::check(&document, name, &tests).await;
    let state = match (checked.is_sound(), tests.is_empty()) {
        (false, _) => State::Draft,
        (true, true) => State::Checked,
        (true, false) => State::Tested,
    };
    if state == State::Draft && !draft {
        return Err(Refused::Errors(checked.findings));
    }
    let mut policy = match policies::find(&service.store, name).await? {
        Some(policy) => policy,
        None if revision == 0 => Policy::new(name),
        None => return Err(Refused::Conflict(name.to_owned())),
    };
    if policy.revision != revision {
        return Err(Refused::Conflict(name.to_owned()));
    }
    let latest = policies::find_version(&service.store, name, policy.latest).await?;
    if let Some(latest) = latest.filter(|latest| latest.document == document && latest.tests == tests) {
        return Ok((latest, checked.findings));
    }
    policy.latest += 1;
    let version = Version {
        policy: name.to_owned(),
        number: policy.latest,
        state,
        digest: checked.digest,
        document,
        tests,
        author: author.to_owned(),
        message,
        source,
        created_us: now_us(),
        published_by: None,
    };
    let told = json!({
        "what": "version-added", "who": author, "policy": name, "version": version.number, "digest": version.digest,
        "message": version.message, "source": version.source,
    });
    let kept = version.clone();
    change(service, name, told, move |connection| {
        Box::pin(async move {
            policies::save(connection, &policy, revision).await?;
            policies::add(connection, &kept).await
        })
    })
    .await?;
    Ok((version, checked.findings))
}

/// What is wrong with a text that people read in lists and on terminals, if anything is.
fn unfit(what: &str, text: &str) -> Option<Finding> {
    let control = |character: char| character.is_control() && !(what == "message" && matches!(character, '\n' | '\t'));
    match what {
        _ if text.chars().any(control) => Some(error(what, "it has control characters")),
        "name" if text.trim().is_empty() => Some(error(what, "it is empty")),
        "name" if text.chars().count() > LONGEST_NAME => Some(error(what, "it is longer than 100 characters")),
        _ => None,
    }
}

fn error(path: &str, message: &str) -> Finding {
    Finding { severity: "error".to_owned(), path: path.to_owned(), message: message.to_owned(), help: None }
}

/// Says which nodes a policy is for.
pub async fn select(
    service: &Service,
    who: &str,
    name: &str,
    selector: Selector,
    revision: u64,
) -> Result<Policy, Refused> {
    let mut policy = find(service, name, revision).await?;
    policy.selector = selector;
    if policy.published.is_some() {
        has_nodes_of_its_own(service, &policy).await?;
    }
    let told = json!({"what": "nodes-selected", "who": who, "policy": name, "selector": policy.selector});
    keep(service, policy, told, None).await
}

/// That no other policy is published for the same nodes, of which one would have them by its name alone.
async fn has_nodes_of_its_own(service: &Service, policy: &Policy) -> Result<(), Refused> {
    let all = policies::all(&service.store).await?;
    let alike = |other: &&Policy| other.published.is_some() && other.selector == policy.selector;
    match all.iter().filter(|other| other.name != policy.name).find(alike) {
        None => Ok(()),
        Some(other) => Err(Refused::NotNow(format!(
            "policy `{}` is published for just the same nodes: say which nodes `{}` is for (`policymesh select`)",
            other.name, policy.name
        ))),
    }
}

/// The policy of this name, if it is still at this revision.
async fn find(service: &Service, name: &str, revision: u64) -> Result<Policy, Refused> {
    let policy = policies::find(&service.store, name).await?;
    let policy = policy.ok_or_else(|| Refused::NotFound(format!("policy `{name}`")))?;
    if policy.revision == revision { Ok(policy) } else { Err(Refused::Conflict(name.to_owned())) }
}

/// Keeps a policy as it now is, and what has become of one of its versions; and tells the nodes.
async fn keep(
    service: &Service,
    mut policy: Policy,
    told: serde_json::Value,
    version: Option<Version>,
) -> Result<Policy, Refused> {
    let (kept, name, revision) = (policy.clone(), policy.name.clone(), policy.revision);
    change(service, &name, told, move |connection| {
        Box::pin(async move {
            policies::save(connection, &kept, revision).await?;
            match version {
                Some(version) => policies::advance(connection, &version).await,
                None => Ok(()),
            }
        })
    })
    .await?;
    service.board.reload().await?;
    policy.revision += 1;
    Ok(policy)
}

async fn change<F>(service: &Service, name: &str, told: serde_json::Value, effect: F) -> Result<(), Refused>
where
    F: for<'c> FnOnce(&'c mut super::store::Transaction) -> super::journal::Changing<'c> + Send + 'static,
{
    let changed = service.journal.change(Draft::own(Kind::Change, &told), effect).await;
    changed.map_err(|reason| match reason {
        NotWritten::Conflict => Refused::Conflict(name.to_owned()),
        reason => Refused::Store(reason),
    })
}

fn count(findings: &[Finding]) -> String {
    match findings {
        [Finding { path, message, .. }] if !path.is_empty() => format!("{path}: {message}"),
        [Finding { message, .. }] => message.clone(),
        findings => format!("the policy has {} problems", findings.len()),
    }
}

// === impl Policy ===

impl Policy {
    /// A policy without any version.
    fn new(name: &str) -> Self {
        let selector = Selector::default();
        let name = name.to_owned();
        Self { name, revision: 0, latest: 0, published: None, selector, rollout: None, shadow: None }
    }
}

// === impl State ===

impl State {
    const ALL: [Self; 5] = [Self::Draft, Self::Checked, Self::Tested, Self::Published, Self::RolledBack];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Checked => "checked",
            Self::Tested => "tested",
            Self::Published => "published",
            Self::RolledBack => "rolled-back",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

// === impl Refused ===

impl From<sqlx::Error> for Refused {
    fn from(reason: sqlx::Error) -> Self {
        Self::Store(reason.into())
    }
}
