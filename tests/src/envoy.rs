//! A real Envoy, started on free ports, whose logs are printed only when a test fails, and which never outlives the test.

mod bootstrap;
mod program;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

pub use bootstrap::Bootstrap;
pub use program::{Program, program};

use crate::client::{Request, Response};
use crate::waiting::eventually;

/// A running Envoy. Killed when dropped, and also when this process dies in any way.
pub struct Envoy {
    process: Child,
    starter: Starter,
    admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
}

/// How to start an Envoy.
pub struct Starter {
    bootstrap: Bootstrap,
    workers: usize,
    log_level: String,
    variables: BTreeMap<String, String>,
    folder: TempDir,
}

// === impl Starter ===

impl Starter {
    /// Will start an Envoy with one worker, once it has a bootstrap.
    pub fn new() -> Result<Self> {
        let (bootstrap, variables) = (Bootstrap::default(), BTreeMap::new());
        let folder = TempDir::with_prefix("policymesh-envoy-")?;
        Ok(Self { bootstrap, workers: 1, log_level: "info".into(), variables, folder })
    }

    /// Sets the bootstrap, which may name files in the [`folder`](Self::folder).
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// Sets a variable in Envoy's environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets the number of workers.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets the log level: `trace`, `debug`, `info`, `warning`, `error`.
    #[must_use]
    pub fn log_level(mut self, level: &str) -> Self {
        self.log_level = level.into();
        self
    }

    /// The folder of the Envoy to be: a place for files that its bootstrap names.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the bootstrap.
    #[must_use]
    pub fn change(mut self, change: impl FnOnce(Bootstrap) -> Bootstrap) -> Self {
        self.bootstrap = change(self.bootstrap);
        self
    }

    /// Starts it, and waits until it is ready to serve.
    pub fn start(self) -> Result<Envoy> {
        let process = self.spawn_serving()?;
        let admin = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut envoy = Envoy { process, starter: self, admin, listeners: BTreeMap::new() };
        envoy.become_ready().map_err(|error| error.context(envoy.log()))?;
        Ok(envoy)
    }

    /// Lets Envoy check the bootstrap, Wasm modules and their configurations included, without serving. The error is its log.
    pub fn validate(self) -> Result<()> {
        let mut process = self.spawn(&["--mode", "validate"])?;
        // `wait` closes standard input, which would end Envoy.
        let _bound = process.stdin.take();
        if !process.wait()?.success() {
            bail!("{}", fs::read_to_string(self.folder.path().join(LOG))?);
        }
        Ok(())
    }

    fn spawn_serving(&self) -> Result<Child> {
        self.spawn(&["--concurrency", &self.workers.to_string()])
    }

    fn spawn(&self, arguments: &[&str]) -> Result<Child> {
        let folder = self.folder.path();
        let (bootstrap, admin) = (folder.join("bootstrap.json"), folder.join(ADMIN));
        fs::write(&bootstrap, self.bootstrap.to_string())?;
        let mut command = program()?.command(folder, self.variables.keys())?;
        command.arg("--config-path").arg(bootstrap).arg("--admin-address-path").arg(admin);
        // Short, so that tests need not wait for lines of an access log.
        command.args(["--disable-hot-restart", "--file-flush-interval-msec", "20"]);
        command.args(["--log-level", &self.log_level]).args(arguments);
        command.envs(&self.variables).stdin(Stdio::piped());
        // What an Envoy before it wrote stays.
        let log = |name: &str| File::options().create(true).append(true).open(folder.join(name));
        command.stdout(log(OUTPUT)?).stderr(log(LOG)?);
        command.spawn().context("starting Envoy")
    }
}

const ADMIN: &str = "admin-address";
const LOG: &str = "envoy.log";
const OUTPUT: &str = "access.log";

// === impl Envoy ===

impl Envoy {
    /// Starts an Envoy with this bootstrap and one worker.
    pub fn start(bootstrap: Bootstrap) -> Result<Self> {
        Starter::new()?.bootstrap(bootstrap).start()
    }

    /// Where the listener of this name listens.
    pub fn listener(&self, name: &str) -> SocketAddr {
        let known = self.listeners.keys();
        *self.listeners.get(name).unwrap_or_else(|| panic!("there is no listener `{name}`, but {known:?}"))
    }

    /// Where the only listener listens.
    pub fn address(&self) -> SocketAddr {
        assert_eq!(self.listeners.len(), 1, "which of {:?}?", self.listeners);
        *self.listeners.values().next().expect("there is one")
    }

    /// Where the admin interface listens.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The folder of this Envoy, for files that its bootstrap names.
    pub fn folder(&self) -> &Path {
        self.starter.folder()
    }

    /// Ends it: as its operators do, so that it writes what it has to write, or as a crash would.
    pub fn end(&mut self, gracefully: bool) {
        if gracefully {
            let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
            assert!(asked.is_ok_and(|asked| asked.success()), "Envoy cannot be asked to end");
            assert!(eventually(|| (!self.is_running()).then_some(())).is_some(), "Envoy does not end");
        }
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }

    /// Starts it again, with its listeners where they were.
    pub fn restart(&mut self) -> Result<()> {
        let listeners = self.starter.bootstrap.document()["static_resources"]["listeners"].as_array_mut();
        for listener in listeners.into_iter().flatten() {
            let known = listener["name"].as_str().and_then(|name| self.listeners.get(name));
            let port = known.context("a listener has another name")?.port();
            listener["address"]["socket_address"]["port_value"] = port.into();
        }
        fs::remove_file(self.folder().join(ADMIN))?;
        self.process = self.starter.spawn_serving()?;
        self.become_ready().map_err(|error| error.context(self.log()))
    }

    /// The id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Asks the admin interface.
    pub fn ask_admin(&self, path: &str) -> Result<Response> {
        Request::new("GET", path).send(self.admin)
    }

    /// Major and minor version.
    pub fn version(&self) -> (u32, u32) {
        let told =
            self.ask_admin("/server_info").map(|answer| answer.json()["version"].to_string()).unwrap_or_default();
        // `revision/1.40.0/Clean/RELEASE/BoringSSL`
        let mut numbers =
            told.split('/').nth(1).unwrap_or_default().split('.').filter_map(|number| number.parse().ok());
        numbers.next().zip(numbers.next()).unwrap_or_else(|| panic!("`{told}` names no version"))
    }

    /// All counters and gauges, by name.
    pub fn stats(&self) -> BTreeMap<String, u64> {
        let answer = self.ask_admin("/stats").map(|answer| answer.text()).unwrap_or_default();
        let stat =
            |line: &str| line.split_once(": ").and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
        answer.lines().filter_map(stat).collect()
    }

    /// Waits until a counter or gauge fits.
    pub fn wait_for_stat(&self, name: &str, fits: impl Fn(u64) -> bool) -> u64 {
        let look = || self.stats().get(name).copied().filter(|value| fits(*value));
        eventually(look).unwrap_or_else(|| panic!("stat `{name}` never fitted: {:?}", self.stats().get(name)))
    }

    /// Envoy's own log.
    pub fn log(&self) -> String {
        self.read(LOG)
    }

    /// The lines of an access log that goes to standard output as JSON.
    pub fn access_log(&self) -> Vec<Value> {
        self.read(OUTPUT).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits for an access log line that fits, and returns it.
    pub fn wait_for_access_log(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let line = eventually(|| self.access_log().into_iter().find(|line| fits(line)));
        line.unwrap_or_else(|| panic!("no access log line fits among {:#?}", self.access_log()))
    }

    /// Everything that Envoy wrote to standard output and standard error, as text.
    pub fn output(&self) -> String {
        self.read(OUTPUT) + &self.read(LOG)
    }

    /// Replaces a file in the folder in one step, as Envoy's file watcher wants it.
    pub fn replace_file(&self, name: &str, content: &str) -> Result<PathBuf> {
        replace_file(&self.folder().join(name), content)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().is_ok_and(|ended| ended.is_none())
    }

    fn become_ready(&mut self) -> Result<()> {
        let ready = || {
            if !self.is_running() {
                return Some(Err(anyhow::anyhow!("Envoy does not start")));
            }
            self.admin = self.read(ADMIN).parse().ok()?;
            let answer = self.ask_admin("/ready").ok()?;
            (answer.status == 200).then_some(Ok(()))
        };
        eventually(ready).context("Envoy does not become ready")??;
        self.listeners = self.find_listeners()?;
        Ok(())
    }

    fn find_listeners(&self) -> Result<BTreeMap<String, SocketAddr>> {
        let answer = self.ask_admin("/listeners?format=json")?.json();
        let statuses = answer["listener_statuses"].as_array().context("Envoy lists no listeners")?;
        let listener = |status: &Value| {
            let socket = &status["local_address"]["socket_address"];
            let address = format!("{}:{}", socket["address"].as_str()?, socket["port_value"]);
            Some((status["name"].as_str()?.to_owned(), reachable(address.parse().ok()?)))
        };
        Ok(statuses.iter().filter_map(listener).collect())
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- Envoy's access log ---\n{}--- Envoy's log ---\n{}", self.read(OUTPUT), self.read(LOG));
        }
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Replaces a file in one step, as Envoy's file watcher wants it.
pub fn replace_file(path: &Path, content: &str) -> Result<PathBuf> {
    let new = path.with_extension("new");
    fs::write(&new, content)?;
    fs::rename(&new, path)?;
    Ok(path.to_owned())
}

/// A listener on all interfaces is reached on the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standin::{Shape, StandIn};

    const PLAIN: &str = r#"
static_resources:
  listeners:
  - name: mesh
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: mesh
          access_log:
          - name: envoy.access_loggers.stdout
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
              log_format: {json_format: {status: "%RESPONSE_CODE%"}}
          route_config:
            virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: provider}}]}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: provider
    type: STRICT_DNS
    load_assignment:
      cluster_name: provider
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: provider.example, port_value: 443}}}}]}]
"#;

    #[test]
    fn an_envoy_serves_on_free_ports_and_ends_when_it_is_dropped() {
        let standin = StandIn::start(Shape::OpenAi).unwrap();
        let bootstrap = Bootstrap::parse(PLAIN).unwrap().cluster_at("provider", standin.address());
        let mut envoy = Envoy::start(bootstrap).unwrap();
        let response = Request::chat("gpt-4o", "hello").send(envoy.address()).unwrap();
        assert_eq!(response.status, 200);
        assert!(standin.wait_for(1)[0].contains("hello"));
        assert_eq!(envoy.wait_for_access_log(|_| true)["status"], 200);
        assert_eq!(envoy.wait_for_stat("cluster.provider.upstream_rq_200", |count| count == 1), 1);
        assert!(envoy.is_running());
        let address = envoy.address();
        drop(envoy);
        assert!(Request::new("GET", "/").send(address).is_err());
    }

    #[test]
    fn an_envoy_that_does_not_start_says_why() {
        let error = |yaml: &str| Envoy::start(Bootstrap::parse(yaml).unwrap()).err().unwrap();
        assert!(format!("{:?}", error("no_such_field: 1")).contains("no_such_field"));
        let validated = Starter::new().unwrap().bootstrap(Bootstrap::parse("no_such_field: 1").unwrap()).validate();
        assert!(validated.unwrap_err().to_string().contains("no_such_field"));
    }
}
