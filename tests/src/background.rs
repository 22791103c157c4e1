//! `policymesh` running for as long as a test needs it, and never longer.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Result;

use crate::place;

/// A running `policymesh`, whose output is printed only when a test fails.
pub struct Background {
    process: Child,
    log: PathBuf,
}

/// Ends with the pipe to its standard input, and takes what it runs with it; only that holds the output.
const SCRIPT: &str = r#"exec 3<&0; (read -r _ <&3; kill -KILL 0) >/dev/null & exec "$0" "$@" 3<&- </dev/null"#;

/// A command that runs `policymesh` until its standard input is closed, which it also is when this process dies in any way.
pub fn policymesh() -> Command {
    let mut command = Command::new("sh");
    command.process_group(0).args(["-c", SCRIPT]).arg(place::policymesh()).stdin(Stdio::piped());
    command
}

// === impl Background ===

impl Background {
    /// Starts it with these arguments; what it says goes to this file.
    pub fn start(arguments: &[&str], variables: &[(String, String)], log: PathBuf) -> Result<Self> {
        let file = File::create(&log)?;
        let mut command = policymesh();
        command
            .args(arguments)
            .env_remove("POLICYMESH_TOKEN")
            .env_remove("POLICYMESH_CA")
            .envs(variables.iter().cloned());
        let process = command.stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Self { process, log })
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what `policymesh` said ---\n{}", self.log());
        }
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
