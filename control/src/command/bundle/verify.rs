//! `policymesh bundle verify`: what a bundle is, without any service.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::bundle::{Bundle, Unfit};
use crate::command::audit::trusted;
use crate::command::input;
use crate::service::rfc3339;
use crate::terminal::say;

/// Checks a bundle, and says what it is or why it is none.
///
/// Exits with 0 if it is one that this key has signed, unchanged, and that the filter takes; with 1 if not; with 2 if it could not be
/// checked.
#[derive(clap::Args)]
pub struct Verify {
    /// The bundle; `-` is standard input.
    bundle: PathBuf,

    /// The public key that it must be signed with, in hexadecimal, or a file with it.
    #[arg(long, value_name = "KEY|FILE")]
    public_key: String,

    /// The id of the node that it must be for.
    #[arg(long, value_name = "ID")]
    node: Option<String>,
}

// === impl Verify ===

impl Verify {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let key = trusted("--public-key", &self.public_key)?;
        let bytes = input::read(&self.bundle)?;
        let checked = Bundle::read(&bytes, &key).and_then(|bundle| {
            self.must_be_for_the_node(&bundle)?;
            bundle.must_be_taken()?;
            Ok(bundle)
        });
        match checked {
            Ok(bundle) => {
                show(&bundle);
                Ok(ExitCode::SUCCESS)
            }
            Err(reason) => {
                eprintln!("policymesh: `{}`: {reason}", self.bundle.display());
                Ok(ExitCode::from(1))
            }
        }
    }

    fn must_be_for_the_node(&self, bundle: &Bundle) -> Result<(), Unfit> {
        match &self.node {
            Some(id) if *id != bundle.node.id => {
                Err(Unfit::OtherNode { own: bundle.node.to_string(), asked: format!("node `{id}`") })
            }
            _ => Ok(()),
        }
    }
}

fn show(bundle: &Bundle) {
    let Bundle { policy, version, digest, serial, issued_us, key, node, .. } = bundle;
    say!("version {version} of policy `{policy}`, for {node}");
    say!("digest  {digest}");
    say!("serial  {serial}");
    say!("issued  {}", rfc3339(*issued_us));
    say!("signed with the key {key}");
}
