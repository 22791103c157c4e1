//! A whole mesh for a policy: a stand-in for each of its providers, and an Envoy rendered for them by `policymesh`.

mod rendering;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

pub use rendering::Rendering;

use crate::client::{Request, Response};
use crate::envoy::{Bootstrap, Envoy, Starter};
use crate::standin::{Received, Shape, StandIn};
use crate::waiting::eventually;

/// A running mesh.
pub struct Mesh {
    /// The Envoy.
    pub envoy: Envoy,
    /// The stand-ins, by the provider's name in the policy.
    pub providers: BTreeMap<String, StandIn>,
}

/// How a mesh gets its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// In the bootstrap.
    Static,
    /// From the file [`FILTER`] in Envoy's folder, watched.
    Ecds,
    /// From the control service, whose replicas take Envoys here, and to which this one has this id.
    Control(&'a [SocketAddr], &'a str),
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
    pub fn start_with(policy: &Value, delivery: Delivery<'_>, adjust: impl FnOnce(Starter) -> Starter) -> Result<Self> {
        Self::launch(policy, delivery, |rendering, _| rendering, adjust)
    }

    /// Starts the mesh for a policy, as it is behind an authentication filter, whose part the tests play: they say who asks.
    pub fn start_behind_authentication(policy: &Value) -> Result<Self> {
        let trusting = |rendering: Rendering, _: &Path| rendering.flag("--trust-identity-header");
        Self::launch(policy, Delivery::Static, trusting, |starter| starter)
    }

    /// Starts the mesh for a policy, with a say in what is rendered, which may name files in Envoy's folder, and in how Envoy
    /// starts.
    pub fn launch(
        policy: &Value,
        delivery: Delivery<'_>,
        render: impl FnOnce(Rendering, &Path) -> Rendering,
        adjust: impl FnOnce(Starter) -> Starter,
    ) -> Result<Self> {
        let providers = stand_ins(policy)?;
        let mut starter = Starter::new()?;
        let folder = starter.folder().to_owned();
        let rendering = render(rendering(policy, &providers, &folder)?, &folder);
        let bootstrap = match delivery {
            Delivery::Static => rendering.text("static")?,
            Delivery::Ecds => {
                fs::write(folder.join(FILTER), rendering.text("filter")?)?;
                rendering.text("ecds")?
            }
            Delivery::Control(addresses, id) => {
                let address =
                    |rendering: Rendering, address: &SocketAddr| rendering.option("--control", address.to_string());
                addresses.iter().fold(rendering, address).option("--node-id", id).text("control")?
            }
        };
        for name in providers.keys() {
            starter = starter.variable(&key_variable(name), &key(name));
        }
        let envoy = adjust(starter.bootstrap(Bootstrap::parse(&bootstrap)?)).start()?;
        Ok(Self { envoy, providers })
    }

    /// What the file says that a mesh with [`Delivery::Ecds`] reads.
    pub fn filter(&self) -> Result<Value> {
        Ok(serde_saphyr::from_str(&fs::read_to_string(self.envoy.folder().join(FILTER))?)?)
    }

    /// Replaces that file, also by something that `policymesh` would never render.
    pub fn replace_filter(&self, filter: &Value) -> Result<()> {
        // JSON is YAML, too.
        self.envoy.replace_file(FILTER, &filter.to_string()).map(drop)
    }

    /// Sends a request through the mesh.
    pub fn send(&self, request: &Request) -> Response {
        request.send(self.envoy.address()).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Replaces the policy of a mesh with [`Delivery::Ecds`].
    pub fn replace_policy(&self, policy: &Value) -> Result<()> {
        let filter = rendering(policy, &self.providers, self.envoy.folder())?.text("filter")?;
        self.envoy.replace_file(FILTER, &filter).map(drop)
    }

    /// The access log line of the exchange that ended with this response.
    pub fn line(&self, response: &Response) -> Value {
        self.find_line(response).unwrap_or_else(|| panic!("{response:?} has no line in {:#?}", self.envoy.access_log()))
    }

    /// The same; `None` if it does not come.
    pub fn find_line(&self, response: &Response) -> Option<Value> {
        let id = Some(response.header(DECISION_ID)).filter(|id| !id.is_empty())?;
        let of_it = |line: &Value| line["audit"]["decision_id"] == id.as_str();
        eventually(|| self.envoy.access_log().into_iter().find(of_it))
    }

    /// Takes out all that the stand-ins received so far, with the names of their providers.
    pub fn take_received(&self) -> Vec<(String, Received)> {
        let of =
            |(name, standin): (&String, &StandIn)| standin.take().into_iter().map(|one| (name.clone(), one)).collect();
        self.providers.iter().flat_map::<Vec<_>, _>(of).collect()
    }

    /// A policy with the stand-ins as its providers: what a control service hands out is taken as it is.
    pub fn moved(&self, policy: &Value) -> Value {
        let mut policy = policy.clone();
        let providers = policy["spec"]["providers"].as_array_mut().expect("the policy has providers");
        for provider in providers {
            let standin = self.provider(provider["name"].as_str().expect("a provider has a name"));
            provider["endpoint"] = format!("http://{}", standin.address()).into();
        }
        policy
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

/// Envoy's configuration for a policy whose providers are stand-ins.
fn rendering(policy: &Value, providers: &BTreeMap<String, StandIn>, folder: &Path) -> Result<Rendering> {
    let written = folder.join("policy.json");
    fs::write(&written, policy.to_string())?;
    let rendering = Rendering::of(&written).option("--filter-config", folder.join(FILTER));
    let written = policy["spec"]["providers"].as_array().into_iter().flatten();
    let takes_clients: Vec<_> = written.filter(|one| one["key"] == "client").map(|one| &one["name"]).collect();
    Ok(providers.iter().fold(rendering, |rendering, (name, standin)| {
        let rendering = rendering.endpoint(name, &format!("http://{}", standin.address()));
        if takes_clients.iter().any(|one| *one == name) { rendering } else { rendering.key(name, &key_variable(name)) }
    }))
}
