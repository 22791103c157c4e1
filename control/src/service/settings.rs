//! What the service is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ArgGroup;

use super::time::span_us;
use super::{oidc, tls};

/// Where the service keeps things and where it listens.
#[derive(Clone, Debug, clap::Args)]
#[command(group(ArgGroup::new("authentication").args(["require_tokens", "oidc_issuer"]).multiple(true)))]
pub struct Settings {
    /// The folder that holds the database and the keys; made if it is not there.
    #[arg(long, default_value = "policymesh-data", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// A PostgreSQL database, as postgres://USER:PASSWORD@HOST/NAME, instead of the one in the data folder. Several services
    /// can share it: each Envoy may turn to any of them. Better in the environment than on the command line, which others can
    /// see.
    #[arg(long, env = "POLICYMESH_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,

    /// The file with the key that signs the audit chain, made if it is not there; the same for all services that share a
    /// database [default: signing.key in the data folder].
    #[arg(long, value_name = "FILE")]
    pub signing_key: Option<PathBuf>,

    /// The file that takes a copy of every signed checkpoint of the audit chain. Keep it where nobody who can write to the
    /// database can write to it, and a chain that was cut off or written anew is found out [default: anchor.jsonl in the
    /// data folder].
    #[arg(long, value_name = "FILE")]
    pub anchor: Option<PathBuf>,

    /// How long the content of records is kept, such as 180d; without this for ever. Their hashes stay, and a tombstone says
    /// what is gone.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub retain: Option<u64>,

    /// How long the content of records at this level is kept instead.
    #[arg(long, value_name = "LEVEL=SPAN", value_parser = level_span)]
    pub retain_level: Vec<(String, u64)>,

    /// Lets nobody do anything without a token, not even on this machine. Where there is no token yet, one of an
    /// administrator is made and written to `admin.token` in the data folder.
    #[arg(long)]
    pub require_tokens: bool,

    /// Lets nobody publish a version that they made themselves. Without tokens everybody is one and the same.
    #[arg(long, requires = "authentication")]
    pub four_eyes: bool,

    #[command(flatten)]
    pub oidc: oidc::Options,

    #[command(flatten)]
    pub tls: tls::Files,

    /// Where people, scripts and the other commands reach the service. Elsewhere than on loopback this takes --tls-cert and
    /// --require-tokens or --oidc-issuer.
    #[arg(long, default_value = "127.0.0.1:18080", value_name = "IP:PORT")]
    pub api: SocketAddr,

    /// Where Envoys reach it: policies by xDS, audit records by access log service. Elsewhere than on loopback this takes
    /// --tls-cert and --client-ca.
    #[arg(long, default_value = "127.0.0.1:18000", value_name = "IP:PORT")]
    pub xds: SocketAddr,
}

fn span(text: &str) -> Result<u64, String> {
    span_us(text).ok_or_else(|| format!("`{text}` is no span such as 12h or 180d"))
}

fn level_span(text: &str) -> Result<(String, u64), String> {
    let (level, text) = text.split_once('=').filter(|(level, _)| !level.is_empty()).ok_or("write it as LEVEL=SPAN")?;
    Ok((level.to_owned(), span(text)?))
}

// === impl Settings ===

impl Settings {
    /// Whether nobody may do anything without a token.
    pub fn authenticates(&self) -> bool {
        self.require_tokens || self.oidc.oidc_issuer.is_some()
    }
}
