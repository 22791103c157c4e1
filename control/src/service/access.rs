//! Who may do what: roles, and the tokens that stand for them.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;

/// What it takes to use a route of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Look at policies.
    ReadPolicies,
    /// Make new versions of policies.
    WritePolicies,
    /// Put versions in force and take them back.
    Publish,
    /// Look at the Envoys.
    ReadNodes,
    /// Look at audit records.
    ReadRecords,
    /// Take the whole audit chain away.
    Export,
    /// Take the policy that a node is to have, signed.
    Pull,
    /// Bring audit records in from a node's file.
    Collect,
    /// Take somebody's identity out of the audit chain.
    Erase,
    /// Make and revoke tokens.
    ManageTokens,
}

/// What somebody is to this service. A permission that a role does not have is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks at policies and nodes.
    Viewer,
    /// Also makes new versions.
    Author,
    /// Puts versions in force and takes them back.
    Publisher,
    /// Looks at audit records and takes them away.
    Auditor,
    /// Brings audit records in, and takes the policies of nodes: for machines.
    Collector,
    /// May do everything.
    Admin,
}

/// A token, without what it is proved by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// Its number.
    pub id: u64,
    /// Whose it is: what entries of the chain call whoever shows it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When, in microseconds since the Unix epoch.
    pub created_us: u64,
    /// From when on it is worth nothing, likewise.
    pub expires_us: u64,
    /// When it was revoked, likewise.
    pub revoked_us: Option<u64>,
}

/// What a token begins with, so that scanners find one that got lost.
const PREFIX: &str = "policymesh_";

// === impl Role ===

impl Role {
    const ALL: [Self; 6] = [Self::Viewer, Self::Author, Self::Publisher, Self::Auditor, Self::Collector, Self::Admin];

    /// Whether this role may do this.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::{Collect, Export, Publish, Pull, ReadNodes, ReadPolicies, ReadRecords, WritePolicies};
        match self {
            Self::Viewer => matches!(permission, ReadPolicies | ReadNodes | Pull),
            Self::Author => matches!(permission, ReadPolicies | ReadNodes | Pull | WritePolicies),
            Self::Publisher => matches!(permission, ReadPolicies | ReadNodes | Pull | Publish),
            Self::Auditor => matches!(permission, ReadPolicies | ReadNodes | Pull | ReadRecords | Export),
            Self::Collector => matches!(permission, Collect | Pull),
            Self::Admin => true,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Author => "author",
            Self::Publisher => "publisher",
            Self::Auditor => "auditor",
            Self::Collector => "collector",
            Self::Admin => "admin",
        }
    }

    /// All roles, to be told.
    pub fn names() -> String {
        Self::ALL.map(|role| format!("`{}`", role.name())).join(", ")
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

// === impl Token ===

impl Token {
    /// Whether it is worth anything at this moment.
    pub fn holds_at(&self, us: u64) -> bool {
        self.revoked_us.is_none() && us < self.expires_us
    }
}

/// A new secret of 256 random bits. Only its hash is kept.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(format!("{PREFIX}{}", Hash(random)))
}

/// What a token is known by. A secret with so many random bits needs no salt and no slow hash.
pub fn hash(secret: &str) -> Hash {
    Hash::of(secret)
}

/// Whether it looks like a token of this service.
pub fn is_token(secret: &str) -> bool {
    secret.starts_with(PREFIX)
}
