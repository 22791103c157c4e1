//! `policymesh tokens`: who may do what.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::client::{Server, part};
use crate::service::{Role, rfc3339};
use crate::terminal::say;

/// Tokens for the control service's API.
#[derive(clap::Subcommand)]
pub enum Tokens {
    Make(Make),
    List(List),
    Revoke(Revoke),
}

/// Makes a token and prints what proves it, which is told once.
#[derive(clap::Args)]
pub struct Make {
    /// Whose it is.
    name: String,

    /// What it may do.
    #[arg(long, value_enum)]
    role: Role,

    /// How long it is worth something, such as 12h or 90d.
    #[arg(long, default_value = "90d", value_name = "SPAN")]
    expires: String,

    #[command(flatten)]
    server: Server,
}

/// Lists all tokens.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    server: Server,
}

/// Makes a token worth nothing from now on.
#[derive(clap::Args)]
pub struct Revoke {
    /// Its number, as `list` tells it.
    id: u64,

    #[command(flatten)]
    server: Server,
}

// === impl Tokens ===

impl Tokens {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Make(Make { name, role, expires, server }) => {
                let new = json!({"name": name, "role": role, "expires": expires});
                let made: Value = server.client()?.post("/v1/tokens", None, &new)?.json()?;
                say!("{}", part(&made, "/secret").as_str().unwrap_or_default());
            }
            Self::List(List { server }) => {
                let answer: Value = server.client()?.get("/v1/tokens")?.json()?;
                part(&answer, "/tokens").as_array().into_iter().flatten().for_each(|token| say!("{}", line(token)));
            }
            Self::Revoke(Revoke { id, server }) => {
                server.client()?.delete(&format!("/v1/tokens/{id}"), None)?.done()?;
                say!("token {id} is revoked");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line(token: &Value) -> String {
    let until = rfc3339(part(token, "/expires_us").as_u64().unwrap_or(0));
    let state = match part(token, "/revoked_us").as_u64() {
        Some(us) => format!("revoked {}", rfc3339(us)),
        None => format!("until {until}"),
    };
    let word = |key: &str| token[key].as_str().unwrap_or_default();
    format!(
        "{:>4}  {:<10}  {}  {state}, made by {}",
        part(token, "/id").to_string(),
        word("role"),
        word("name"),
        word("created_by")
    )
}
