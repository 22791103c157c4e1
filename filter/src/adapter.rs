//! The adapter role: an upstream filter in each provider's cluster, which makes the request the provider's own.
//!
//! It runs anew for every attempt, and finds the headers as the attempt before left them; so it takes nothing from there
//! and sets all that the provider receives from the router's plan.

use crate::host::{self, Headers};
use crate::splice::Splice;
use policy::plan::{Attempt, Plan};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

/// One attempt at a request.
pub struct Adapter {
    splice: Option<Splice>,
}

// === impl Adapter ===

impl Adapter {
    /// An attempt about which nothing is known yet.
    pub fn new() -> Self {
        Self { splice: None }
    }
}

impl Context for Adapter {}

impl HttpContext for Adapter {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let Some((plan, attempt)) = planned() else {
            refuse("no plan leads to this cluster: the request did not come through the router role");
            return Action::Pause;
        };
        let model = attempt.model.as_ref().map(|id| quoted(id));
        let body = plan.body.as_ref().filter(|_| !end);
        let length = body.map(|body| body.length_with(model.as_deref()));
        let sent = provider::request::headers(&plan, &attempt, length);
        let borrowed: Vec<(&str, &[u8])> = sent.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        host::set_headers(Headers::Request, &borrowed);
        match body.map_or(Ok(None), |body| Splice::new(body, model)) {
            Ok(splice) => self.splice = splice,
            Err(reason) => {
                refuse(reason);
                return Action::Pause;
            }
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        match self.splice.as_mut().map_or(Ok(Action::Continue), |splice| splice.on_body(size, end)) {
            Ok(action) => action,
            Err(reason) => {
                refuse(reason);
                Action::Pause
            }
        }
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        match self.splice.as_mut().map_or(Ok(()), Splice::on_trailers) {
            Ok(()) => Action::Continue,
            Err(reason) => {
                refuse(reason);
                Action::Pause
            }
        }
    }
}

/// The plan, and the attempt that it has for this cluster.
fn planned() -> Option<(Plan, Attempt)> {
    let plan = Plan::from_bytes(&host::property(&["policymesh_plan"])?)?;
    let cluster = host::property(&["xds", "cluster_name"])?;
    // INVARIANT: a request leaves only through a cluster that the decision named.
    let attempt = plan.attempts.iter().find(|attempt| attempt.cluster.as_bytes() == cluster)?.clone();
    Some((plan, attempt))
}

/// A model's id as it stands in JSON.
fn quoted(id: &str) -> Vec<u8> {
    serde_json::Value::from(id).to_string().into_bytes()
}

fn refuse(reason: &str) {
    host::log(LogLevel::Error, reason);
    host::reply(
        503,
        vec![("content-type", "text/plain")],
        b"policymesh: the request cannot be adapted to its provider\n",
    );
}
