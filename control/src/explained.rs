//! What a policy does with a request, and why: the request goes through the same code as in the filter.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use policy::audit::Record;
use policy::case::Sent;
use policy::exchange::{self, Arrival, Engine, Exchange, Listing, Secrets, Shown, Step};
use policy::explain::Trace;
use policy::policy::Policy;
use serde::Serialize;

/// What became of a request.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The audit record that it would leave, as far as it goes without a provider.
    pub record: Record,
    /// How the decision came about; nothing if the request was refused before one fell.
    pub explanation: Option<Trace>,
    /// What the client is told, if it is refused.
    pub refusal: Option<Refusal>,
    /// The names that it is told, if it asks which there are.
    pub models: Option<Vec<String>>,
}

/// What a client is told that is refused.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

// === impl Explained ===

impl Explained {
    /// Has a policy decide a request of which nothing is known but what it says itself, now.
    pub fn of(policy: Policy, request: &Sent) -> Self {
        let engine = Rc::new(Engine::new(policy, Secrets::default()));
        let mut exchange = Exchange::new(Rc::clone(&engine), Arrival { time: now(), sequence: 1 });
        let (refusal, models) = match request.lead(&mut exchange) {
            Some(Step::Refuse(refusal)) => (Some(Refusal::from(*refusal)), None),
            Some(Step::Answer(listing)) => (None, Some(names(*listing))),
            Some(Step::Hold | Step::Reread | Step::Forward(_)) | None => (None, None),
        };
        let record = exchange.record();
        let decided = record.facts.as_ref().filter(|_| record.decision.is_some());
        let explanation = decided.map(|facts| engine.policy().explain(facts));
        Self { record, explanation, refusal, models }
    }
}

fn names(listing: Listing) -> Vec<String> {
    let listed = match listing.shown {
        Shown::All(listed) => listed,
        Shown::One(listed) => vec![listed],
    };
    listed.into_iter().map(|listed| listed.name.to_string()).collect()
}

/// Nanoseconds since 1970: prices change.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

// === impl Refusal ===

impl From<exchange::Refusal> for Refusal {
    fn from(exchange::Refusal { status, code, message, .. }: exchange::Refusal) -> Self {
        Self { status, code, message }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, code, message } = self;
        write!(f, "{status} {code}: {message}")
    }
}
