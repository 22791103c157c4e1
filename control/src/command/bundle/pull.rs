//! `policymesh bundle pull`: the policy of a node, from the control service into files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::bundle::keep::{Files, Keeper, Older, is_unfit};
use crate::bundle::pull::{Pulled, Puller};
use crate::client::Server;
use crate::command::audit::trusted;
use crate::command::recipient::Node;
use crate::terminal::say;

/// Takes the policy of a node from the control service, checks its signature, and writes it for an Envoy that reads it from a
/// file (`policymesh envoy render --mode ecds`).
///
/// Both files are written as a whole or not at all. Where the service is away, or answers anything but a newer policy for this
/// node that its key has signed and that the filter takes, they stay as they are.
///
/// With --once: exits with 0 if the newest policy is there, with 1 if what the service gives is refused, with 2 if nothing could be
/// had.
#[derive(clap::Args)]
pub struct Pull {
    /// The file that keeps the bundle.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// The file that Envoy reads, `.yaml` or `.json` [default: the name of --out and `.yaml`].
    #[arg(long, value_name = "FILE")]
    policy_file: Option<PathBuf>,

    /// Asks once, and ends.
    #[arg(long, conflicts_with = "watch")]
    once: bool,

    /// Takes each new policy as soon as it is published, until it is stopped. This is the default.
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    node: Node,

    #[command(flatten)]
    trust: Trust,

    #[command(flatten)]
    server: Server,
}

/// What is believed of the service.
#[derive(Clone, Debug, clap::Args)]
pub struct Trust {
    /// The public key of the control service, in hexadecimal, or a file with it: `key` at `/v1/audit/key`.
    #[arg(long, value_name = "KEY|FILE")]
    public_key: Option<String>,

    /// Takes the policy that the service has also where it is older than the one that is there, or where that cannot be checked, as
    /// after the service lost its data or its key. Once: whatever comes then must be newer.
    #[arg(long)]
    accept_older: bool,
}

// === impl Pull ===

impl Pull {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let policy = self.policy_file.unwrap_or_else(|| added(&self.out, ".yaml"));
        let files = Files { bundle: self.out, policy };
        let mut puller = self.trust.puller(&self.node, &self.server, files)?;
        if !self.once {
            puller.watch();
        }
        match puller.once() {
            Ok(Pulled::Other(what)) => say!("{what}"),
            Ok(Pulled::Same) => say!("nothing is new"),
            Err(reason) if is_unfit(&reason) => {
                eprintln!("policymesh: what the service gives is refused: {reason:#}");
                return Ok(ExitCode::from(1));
            }
            Err(reason) => return Err(reason),
        }
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Trust ===

impl Trust {
    /// A way to the bundles of this node.
    pub fn puller(&self, node: &Node, server: &Server, files: Files) -> anyhow::Result<Puller> {
        files.check()?;
        let key = self.public_key.as_deref();
        let key = key.ok_or_else(|| anyhow::anyhow!("--public-key: say which key the policies must be signed with"))?;
        let older = if self.accept_older { Older::TakenOnce } else { Older::Refused };
        let keeper = Keeper::open(node.recipient()?, trusted("--public-key", key)?, files, older)?;
        Ok(Puller::new(server.client()?, keeper))
    }
}

/// A file beside another, with a longer name.
pub fn added(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
