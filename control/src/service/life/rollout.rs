//! How a version comes to its nodes: at once, or to some of them first.

use serde::{Deserialize, Serialize};

use crate::service::board::Group;

/// A version on its way to its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rollout {
    /// The number of the version.
    pub to: u64,
    /// The number of the version that was in force before.
    pub from: Option<u64>,
    /// The nodes that get it first; none if all get it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Group>,
    /// How much worse it may do than the version before, before it is taken back.
    #[serde(default)]
    pub limits: Limits,
    /// How far it has come.
    pub stage: Stage,
    /// Why it was halted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it began, in microseconds since the Unix epoch.
    pub since_us: u64,
    /// When what some nodes had first was given to all, in microseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_us: Option<u64>,
}

/// How long a version that came to some nodes first is still watched when all have it, in microseconds.
const WATCHED_US: u64 = 600_000_000;

/// How much worse a canary may do than the version before, in percentage points of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests that end with a status of 500 and above, or without a decision.
    pub errors: u8,
    /// Requests that the policy denies. 100 for a policy that is meant to deny more.
    pub denials: u8,
}

/// How far a rollout has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Only its first nodes have it.
    Canary,
    /// All of its nodes are to have it.
    Complete,
    /// It was halted, and the version before is in force again.
    Halted,
}

// === impl Rollout ===

impl Rollout {
    /// The nodes that are to have another version than the published one, and which.
    pub fn canary(&self) -> Option<(&Group, u64)> {
        let canary = self.canary.as_ref()?;
        (self.stage == Stage::Canary).then_some((canary, self.to))
    }

    /// Whether it is taken back by itself if it goes wrong: while some nodes have it first, and for a while when all do.
    pub fn is_watched(&self, now_us: u64) -> bool {
        match self.stage {
            Stage::Canary => true,
            Stage::Complete => self.promoted_us.is_some_and(|since_us| now_us.saturating_sub(since_us) < WATCHED_US),
            Stage::Halted => false,
        }
    }
}

// === impl Stage ===

impl Stage {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Complete => "complete",
            Self::Halted => "halted",
        }
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self { errors: 5, denials: 25 }
    }
}
