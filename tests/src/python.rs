//! Real clients in Python: programs of `tests/clients/`, with pinned packages installed below the build directory.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::place;

/// Runs a program of `tests/clients/` with these variables. The error is all that it printed.
pub fn run(program: &str, variables: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new("python3");
    command.arg(clients().join(program)).env("PYTHONPATH", packages()?).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.envs(variables.iter().copied()).output().context("running `python3`")?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        bail!("`{program}` failed:\n{printed}");
    }
    Ok(printed)
}

/// Where the pinned packages are, installed if they are not there yet.
fn packages() -> Result<PathBuf> {
    let requirements = clients().join("requirements.txt");
    let pinned = fs::read(&requirements)?;
    let place = place::target().join("python");
    let stamp = place.join("requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(place);
    }
    let options = "-m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade -r";
    let options = options.split(' ').map(OsString::from);
    let arguments = options.chain([requirements.into(), "--target".into(), (&place).into()]);
    let output = Command::new("python3").args(arguments).output().context("running `python3`")?;
    ensure!(output.status.success(), "pip failed: {}", String::from_utf8_lossy(&output.stderr));
    fs::write(stamp, pinned)?;
    Ok(place)
}

fn clients() -> PathBuf {
    place::repository().join("tests/clients")
}
