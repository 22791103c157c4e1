//! Real clients in JavaScript: programs of `tests/clients/node/`, with pinned packages installed below the build directory.

use std::fs;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

use crate::place;

/// Runs a program of `tests/clients/node/` with these variables. The error is all that it printed.
pub fn run(program: &str, variables: &[(&str, &str)]) -> Result<String> {
    let (home, place) = (place::repository().join("tests/clients/node"), place::target().join("node"));
    fs::create_dir_all(&place)?;
    for file in ["package.json", "package-lock.json", program] {
        fs::copy(home.join(file), place.join(file)).with_context(|| format!("copying `{file}`"))?;
    }
    let lock = fs::read(place.join("package-lock.json"))?;
    let stamp = place.join("installed.json");
    if !fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&place);
        let output = install.output().context("running `npm`")?;
        ensure!(output.status.success(), "npm failed:\n{}", printed(&output));
        fs::write(stamp, lock)?;
    }
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter", "spec", program]).current_dir(&place);
    let output = command.envs(variables.iter().copied()).output().context("running `node`")?;
    if !output.status.success() {
        bail!("`{program}` failed:\n{}", printed(&output));
    }
    Ok(printed(&output))
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}
