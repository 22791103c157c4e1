//! The life of a policy: its versions, from draft to published and back.
//!
//! A version never changes once it is made; only how far it has come does. What nodes get is what is published, and a
//! rollout says which of them get it first.

mod add;
mod check;
pub mod guard;
mod publish;
mod rollout;
mod select;
mod shadow;
mod suite;

use serde::{Deserialize, Serialize};

pub use add::{NewVersion, add};
pub use check::Finding;
pub use publish::{Publication, promote, publish, roll_back};
pub use rollout::Rollout;
pub use select::select;
pub use shadow::{Shadow, Shadowing, end_shadow, shadow};
pub use suite::Suite;

use super::Service;
use super::board::Selector;
use super::journal::{Draft, NotWritten};
use super::store::policies;
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
