//! A whole mesh for a policy: a stand-in for each of its providers, and an Envoy rendered for them by `policymesh`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::client::{Request, Response};
use crate::envoy::{Bootstrap, Envoy, Starter};
use crate::place;
use crate::standin::{Received, Shape, StandIn};

/// A running mesh.
pub struct Mesh {
    /// The Envoy.
    pub envoy: Envoy,
    /// The stand-ins, by the provider's name in the policy.
    pub providers: BTreeMap<String, StandIn>,
}

/// How a mesh gets its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the bootstrap.
    Static,
    /// From the file [`FILTER`] in Envoy's folder, watched.
    Ecds,
}

/// The file in Envoy's folder that holds the filter's configuration.
pub const FILTER: &str = "filter.yaml";

// === impl Mesh ===

impl Mesh {
    /// Starts the mesh for a policy, which stands in the bootstrap.
    pub fn start(policy: &Value) -> Result<Self> {
        Self::start_with(policy, Delivery::Static, |starter| starter)
    }

    /// Starts the mesh for a policy, with a say in how Envoy starts.
    pub fn start_with(policy: &Value, delivery: Delivery, adjust: impl FnOnce(Starter) -> Starter) -> Result<Self> {
        let providers = stand_ins(policy)?;
        let mut starter = Starter::new()?;
        let folder = starter.folder().to_owned();
        let bootstrap = match delivery {
            Delivery::Static => render(policy, &providers, "static", &folder)?,
            Delivery::Ecds => {
                fs::write(folder.join(FILTER), render(policy, &providers, "filter", &folder)?)?;
                render(policy, &providers, "ecds", &folder)?
            }
        };
        for name in providers.keys() {
            starter = starter.variable(&key_variable(name), &key(name));
        }
        let envoy = adjust(starter.bootstrap(Bootstrap::parse(&bootstrap)?)).start()?;
        Ok(Self { envoy, providers })
    }

    /// Sends a request through the mesh.
    pub fn send(&self, request: &Request) -> Response {
        request.send(self.envoy.address()).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Replaces the policy of a mesh with [`Delivery::Ecds`].
    pub fn replace_policy(&self, policy: &Value) -> Result<()> {
        let filter = render(policy, &self.providers, "filter", self.envoy.folder())?;
        self.envoy.replace_file(FILTER, &filter).map(drop)
    }

    /// The access log line of the exchange that ended with this response.
    pub fn line(&self, response: &Response) -> Value {
        let id = response.header(DECISION_ID);
        self.envoy.wait_for_access_log(|line| !id.is_empty() && line["audit"]["decision_id"] == id.as_str())
    }

    /// Takes out all that the stand-ins received so far, with the names of their providers.
    pub fn take_received(&self) -> Vec<(String, Received)> {
        let of =
            |(name, standin): (&String, &StandIn)| standin.take().into_iter().map(|one| (name.clone(), one)).collect();
        self.providers.iter().flat_map::<Vec<_>, _>(of).collect()
    }

    /// The stand-in for this provider.
    pub fn provider(&self, name: &str) -> &StandIn {
        self.providers.get(name).unwrap_or_else(|| panic!("the policy has no provider `{name}`"))
    }
}

/// The response header that names the decision.
pub const DECISION_ID: &str = "x-policymesh-decision-id";

/// The key that Envoy, and nobody else, sends to this provider.
pub fn key(provider: &str) -> String {
    format!("key-of-{provider}")
}

fn key_variable(provider: &str) -> String {
    let word = |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' };
    format!("KEY_OF_{}", provider.chars().map(word).collect::<String>())
}

fn stand_ins(policy: &Value) -> Result<BTreeMap<String, StandIn>> {
    let providers = policy["spec"]["providers"].as_array().context("the policy has no providers")?;
    let stand_in = |provider: &Value| {
        let name = provider["name"].as_str().context("a provider has no name")?;
        let shape = match provider["format"].as_str() {
            Some("anthropic") => Shape::Anthropic,
            Some("ollama") => Shape::Ollama,
            _ => Shape::OpenAi,
        };
        Ok((name.to_owned(), StandIn::start(shape)?))
    };
    providers.iter().map(stand_in).collect()
}

/// Renders Envoy's configuration for a policy whose providers are stand-ins.
fn render(policy: &Value, providers: &BTreeMap<String, StandIn>, mode: &str, folder: &Path) -> Result<String> {
    let written = folder.join("policy.json");
    fs::write(&written, policy.to_string())?;
    let mut command = Command::new(place::policymesh());
    command.args(["envoy", "render"]).arg(&written).args(["--mode", mode]).arg("--filter").arg(place::filter_module());
    command.arg("--filter-config").arg(folder.join(FILTER));
    for (name, standin) in providers {
        command.arg("--endpoint").arg(format!("{name}=http://{}", standin.address()));
        command.arg("--key").arg(format!("{name}=env:{}", key_variable(name)));
    }
    let output = command.output().context("running `policymesh`")?;
    ensure!(output.status.success(), "`policymesh envoy render` failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
