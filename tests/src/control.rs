//! The control service, started on free ports, whose log is printed only when a test fails, and which never outlives it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::background::Background;
use crate::client::{Request, Response};
use crate::waiting::eventually;
use crate::{background, place, postgres, sqlite};

/// A running control service. Killed when dropped, and also when this process dies in any way.
pub struct Control {
    process: Child,
    folder: TempDir,
    api: SocketAddr,
    xds: SocketAddr,
    options: Vec<String>,
    /// Where commands reach it.
    url: String,
    /// What commands have in their environment besides.
    variables: Vec<(String, String)>,
}

/// What a service that has started tells.
struct Started {
    process: Child,
    api: SocketAddr,
    xds: SocketAddr,
    url: String,
}

const LOG: &str = "serve.log";

/// Any port.
pub const ANY: &str = "127.0.0.1:0";

// === impl Control ===

impl Control {
    /// Starts it with an empty store.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts it with further options. It keeps things in SQLite, or in PostgreSQL if the variable `DATABASE` says so.
    pub fn start_with(options: &[&str]) -> Result<Self> {
        if std::env::var_os("DATABASE").is_none_or(|database| database != "postgres") {
            return Self::launch([ANY, ANY], options);
        }
        let database = postgres::database()?;
        Self::launch([ANY, ANY], &[&["--database", &database], options].concat())
    }

    /// Starts replicas that share a database of PostgreSQL, and the key that is in this folder.
    pub fn start_replicas<const N: usize>(folder: &Path) -> Result<[Self; N]> {
        let (database, key) = (postgres::database()?, folder.join("signing.key").display().to_string());
        let replicas = (0..N).map(|_| Self::launch([ANY, ANY], &["--database", &database, "--signing-key", &key]));
        let replicas = replicas.collect::<Result<Vec<_>>>()?;
        replicas.try_into().map_err(|_| anyhow::anyhow!("there are others"))
    }

    /// Starts it with an empty store, and its API and the place for Envoys at these addresses.
    pub fn start_at(addresses: [SocketAddr; 2]) -> Result<Self> {
        let [api, xds] = addresses.map(|address| address.to_string());
        Self::launch([&api, &xds], &[])
    }

    /// Starts it with an empty store, its API and the place for Envoys at these addresses, and further options.
    pub fn launch(addresses: [&str; 2], options: &[&str]) -> Result<Self> {
        let folder = TempDir::with_prefix("policymesh-control-")?;
        let options: Vec<_> = options.iter().map(ToString::to_string).collect();
        let Started { process, api, xds, url } = spawn(folder.path(), addresses, &options)?;
        Ok(Self { process, folder, api, xds, options, url, variables: Vec::new() })
    }

    /// Sets a variable in the environment of all commands.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Starts it again where it was, with what it had stored.
    pub fn restart(&mut self) -> Result<()> {
        let [api, xds] = [self.api, self.xds].map(|address| address.to_string());
        let Started { process, .. } = spawn(self.folder.path(), [&api, &xds], &self.options)?;
        self.process = process;
        Ok(())
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }

    /// Changes what it has stored behind its back, as whoever gets at the database can.
    pub fn tamper(&self, statements: &str) -> Result<()> {
        match self.options.iter().skip_while(|option| *option != "--database").nth(1) {
            Some(database) => postgres::execute(database, statements),
            None => sqlite::execute(&self.folder.path().join("data/policymesh.db"), statements),
        }
    }

    /// Where Envoys connect.
    pub fn xds(&self) -> SocketAddr {
        self.xds
    }

    /// Where the API is.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// The folder that holds the store and whatever a test puts there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks the API.
    pub fn get(&self, path: &str) -> Response {
        Request::new("GET", path).send(self.api).unwrap_or_else(|error| panic!("GET {path}: {error:#}"))
    }

    /// Asks the API, and gives the JSON of an answer that says that all is well.
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// Sends JSON to the API, for this revision if there is one.
    pub fn post(&self, path: &str, revision: Option<u64>, body: &Value) -> Response {
        let request = Request::post(path, body.to_string());
        let request = match revision {
            Some(revision) => request.header("if-match", format!("\"{revision}\"")),
            None => request,
        };
        request.send(self.api).unwrap_or_else(|error| panic!("POST {path}: {error:#}"))
    }

    /// Runs a command of `policymesh` against this service.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(place::policymesh());
        command.args(arguments).env("POLICYMESH_SERVER", &self.url);
        command.env_remove("POLICYMESH_TOKEN").env_remove("POLICYMESH_CA").envs(self.variables.iter().cloned());
        command.output().unwrap_or_else(|error| panic!("policymesh {arguments:?}: {error}"))
    }

    /// The same, for a command that does what it is told; what it prints.
    pub fn does(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(arguments);
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(status.success(), "policymesh {arguments:?} fails: {stdout}{stderr}");
        stdout
    }

    /// Runs a command of `policymesh` against this service for as long as what this gives is there.
    pub fn background(&self, arguments: &[&str]) -> Background {
        let server = ("POLICYMESH_SERVER".to_owned(), self.url.clone());
        let variables: Vec<_> = std::iter::once(server).chain(self.variables.iter().cloned()).collect();
        let log = self.folder.path().join(format!("{}.log", arguments.first().unwrap_or(&"background")));
        Background::start(arguments, &variables, log)
            .unwrap_or_else(|error| panic!("policymesh {arguments:?}: {error}"))
    }

    /// Puts a policy in force by `policymesh apply`, with further options.
    pub fn apply(&self, policy: &Value, options: &[&str]) -> String {
        self.does(&[&["apply", &self.file_of(policy)], options].concat())
    }

    /// Puts a policy in force that some node refuses; what is said of that.
    pub fn apply_in_vain(&self, policy: &Value, options: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(&[&["apply", &self.file_of(policy)], options].concat());
        let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(status.code() == Some(1) && told.contains("refuses it, and keeps what it has"), "{told}");
        told
    }

    /// A file with this policy, until the next one is written.
    fn file_of(&self, policy: &Value) -> String {
        let file = self.folder.path().join("policy.json");
        fs::write(&file, policy.to_string()).unwrap();
        file.display().to_string()
    }

    /// Waits until the node is as it should be, and gives it.
    pub fn wait_for_node(&self, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/v1/nodes/{id}");
        let look = || Some(self.get(&path)).filter(|answer| answer.status == 200).map(|answer| answer.json());
        let node = eventually(|| look().filter(&fits));
        node.unwrap_or_else(|| panic!("node `{id}` never fits: {:#?}", look()))
    }

    /// Waits until records that fit the query are there, at least so many, and gives them, newest first.
    pub fn wait_for_records(&self, query: &str, count: usize) -> Vec<Value> {
        let look = || self.json(&format!("/v1/records?{query}"))["records"].as_array().cloned().unwrap_or_default();
        let records = eventually(|| Some(look()).filter(|records| records.len() >= count));
        records.unwrap_or_else(|| panic!("{count} records never come, only {:#?}", look()))
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the control service's log ---\n{}", self.log());
        }
        self.kill();
    }
}

/// Starts the service, and reads from its output where it listens.
fn spawn(folder: &Path, [api, xds]: [&str; 2], options: &[String]) -> Result<Started> {
    let log = File::options().create(true).append(true).open(folder.join(LOG))?;
    let mut command = background::policymesh();
    command.args(["serve", "--api", api, "--xds", xds, "--data-dir"]).arg(folder.join("data")).args(options);
    let mut process = command.stdout(Stdio::piped()).stderr(log).spawn()?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().context("the output is a pipe")?).read_line(&mut line)?;
    let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    ensure!(!line.is_empty(), "the control service does not start: {log}");
    // `policymesh: API at http://127.0.0.1:1, Envoys at 127.0.0.1:2`
    let told = line.trim().strip_prefix("policymesh: API at ").and_then(|rest| rest.split_once(", Envoys at "));
    let (url, xds) = told.with_context(|| line.clone())?;
    let (_, api) = url.split_once("://").with_context(|| line.clone())?;
    Ok(Started { process, api: api.parse()?, xds: xds.parse()?, url: url.to_owned() })
}
