//! The plugin's configuration, and the contexts made from it.

use crate::adapter::Adapter;
use crate::host;
use crate::instance;
use crate::protobuf;
use crate::router::Router;
use crate::stats;
use policy::audit::PolicyReference;
use policy::bundle::Bundle;
use policy::exchange::Engine;
use policy::problem::Problem;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use std::rc::Rc;

/// One configuration of the plugin in one VM.
pub struct Root(Option<Serving>);

/// What this configuration makes of the plugin.
enum Serving {
    Router(Rc<Engine>),
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
            Serving::Router(engine) => Some(Box::new(Router::new(Rc::clone(engine)))),
            Serving::Adapter => Some(Box::new(Adapter::new())),
        }
    }
}

fn configure(bytes: &[u8]) -> Result<Serving, Vec<Problem>> {
    let (bundle, warnings) = Bundle::parse(bytes)?;
    for warning in &warnings {
        host::log(LogLevel::Warn, &format!("policymesh: {warning}"));
    }
    let Bundle::Router(policy) = bundle else { return Ok(Serving::Adapter) };
    let secrets = instance::secrets().ok_or_else(|| vec![Problem::error("", "the host gives no randomness")])?;
    let engine = Engine::new(*policy, secrets).since(host::now() / 1_000_000_000);
    announce(engine.reference());
    Ok(Serving::Router(Rc::new(engine)))
}

/// Shows in stats and log which policy is now in force.
fn announce(policy: &PolicyReference) {
    stats::accepted(policy);
    host::log(LogLevel::Info, &format!("policymesh: policy {} {} is in force", policy.name, policy.digest));
}
