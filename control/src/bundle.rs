//! The policy of a node as one signed document: what it is, what its signature covers, and what must hold of one.
//!
//! The service makes it; whoever has the public key can check it, with nothing but this.

pub mod keep;
pub mod pull;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chain::Hash;
use crate::chain::canonical;
use crate::chain::signature::{Key, PublicKey};

/// The policy of a node, signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Which form of the document it is.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// What it is.
    pub kind: Kind,
    /// The node that it is for.
    pub node: Recipient,
    /// The policy's name.
    pub policy: String,
    /// The number of the policy's version.
    pub version: u64,
    /// The digest of what the policy says: what a record names it by.
    pub digest: String,
    /// The configuration of the filter, with the policy in it: to the byte what Envoys get over xDS.
    pub configuration: String,
    /// Grows with every change to what nodes are to have, also with one back to what was before: a later bundle never has a lower
    /// one.
    pub serial: u64,
    /// When it was made, in microseconds since the Unix epoch.
    pub issued_us: u64,
    /// The Ed25519 public key that it is signed with, in hexadecimal.
    pub key: String,
    /// The signature over `policymesh.dev/v1 Bundle`, a line feed, and the canonical JSON (RFC 8785) of the document with this
    /// field empty; in hexadecimal.
    pub signature: String,
}

/// Who a bundle is for, as its Envoy's bootstrap says it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// `node.id`.
    pub id: String,
    /// `node.cluster`.
    #[serde(default)]
    pub cluster: String,
    /// `node.metadata`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// The forms that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ApiVersion {
    /// This one.
    #[serde(rename = "policymesh.dev/v1")]
    V1,
}

/// What such documents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Kind {
    /// A bundle.
    Bundle,
}

/// Why a document is not taken for a node's policy.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It is no bundle at all.
    #[error("it is no bundle: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It is longer than any bundle.
    #[error("it is longer than {LONGEST} bytes, as no bundle is")]
    TooLong,
    /// Another key has signed it.
    #[error("it is signed with the key `{own}`, and the one that is trusted is `{trusted}`")]
    OtherKey {
        /// The key that it names.
        own: String,
        /// The key that it should name.
        trusted: String,
    },
    /// The signature is of something else.
    #[error("its signature does not fit what it says: it was changed after it was signed")]
    Changed,
    /// It is for another node.
    #[error("it is for {own}, and not for {asked}")]
    OtherNode {
        /// The node that it is for.
        own: String,
        /// The node that it should be for.
        asked: String,
    },
    /// It is older than what is there.
    #[error(
        "its serial is {offered}, and {kept} is that of the bundle which is there: it is older, or the service lost what it knew"
    )]
    Older {
        /// Its serial.
        offered: u64,
        /// The serial of the one that is there.
        kept: u64,
    },
    /// The policy in it is not the one that it names.
    #[error("the policy in it has the digest `{own}`, and not `{named}`")]
    OtherPolicy {
        /// The digest of the policy in it.
        own: String,
        /// The digest that it names.
        named: String,
    },
    /// The filter would not take it, so that an Envoy that starts with it has no policy at all.
    #[error("the filter would refuse it: {0}")]
    Refused(String),
}

/// What stands before the rest in what is signed: nothing else that is signed with the same key begins so. A checkpoint of the
/// audit chain begins with `{`.
const DOMAIN: &str = "policymesh.dev/v1 Bundle\n";

/// The longest bundle, in bytes: a policy and its shadow of the size that the service takes, twice encoded, fit many times.
pub const LONGEST: usize = 32 << 20;

// === impl Bundle ===

impl Bundle {
    /// The same, signed.
    pub fn signed(mut self, key: &Key) -> serde_json::Result<Self> {
        self.key = key.public().to_string();
        self.signature = key.sign(&self.covered()?);
        Ok(self)
    }

    /// Reads one that was signed with this key and is unchanged.
    pub fn read(bytes: &[u8], trusted: &PublicKey) -> Result<Self, Unfit> {
        if bytes.len() > LONGEST {
            return Err(Unfit::TooLong);
        }
        let bundle: Self = serde_json::from_slice(bytes)?;
        if bundle.key != trusted.to_string() {
            return Err(Unfit::OtherKey { own: bundle.key, trusted: trusted.to_string() });
        }
        if !trusted.signed(&bundle.covered()?, &bundle.signature) {
            return Err(Unfit::Changed);
        }
        Ok(bundle)
    }

    /// What the service and a node know it by, as an ETag. It is weak: when it was made counts for nothing.
    pub fn tag(&self) -> String {
        let content = Self { issued_us: 0, ..self.clone() };
        let hash = Hash::of(content.covered().unwrap_or_default()).to_string();
        format!("W/\"{}-{}\"", self.serial, hash.get(..16).unwrap_or_default())
    }

    /// Refuses one that is for another node.
    pub fn must_be_for(&self, node: &Recipient) -> Result<(), Unfit> {
        match self.node == *node {
            true => Ok(()),
            false => Err(Unfit::OtherNode { own: self.node.to_string(), asked: node.to_string() }),
        }
    }

    /// Refuses one that is older than this.
    pub fn must_follow(&self, kept: &Self) -> Result<(), Unfit> {
        match self.serial >= kept.serial {
            true => Ok(()),
            false => Err(Unfit::Older { offered: self.serial, kept: kept.serial }),
        }
    }

    /// Refuses one that the filter would refuse: an Envoy that starts with it would have no policy at all.
    pub fn must_be_taken(&self) -> Result<(), Unfit> {
        use policy::bundle::Bundle::{Adapter, Router};
        match policy::bundle::Bundle::parse(self.configuration.as_bytes()) {
            Ok((Router(policies), _)) if policies.live.digest().as_str() == self.digest => Ok(()),
            Ok((Router(policies), _)) => {
                Err(Unfit::OtherPolicy { own: policies.live.digest().to_string(), named: self.digest.clone() })
            }
            Ok((Adapter, _)) => Err(Unfit::Refused("it has no policy".to_owned())),
            Err(problems) => {
                let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
                Err(Unfit::Refused(told.join("; ")))
            }
        }
    }

    /// What the signature covers.
    fn covered(&self) -> serde_json::Result<Vec<u8>> {
        let rest = Self { signature: String::new(), ..self.clone() };
        Ok(format!("{DOMAIN}{}", canonical::to_string(&rest)?).into_bytes())
    }
}

// === impl Recipient ===

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node `{}` of cluster `{}`", self.id, self.cluster)?;
        match self.metadata.is_empty() {
            true => Ok(()),
            false => write!(f, " with the metadata {}", Value::from(self.metadata.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
