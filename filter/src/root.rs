//! The plugin's configuration, and the contexts made from it.

use crate::adapter::Adapter;
use crate::host;
use crate::instance;
use crate::protobuf;
use crate::router::Router;
use crate::stats;
use policy::audit::PolicyReference;
use policy::bundle::{Bundle, Policies};
use policy::exchange::Engine;
use policy::problem::Problem;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use std::rc::Rc;

/// One configuration of the plugin in one VM.
pub struct Root(Option<Serving>);

/// What this configuration makes of the plugin.
enum Serving {
    /// With the policy in force, and one that is asked beside it.
    Router(Rc<Engine>, Option<Rc<Engine>>),
    Adapter,
}

// === impl Root ===

impl Root {
    /// A plugin that is not configured, and serves nothing.
    pub fn new() -> Self {
        Self(None)
    }
}

impl Context for Root {}

impl RootContext for Root {
    /// Envoy runs this in a throw-away copy first: `false` refuses the configuration, and the one in force stays.
    fn on_configure(&mut self, size: usize) -> bool {
        host::declare_property(&protobuf::declare_structure("policymesh_audit"));
        match configure(&protobuf::configuration(host::configuration(size))) {
            Ok(serving) => {
                self.0 = Some(serving);
                true
            }
            Err(problems) => {
                for problem in &problems {
                    host::log(LogLevel::Error, &format!("policymesh: configuration refused: {problem}"));
                }
                stats::refused();
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        match self.0.as_ref()? {
            Serving::Router(live, shadow) => Some(Box::new(Router::new(Rc::clone(live), shadow.clone()))),
            Serving::Adapter => Some(Box::new(Adapter::new())),
        }
    }
}

fn configure(bytes: &[u8]) -> Result<Serving, Vec<Problem>> {
    let (bundle, warnings) = Bundle::parse(bytes)?;
    for warning in &warnings {
        host::log(LogLevel::Warn, &format!("policymesh: {warning}"));
    }
    let Bundle::Router(policies) = bundle else { return Ok(Serving::Adapter) };
    let Policies { live, shadow, shadow_problems } = *policies;
    let secrets = instance::secrets().ok_or_else(|| vec![Problem::error("", "the host gives no randomness")])?;
    let now = host::now() / 1_000_000_000;
    let live = Engine::new(live, secrets.clone()).since(now);
    announce(live.reference());
    // The same secrets, so that what stands for a client in one record is the same under both policies.
    let shadow = shadow.map(|shadow| Rc::new(Engine::new(shadow, secrets).since(now)));
    announce_shadow(shadow.as_deref(), &shadow_problems);
    Ok(Serving::Router(Rc::new(live), shadow))
}

/// Shows in stats and log which policy is now in force.
fn announce(policy: &PolicyReference) {
    stats::accepted(policy);
    host::log(LogLevel::Info, &format!("policymesh: policy {} {} is in force", policy.name, policy.digest));
}

/// Shows which policy is asked beside it, or why none is.
fn announce_shadow(shadow: Option<&Engine>, problems: &[Problem]) {
    if let Some(PolicyReference { name, digest, .. }) = shadow.map(Engine::reference) {
        host::log(LogLevel::Info, &format!("policymesh: policy {name} {digest} is asked beside it, and not obeyed"));
    }
    for problem in problems {
        host::log(LogLevel::Error, &format!("policymesh: shadow refused, and nothing else: {problem}"));
    }
    if !problems.is_empty() {
        stats::shadow_refused();
    }
}
