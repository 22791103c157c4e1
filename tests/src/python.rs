//! Real clients in Python: programs of `tests/clients/`, with pinned packages installed below the build directory.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::place;

/// Runs a program of `tests/clients/` with these variables. The error is all that it printed.
pub fn run(program: &str, variables: &[(&str, &str)]) -> Result<String> {
    let program = clients().join(program);
    python("requirements.txt", Command::new("python3").arg(program).envs(variables.iter().copied()))
}

/// Runs schemathesis, which makes requests up from an OpenAPI document. The error is all that it printed.
pub fn schemathesis(arguments: &[&str]) -> Result<String> {
    let program = "from schemathesis.cli import schemathesis; schemathesis()";
    // It keeps what it learns in the folder where it runs.
    let folder = tempfile::tempdir()?;
    let mut command = Command::new("python3");
    python("schemathesis.txt", command.current_dir(&folder).args(["-c", program]).args(arguments))
}

/// Runs Python with the packages that this file pins.
fn python(requirements: &str, command: &mut Command) -> Result<String> {
    command.env("PYTHONPATH", packages(requirements)?).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().context("running `python3`")?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        bail!("{command:?} failed:\n{printed}");
    }
    Ok(printed)
}

/// Where the packages are that this file pins, installed if they are not there yet.
fn packages(requirements: &str) -> Result<PathBuf> {
    let place = place::target().join("python").join(requirements.trim_end_matches(".txt"));
    let stamp = place.join(requirements);
    let requirements = clients().join(requirements);
    let pinned = fs::read(&requirements)?;
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
