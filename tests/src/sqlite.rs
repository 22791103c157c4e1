//! A database of SQLite, as somebody else than the service gets at it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Runs statements in the database of this file.
pub fn execute(file: &Path, statements: &str) -> Result<()> {
    let program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
    let output = Command::new("python3").args(["-c", program]).arg(file).arg(statements).output();
    let output = output.context("running `python3`")?;
    ensure!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
