//! Signatures: Ed25519, RFC 8032.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Serialize;

use super::Checkpoint;
use super::canonical::{self, Hash};

/// The key that the service signs with.
pub struct Key(SigningKey);

/// What others check its signatures with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// What a checkpoint's signature covers.
#[derive(Serialize)]
struct Signed {
    hash: Hash,
    seq: u64,
    time_us: u64,
}

// === impl Key ===

impl Key {
    /// The key in this file, drawn at random if there is none. Only its owner may read the file.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        if !file.exists() {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).context("the system gives no randomness")?;
            let mut options = std::fs::OpenOptions::new();
            let new = options.write(true).create_new(true).mode(0o600).open(file);
            let mut new = new.with_context(|| format!("cannot make the key `{}`", file.display()))?;
            writeln!(new, "{}", hex::encode(seed))?;
            new.sync_all()?;
        }
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read the key `{}`", file.display()))?;
        let seed = unhex::<32>(text.trim());
        let seed = seed.with_context(|| format!("`{}` holds no key: 64 hexadecimal digits", file.display()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// What others check with.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs any bytes; in hexadecimal.
    pub fn sign(&self, bytes: &[u8]) -> String {
        hex::encode(self.0.sign(bytes).to_bytes())
    }

    /// Signs the chain up to this entry.
    pub fn checkpoint(&self, seq: u64, hash: Hash, time_us: u64) -> Checkpoint {
        Checkpoint { seq, hash, time_us, signature: self.sign(&signed(seq, hash, time_us)) }
    }
}

// === impl PublicKey ===

impl PublicKey {
    /// Whether this key signed these bytes.
    pub fn signed(&self, bytes: &[u8], signature: &str) -> bool {
        let signature = unhex::<64>(signature).map(|bytes| Signature::from_bytes(&bytes));
        signature.is_some_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }

    /// Whether this key signed this checkpoint.
    pub fn signed_checkpoint(&self, checkpoint: &Checkpoint) -> bool {
        let Checkpoint { seq, hash, time_us, signature } = checkpoint;
        self.signed(&signed(*seq, *hash, *time_us), signature)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = unhex::<32>(text.trim()).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        match key {
            Some(key) => Ok(Self(key)),
            None => bail!("`{text}` is no public key: 64 hexadecimal digits"),
        }
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

fn signed(seq: u64, hash: Hash, time_us: u64) -> Vec<u8> {
    canonical::to_string(&Signed { hash, seq, time_us }).unwrap_or_default().into_bytes()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}
