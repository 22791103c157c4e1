//! A PostgreSQL server for tests: Debian's, installed if it is not there, on a free port and with an empty cluster of its own.

use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};

use crate::waiting::eventually;

/// A server. It ends, and its files go, when this process does, however that comes.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Held, because its end is the server's.
    _process: Child,
}

/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who the server runs as where the tests run as root, which it refuses to be.
const NOBODY: u32 = 65_534;

/// A new database on the server of this process; its URL.
pub fn database() -> Result<String> {
    static SERVER: OnceLock<std::result::Result<Postgres, String>> = OnceLock::new();
    match SERVER.get_or_init(|| Postgres::start().map_err(|reason| format!("{reason:#}"))) {
        Ok(server) => server.create(),
        Err(reason) => bail!("PostgreSQL: {reason}"),
    }
}

/// Runs statements in the database at this URL, as somebody else than the service.
pub fn execute(database: &str, statements: &str) -> Result<()> {
    let mut command = Command::new(programs()?.join("psql"));
    run(command.args(["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", statements, database]))
}

// === impl Postgres ===

impl Postgres {
    /// Starts one.
    fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("policymesh-postgres-").tempdir()?.keep();
        own(&folder)?;
        let data = folder.join("data");
        let mut init = unprivileged(&programs.join("initdb"));
        init.args(["--no-sync", "--auth=trust", "--username=policymesh", "--encoding=UTF8", "--pgdata"]).arg(&data);
        run(&mut init)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        // The shell ends with the pipe to its standard input, and takes the server and its files with it.
        let script = r#"exec 3<&0; "$@" 3<&- </dev/null & read -r _ <&3; kill -QUIT $!; wait; rm -rf "$0""#;
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(&folder).arg(programs.join("postgres")).arg("-D").arg(&data);
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c"]);
        command.arg(format!("unix_socket_directories={}", folder.display()));
        command.args(["-c", "max_connections=300"]).current_dir(&folder).stdin(Stdio::piped());
        let log = fs::File::create(folder.join("server.log"))?;
        as_nobody(&mut command).process_group(0).stdout(Stdio::null()).stderr(log);
        let server = Self { programs, folder, port, _process: command.spawn().context("running `sh`")? };
        let answers = || run(server.program("pg_isready").arg("--quiet")).ok();
        let log = || fs::read_to_string(server.folder.join("server.log")).unwrap_or_default();
        ensure!(eventually(answers).is_some(), "it does not start: {}", log());
        Ok(server)
    }

    /// Makes a database.
    fn create(&self) -> Result<String> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", LAST.fetch_add(1, Ordering::Relaxed));
        run(self.program("createdb").arg(&name))?;
        Ok(format!("postgres://policymesh@127.0.0.1:{}/{name}", self.port))
    }

    /// A program that talks to it.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["--host", "127.0.0.1", "--username", "policymesh", "--port", &self.port.to_string()]);
        command
    }
}

/// Where the programs are; installed if they are not there yet.
fn programs() -> Result<PathBuf> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    let script = "sudo=; [ $(id -u) = 0 ] || sudo='sudo -n'; export DEBIAN_FRONTEND=noninteractive; \
                  $sudo apt-get -qq update && $sudo apt-get -qq install --yes --no-install-recommends postgresql";
    run(Command::new("sh").args(["-c", script])).context("the tests need PostgreSQL: install its server")?;
    installed().with_context(|| format!("it is installed, but not in {DEBIAN}"))
}

/// The programs of the newest version that is there.
fn installed() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&paths).filter_map(|path| fs::canonicalize(path.join("initdb")).ok());
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin/initdb"));
    let found = path.chain(versions).filter(|program| program.with_file_name("postgres").is_file()).max();
    found.and_then(|program| program.parent().map(Path::to_owned))
}

fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(program);
    as_nobody(&mut command);
    command
}

/// Not as root, which the server refuses.
fn as_nobody(command: &mut Command) -> &mut Command {
    if is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

fn own(folder: &Path) -> Result<()> {
    if is_root() { Ok(chown(folder, Some(NOBODY), Some(NOBODY))?) } else { Ok(()) }
}

fn is_root() -> bool {
    // The owner of what this process has just made is who it is.
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| {
        let made = tempfile::tempfile().and_then(|file| file.metadata());
        made.is_ok_and(|made| std::os::unix::fs::MetadataExt::uid(&made) == 0)
    })
}

/// Runs it to its end. The error is what it printed.
fn run(command: &mut Command) -> Result<()> {
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let process = process.as_mut().map_err(|reason| anyhow::anyhow!("{command:?}: {reason}"))?;
    let mut printed = String::new();
    if let Some(errors) = &mut process.stderr {
        errors.read_to_string(&mut printed)?;
    }
    ensure!(process.wait()?.success(), "{command:?} fails: {printed}");
    Ok(())
}
