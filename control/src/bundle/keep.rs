//! The last good bundle of a node, kept beside the file that its Envoy reads the policy from.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Bundle, LONGEST, Recipient, Unfit};
use crate::chain::signature::PublicKey;
use crate::durable;
use crate::envoy::control_plane::{module, version};
use crate::envoy::filter::delivered;

/// What a node keeps of its policy. Whatever is not a good bundle leaves it as it was.
pub struct Keeper {
    node: Recipient,
    trusted: PublicKey,
    files: Files,
    last: Option<Bundle>,
    older: Older,
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Files {
    /// The bundle, which can be checked again.
    pub bundle: PathBuf,
    /// What Envoy reads, by ECDS.
    pub policy: PathBuf,
}

/// What becomes of a bundle that is older than the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// It is refused.
    Refused,
    /// It is taken, once: somebody says so. What is there need not be a bundle of this key either.
    TakenOnce,
}

// === impl Keeper ===

impl Keeper {
    /// Takes up what is there.
    pub fn open(node: Recipient, trusted: PublicKey, files: Files, older: Older) -> anyhow::Result<Self> {
        let last = match kept(&files.bundle, &trusted, &node) {
            Err(_) if older == Older::TakenOnce => None,
            last => last.with_context(|| {
                format!("`{}` is there already; --accept-older takes another in its place", files.bundle.display())
            })?,
        };
        Ok(Self { node, trusted, files, last, older })
    }

    /// Who it is kept for.
    pub fn node(&self) -> &Recipient {
        &self.node
    }

    /// What the service knows the last one by. None where another is wanted whatever the service has.
    pub fn tag(&self) -> Option<String> {
        self.current().filter(|_| self.older == Older::Refused).map(Bundle::tag)
    }

    /// Takes an answer of the service: checks it, and writes both files.
    pub fn take(&mut self, bytes: &[u8]) -> anyhow::Result<&Bundle> {
        let bundle = Bundle::read(bytes, &self.trusted)?;
        bundle.must_be_for(&self.node)?;
        bundle.must_be_taken()?;
        if let Some(last) = self.last.as_ref().filter(|_| self.older == Older::Refused) {
            bundle.must_follow(last)?;
        }
        // The bundle first: whatever happens then, nothing older is taken, and the other file is made from it.
        durable::replace(&self.files.bundle, &[serde_json::to_vec(&bundle)?.as_slice(), b"\n"].concat())?;
        write_policy(&self.files.policy, &bundle)?;
        self.older = Older::Refused;
        Ok(self.last.insert(bundle))
    }

    /// Makes Envoy's file from the last bundle again, if it is anything else.
    pub fn restore(&self) -> anyhow::Result<()> {
        match self.current() {
            Some(last) if last.must_be_taken().is_ok() => write_policy(&self.files.policy, last),
            // It was for the node as it was before: its file stays, until there is another.
            _ => Ok(()),
        }
    }

    fn current(&self) -> Option<&Bundle> {
        self.last.as_ref().filter(|last| last.node == self.node)
    }
}

/// The bundle in this file, if there is one: its serial counts also where the node has other metadata by now.
fn kept(path: &Path, trusted: &PublicKey, node: &Recipient) -> anyhow::Result<Option<Bundle>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let bundle = Bundle::read(&bytes, trusted)?;
    if bundle.node.id != node.id {
        bundle.must_be_for(node)?;
    }
    Ok(Some(bundle))
}

/// The content of a file, as far as a bundle can be long; none if there is no such file.
pub fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let named = || format!("cannot read `{}`", path.display());
    let file = match File::open(path) {
        Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.with_context(named)?,
    };
    let mut bytes = Vec::new();
    let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    file.take(longest + 1).read_to_end(&mut bytes).with_context(named)?;
    Ok(Some(bytes))
}

/// Writes what Envoy reads, unless that is there: each time that the file is moved into its place, Envoy reads it.
fn write_policy(path: &Path, bundle: &Bundle) -> anyhow::Result<()> {
    let module = module(&bundle.node.metadata);
    let version = version(&bundle.policy, bundle.version, module, &bundle.configuration);
    // JSON is YAML, too: Envoy goes by the file's name.
    let text = serde_json::to_vec(&delivered(&version, module, &bundle.configuration))?;
    match fs::read(path) {
        Ok(there) if there == text => Ok(()),
        _ => durable::replace(path, &text),
    }
}

impl Files {
    /// Refuses names that Envoy would take for something else than JSON or YAML.
    pub fn check(&self) -> anyhow::Result<()> {
        let known = self
            .policy
            .extension()
            .is_some_and(|extension| ["json", "yaml", "yml"].iter().any(|one| *one == extension));
        anyhow::ensure!(
            known,
            "`{}`: Envoy goes by the name of the file, which must end in `.json` or `.yaml`",
            self.policy.display()
        );
        Ok(())
    }
}

/// Whether something is wrong with what the service gave, rather than that it could not be had.
pub fn is_unfit(reason: &anyhow::Error) -> bool {
    reason.downcast_ref::<Unfit>().is_some()
}
