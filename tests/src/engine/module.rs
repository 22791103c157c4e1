//! The filter's module as an engine: both of its roles, in the hosts of this crate, one after the other.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, ensure};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use policy::case::Sent;
use serde_json::{Value, json};

use crate::corpus::{Engine, Observed};
use crate::place;
use crate::protobuf::structure;
use crate::standin::Received;
use crate::wasm_host::{Exchange, Fields, Host, Message, Outcome, Passed};

/// The filter's module, once as router and once as adapter.
pub struct Module {
    router: Host,
    adapter: Host,
    /// The clusters of the policy's providers, with the providers' names.
    providers: HashMap<String, String>,
}

// === impl Module ===

impl Module {
    /// Loads the module and configures it with a policy.
    pub fn load(policy: &Value) -> Result<Self> {
        let list = policy["spec"]["providers"].as_array().into_iter().flatten();
        let name = |provider: &Value, field: &str| provider[field].as_str().unwrap_or_default().to_owned();
        let providers: HashMap<_, _> = list.map(|one| (name(one, "cluster"), name(one, "name"))).collect();
        let clusters: Vec<_> = providers.keys().collect();
        let router = load(&json!({"role": "router", "clusters": clusters, "policy": policy}))?;
        Ok(Self { router, adapter: load(&json!({"role": "adapter"}))?, providers })
    }

    /// What the provider receives of a request that the router has let pass.
    fn adapt(&mut self, request: Passed, state: &BTreeMap<String, Vec<u8>>) -> Result<(String, Received)> {
        let cluster = state.get("policymesh_cluster").cloned().unwrap_or_default();
        let mut properties: HashMap<_, _> = state.clone().into_iter().collect();
        properties.insert("xds\0cluster_name".into(), cluster.clone());
        let Passed { headers, body, trailers } = request;
        let request =
            Message { headers, chunks: Some(body).filter(|body| !body.is_empty()).into_iter().collect(), trailers };
        let outcome = self.adapter.exchange(Exchange { properties, upstream: true, ..Exchange::new(request) });
        ensure!(
            outcome.trap.is_none() && outcome.reply.is_none(),
            "the adapter refuses what was let pass: {outcome:?}"
        );
        let received = outcome.request.context("the adapter holds the request for ever")?;
        let provider = self.providers.get(&*String::from_utf8_lossy(&cluster));
        Ok((provider.context("the cluster is none of the policy's")?.clone(), as_received(received)))
    }
}

impl Engine for Module {
    fn decide(&mut self, sent: &Sent) -> Result<Observed> {
        let outcome = self.router.exchange(Exchange::new(Message::from(sent)));
        let Outcome { request, reply, response, state, trap, .. } = outcome;
        ensure!(trap.is_none(), "the module traps: {trap:?}");
        let record = structure(state.get("policymesh_audit").context("there is no record")?)?;
        let received = request.map(|request| self.adapt(request, &state)).transpose()?;
        Ok(Observed {
            record,
            status: response.and_then(|response| response.header(":status").parse().ok()),
            answer: reply.map(|reply| reply.body),
            received: Some(received.into_iter().collect()),
        })
    }
}

impl From<&Sent> for Message {
    fn from(sent: &Sent) -> Self {
        let fields = |pairs: &[(String, String)]| -> Fields {
            pairs
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase().into_bytes(), value.clone().into_bytes()))
                .collect()
        };
        let pseudo =
            [(":method", &*sent.method), (":path", &*sent.path), (":authority", "mesh.example"), (":scheme", "http")];
        let mut message = Self::new(pseudo);
        message.headers.extend(fields(&sent.headers));
        Self { chunks: sent.chunks.clone(), trailers: fields(&sent.trailers), ..message }
    }
}

fn load(configuration: &Value) -> Result<Host> {
    Host::load(place::filter_module(), configuration.to_string().as_bytes())
        .map_err(|log| anyhow::anyhow!("the module refuses its configuration: {log:#?}"))
}

fn as_received(passed: Passed) -> Received {
    let (method, path) = (passed.header(":method"), passed.header(":path"));
    Received {
        method,
        path,
        headers: map(passed.headers),
        body: passed.body,
        trailers: map(passed.trailers),
        whole: true,
    }
}

fn map(fields: Fields) -> HeaderMap {
    let fields = fields.into_iter().filter(|(name, _)| !name.starts_with(b":"));
    let field = |(name, value): (Vec<u8>, Vec<u8>)| {
        Some((HeaderName::from_bytes(&name).ok()?, HeaderValue::from_bytes(&value).ok()?))
    };
    fields.filter_map(field).collect()
}
