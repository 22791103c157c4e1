//! `policymesh audit`: the audit chain, taken away and checked.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::chain::Checkpoint;
use crate::chain::signature::PublicKey;
use crate::chain::verify::{Verdict, verify};
use crate::client::{Server, part};
use crate::terminal::{Style, say};

/// The audit chain.
#[derive(clap::Subcommand)]
pub enum Audit {
    Verify(Verify),
    Export(Export),
    Erase(Erase),
}

/// Proves that the chain is whole and unchanged, or names what is not.
///
/// The chain comes from the control service, or from an export, without any service. Each entry is held against the one
/// before it, its content against its hash, and the signatures against the key. Only a checkpoint that was kept elsewhere
/// (--anchor) shows that the end was not cut off, or all of it written anew.
///
/// Exits with 0 if all is well, with 1 if something is wrong, with 2 if it could not be checked.
#[derive(clap::Args)]
pub struct Verify {
    /// An export to check; `-` is standard input. Without it the control service is asked.
    export: Option<PathBuf>,

    /// The public key that is trusted, in hexadecimal, or a file with it; else that of the export is taken.
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,

    /// A file of checkpoints that was kept elsewhere: the service's `anchor.jsonl`, or a copy of it.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,

    #[command(flatten)]
    server: Server,
}

/// Writes the chain with its signatures, one JSON object a line.
#[derive(clap::Args)]
pub struct Export {
    /// Writes to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Begins with this entry instead of the first.
    #[arg(long, default_value_t = 1, value_name = "SEQ")]
    first: u64,

    #[command(flatten)]
    server: Server,
}

/// Takes a client's identity out of every entry that names it. The chain stays whole: tombstones account for what is gone.
#[derive(clap::Args)]
pub struct Erase {
    /// The client, as records name it.
    client: String,

    #[command(flatten)]
    server: Server,
}

// === impl Audit ===

impl Audit {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Verify(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Erase(command) => command.run(),
        }
    }
}

// === impl Verify ===

impl Verify {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let key = self.key.as_deref().map(|key| trusted("--key", key)).transpose()?;
        let anchors = self.anchor.as_deref().map(anchors).transpose()?.unwrap_or_default();
        let verdict = verify(self.open()?, key, &anchors).context("cannot read the export")?;
        print(&verdict, &self, Style::of_stdout());
        Ok(if verdict.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn open(&self) -> anyhow::Result<Box<dyn BufRead>> {
        match &self.export {
            Some(path) if path == Path::new("-") => Ok(Box::new(BufReader::new(std::io::stdin()))),
            Some(path) => {
                let file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
                Ok(Box::new(BufReader::new(file)))
            }
            None => self.server.client()?.stream("/v1/audit/export"),
        }
    }
}

fn print(verdict: &Verdict, asked: &Verify, style: Style) {
    let Verdict { entries, checkpoints, signed_to, tombstoned, faults, wrong } = verdict;
    for fault in faults {
        say!("{}: {fault}", style.bad("wrong"));
    }
    let told = u64::try_from(faults.len()).unwrap_or(u64::MAX);
    if *wrong > told {
        say!("... and {} more", wrong - told);
    }
    let gone =
        if *tombstoned > 0 { format!(", {tombstoned} with content taken out by tombstones") } else { String::new() };
    say!("{entries} entries{gone}; {checkpoints} signatures, up to entry {signed_to}");
    if *wrong > 0 {
        return say!("{}: {wrong} found", style.bad("the chain is not what it was"));
    }
    say!("{}: whole and unchanged", style.good("all is well"));
    if asked.key.is_none() {
        say!("the key is the one that came with the chain: --key says which one is trusted");
    }
    if asked.anchor.is_none() {
        say!("no checkpoint from elsewhere was given: --anchor shows that the end was not cut off");
    }
}

// === impl Export ===

impl Export {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut lines = self.server.client()?.stream(&format!("/v1/audit/export?first={}", self.first))?;
        match &self.output {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
                let mut file = BufWriter::new(file);
                std::io::copy(&mut lines, &mut file).context("the export broke off")?;
                file.flush()?;
            }
            None => {
                std::io::copy(&mut lines, &mut std::io::stdout().lock())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Erase ===

impl Erase {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let body = json!({"client": self.client});
        let erased: Value = self.server.client()?.post("/v1/audit/erasures", None, &body)?.json()?;
        say!("{} entries named this client", part(&erased, "/entries"));
        Ok(ExitCode::SUCCESS)
    }
}

/// The key, as it is given or as it stands in a file.
/// A public key that is given as such, or as the name of a file.
pub fn trusted(option: &str, given: &str) -> anyhow::Result<PublicKey> {
    if let Ok(key) = given.parse() {
        return Ok(key);
    }
    let text = std::fs::read_to_string(given).with_context(|| format!("{option}: `{given}` is no key and no file"))?;
    text.parse().with_context(|| format!("{option}: `{given}`"))
}

fn anchors(path: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("--anchor: cannot read `{}`", path.display()))?;
    let mut anchors = Vec::new();
    for (place, line) in text.lines().enumerate() {
        match serde_json::from_str(line) {
            Ok(checkpoint) => anchors.push(checkpoint),
            // A service that was killed may have left half a line.
            Err(_) if place + 1 == text.lines().count() && !text.ends_with('\n') => {}
            Err(reason) => bail!("--anchor: line {} of `{}` is no checkpoint: {reason}", place + 1, path.display()),
        }
    }
    Ok(anchors)
}
