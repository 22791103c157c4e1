//! `make up`: the mesh on this machine, to try. Ends with Ctrl-C, and with it all that it started.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use serde_json::Value;
use tests::client::Request;
use tests::envoy::{Bootstrap, Envoy, Program, Starter, program};
use tests::mesh::Rendering;
use tests::place;
use tests::standin::{Shape, StandIn};
use tests::waiting::runtime;

fn main() -> Result<()> {
    let policy = place::repository().join("envoy/policy.yaml");
    step("looking for Envoy");
    match program()? {
        Program::File(file) => step(&format!("Envoy is {}", file.display())),
        Program::Image(image) => step(&format!("Envoy is the image {image}")),
    }
    let providers = providers(&policy)?;
    step("starting Envoy, which compiles the filter");
    let envoy = start(&policy, &providers)?;
    println!("{}", Guide { policy: &policy, providers: &providers, envoy: &envoy });
    runtime().block_on(tokio::signal::ctrl_c())?;
    println!("\nstopped");
    Ok(())
}

fn step(text: &str) {
    println!("  {text}");
}

// === providers ===

/// A provider of the policy.
struct Provider {
    name: String,
    shape: Shape,
    place: Place,
}

/// Who answers for a provider.
enum Place {
    /// The real one, at the policy's own endpoint, with a key from this variable if it takes one.
    Real { key: Option<&'static str> },
    /// One of ours.
    StandIn(StandIn),
}

fn providers(policy: &Path) -> Result<Vec<Provider>> {
    let policy: Value = serde_saphyr::from_str(&fs::read_to_string(policy)?)?;
    let written = policy["spec"]["providers"].as_array().context("the policy has no providers")?;
    written.iter().map(Provider::find).collect()
}

// === impl Provider ===

impl Provider {
    fn find(written: &Value) -> Result<Self> {
        let name = written["name"].as_str().context("a provider has no name")?.to_owned();
        let shape = match written["format"].as_str() {
            Some("anthropic") => Shape::Anthropic,
            Some("ollama") => Shape::Ollama,
            _ => Shape::OpenAi,
        };
        let place = match real(shape, written["endpoint"].as_str()) {
            Some(real) => real,
            None => Place::StandIn(StandIn::start(shape)?),
        };
        Ok(Self { name, shape, place })
    }

    /// What a user has to know about it.
    fn told(&self) -> String {
        match (&self.place, self.shape) {
            (Place::Real { key: Some(key) }, _) => format!("the real one, with the key in ${key}: requests cost money"),
            (Place::Real { key: None }, _) => "the real one on this machine".to_owned(),
            (Place::StandIn(standin), shape) => {
                let address = standin.address();
                match key_variable(shape) {
                    Some(key) => format!("a stand-in at {address}; the real one with ${key}"),
                    None => format!("a stand-in at {address}; the real one if it listens on its usual port"),
                }
            }
        }
    }
}

/// The real provider, where this machine can use it.
fn real(shape: Shape, endpoint: Option<&str>) -> Option<Place> {
    match key_variable(shape) {
        Some(key) => env::var(key).is_ok_and(|value| !value.is_empty()).then_some(Place::Real { key: Some(key) }),
        None => is_ollama(endpoint?.strip_prefix("http://")?.parse().ok()?).then_some(Place::Real { key: None }),
    }
}

fn key_variable(shape: Shape) -> Option<&'static str> {
    match shape {
        Shape::OpenAi => Some("OPENAI_API_KEY"),
        Shape::Anthropic => Some("ANTHROPIC_API_KEY"),
        Shape::Ollama => None,
    }
}

fn is_ollama(address: SocketAddr) -> bool {
    let version = Request::new("GET", "/api/version").send(address);
    version.is_ok_and(|answer| answer.status == 200 && answer.json()["version"].is_string())
}

// === Envoy ===

fn start(policy: &Path, providers: &[Provider]) -> Result<Envoy> {
    let (listen, admin) = (free(10000)?, free(9901)?);
    let rendering = Rendering::of(policy).option("--listen", listen.to_string()).option("--admin", admin.to_string());
    let rendering = providers.iter().fold(rendering, |rendering, provider| match &provider.place {
        Place::Real { key: Some(key) } => rendering.key(&provider.name, key),
        Place::Real { key: None } => rendering,
        Place::StandIn(standin) => rendering.endpoint(&provider.name, &format!("http://{}", standin.address())),
    });
    Starter::new()?.bootstrap(Bootstrap::parse_as_is(&rendering.text("static")?)?).start()
}

/// This port of the loopback interface, or another if it is taken.
fn free(usual: u16) -> Result<SocketAddr> {
    let here = Ipv4Addr::LOCALHOST;
    let listener = TcpListener::bind((here, usual)).or_else(|_| TcpListener::bind((here, 0)));
    Ok(listener.context("no port is free")?.local_addr()?)
}

// === impl Guide ===

/// What to do with a running mesh.
struct Guide<'a> {
    policy: &'a Path,
    providers: &'a [Provider],
    envoy: &'a Envoy,
}

impl Guide<'_> {
    fn log(&self) -> PathBuf {
        self.envoy.folder().join("access.log")
    }

    /// What to try, and what it shows.
    fn examples(&self) -> Vec<(String, String)> {
        let ask_for = |model: &str, prompt: &str| {
            let body = format!(r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "{prompt}"}}]}}"#);
            format!("curl -i http://{}/v1/chat/completions -d '{body}'", self.envoy.address())
        };
        let ask = |prompt: &str| ask_for("gpt-4o", prompt);
        let stands_in = |name: &str| {
            let provider = self.providers.iter().find(|provider| provider.name == name);
            provider.is_some_and(|provider| matches!(provider.place, Place::StandIn(_)))
        };
        let who = |name: &str| format!("{}{name}", if stands_in(name) { "the stand-in for " } else { "" });
        let fails = (
            ask("Let OpenAi fail, and write a haiku about rivers."),
            format!("200 from {}: openai answers 503, and the next that may have it is asked", who("anthropic")),
        );
        let examples = [
            (
                ask("Write a haiku about autumn leaves."),
                format!("200 from {}: nothing sensitive, so it goes where it was asked to go", who("openai")),
            ),
            (
                ask("Summarise the status of Bluebird."),
                format!("200 from {}: a project's name stays on this machine, whatever was asked for", who("ollama")),
            ),
            (
                ask("Why does AKIAQ3EGUBZJ5XPKW7ML not work?"),
                "403 before anyone received it: a credential, which the client is told to remove".to_owned(),
            ),
            (
                ask_for("claude-sonnet", "Write to jane.doe@acme-widgets.com."),
                format!(
                    "200 from {}, which was asked in its own format and read <EMAIL_1>: OpenAI's client notices nothing",
                    who("anthropic")
                ),
            ),
            (
                format!("tail -n 1 {} | python3 -m json.tool", self.log().display()),
                "the audit record of the last request: what was decided and why, without a word of the prompt"
                    .to_owned(),
            ),
        ];
        examples.into_iter().chain(stands_in("openai").then_some(fails)).collect()
    }
}

impl std::fmt::Display for Guide<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\nPolicy Mesh is up.\n")?;
        let told: BTreeMap<_, _> = self.providers.iter().map(|one| (one.name.as_str(), one.told())).collect();
        let fixed = [
            ("mesh", format!("http://{} (OpenAI, Anthropic and Ollama APIs)", self.envoy.address())),
            ("policy", self.policy.display().to_string()),
            ("admin", format!("http://{}", self.envoy.admin())),
            ("records", self.log().display().to_string()),
        ];
        for (name, what) in
            fixed.iter().map(|(name, what)| (*name, what)).chain(told.iter().map(|(name, what)| (*name, what)))
        {
            writeln!(f, "  {name:<10} {what}")?;
        }
        writeln!(f, "\nTry:")?;
        for (command, shows) in self.examples() {
            writeln!(f, "\n  {command}\n    {shows}")?;
        }
        write!(f, "\nCtrl-C stops everything.")
    }
}
