//! The adapter role: an upstream filter in each provider's cluster, which makes the request the provider's own, and the
//! answer the client's.
//!
//! It runs anew for every attempt, and finds the headers as the attempt before left them; so it takes nothing from there
//! and sets all that the provider receives from the router's plan.

mod journal;
mod request;
mod response;
mod splice;

pub use journal::PROGRESS;
pub use response::RETRY;

use crate::host;
use journal::Journal;
use policy::catalogue::{Format, Way};
use policy::plan::{Attempt, LARGEST_TRANSLATED, Plan};
use policy::request::{Api, Family};
use provider::answer_headers;
use provider::error::Error;
use provider::redact::Placeholders;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use request::Request;
use response::Response;

/// One attempt at a request.
pub struct Adapter(Option<Underway>);

/// An attempt that the plan has.
struct Underway {
    plan: Plan,
    attempt: Attempt,
    journal: Journal,
    request: Request,
    /// Whether the client wants to be told the usage in a stream.
    usage_asked: bool,
    /// What stands in the request for what the provider must not see, to be put back into its answer.
    placeholders: Placeholders,
    response: Response,
    /// The status of a stream whose first byte has not come.
    waiting: Option<u16>,
}

/// Why a request does not go to its provider, as the client is told.
struct Refusal {
    status: u16,
    code: &'static str,
    /// It may repeat names of the client's own, so no log holds it.
    message: String,
}

/// Marks an answer of the adapter's own, which the router need not put into the client's format any more.
pub const OWN_ANSWER: &str = "x-policymesh-own-answer";

// === impl Adapter ===

impl Adapter {
    /// An attempt about which nothing is known yet.
    pub fn new() -> Self {
        Self(None)
    }

    /// Leads a part of the request through, or answers in the provider's place.
    fn take(&mut self, step: impl FnOnce(&mut Underway) -> Result<Action, Refusal>) -> Action {
        let Some(underway) = &mut self.0 else { return Action::Pause };
        match step(underway) {
            Ok(action) => action,
            Err(refusal) => {
                underway.refuse(&refusal);
                self.0 = None;
                Action::Pause
            }
        }
    }
}

impl Context for Adapter {}

impl HttpContext for Adapter {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        self.0 = Underway::begin();
        if self.0.is_none() {
            host::log(
                LogLevel::Error,
                "policymesh: no plan leads to this cluster: the request did not come by the router role",
            );
            let refusal = Refusal::internal("the request cannot be adapted to its provider");
            refusal.reply(Family::OpenAi, "");
        }
        self.take(|underway| underway.on_request_headers(end))
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.take(|underway| underway.on_request_body(size, end))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.take(Underway::on_request_trailers)
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        self.0.as_mut().map_or(Action::Continue, |underway| underway.on_response_headers(end))
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.0.as_mut().map_or(Action::Continue, |underway| underway.on_response_body(size, end))
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.0.as_mut().map_or(Action::Continue, Underway::on_response_trailers)
    }
}

// === impl Underway ===

impl Underway {
    /// The next attempt of the plan, if it is for this cluster.
    fn begin() -> Option<Self> {
        let plan = Plan::from_bytes(&host::property(&["policymesh_plan"])?)?;
        let (journal, attempt) = Journal::begin(&plan, &host::property(&["xds", "cluster_name"])?)?;
        let (request, response) = (Request::Done, Response::Passed);
        Some(Self {
            plan,
            attempt,
            journal,
            request,
            usage_asked: false,
            placeholders: Placeholders::default(),
            response,
            waiting: None,
        })
    }

    /// How the request gets to its provider. Where it cannot be passed on, it is translated also between equal formats: then what
    /// would get lost on the way is refused or told, as ever. Values come back into the events of a stream only so, and
    /// only so are the thoughts left out that another provider had earlier in the conversation.
    fn way(&self) -> Way {
        let Plan { api, stream, .. } = self.plan;
        let is_chat = matches!(api, Api::Chat | Api::Messages | Api::OllamaChat);
        match self.attempt.way(api) {
            Way::Same if is_chat && (self.attempt.redacted && stream || self.has_foreign_thoughts()) => Way::Translated,
            way => way,
        }
    }

    fn has_foreign_thoughts(&self) -> bool {
        let body = self.plan.body.as_ref().filter(|body| body.unsigned && body.length <= LARGEST_TRANSLATED);
        body.is_some() && self.attempt.format == Format::Anthropic
    }

    fn refuse(&mut self, refusal: &Refusal) {
        let family = Family::of(&self.plan.path);
        let request_id = self.plan.decision_id.as_str();
        match self.journal.refused() {
            // What the provider before said is of more use to a client than what this one cannot be given.
            Some(status) => {
                let message = format!("the provider before answered with status {status}; {}", refusal.message);
                Refusal { status, code: refusal.code, message }.reply(family, request_id);
            }
            None => refusal.reply(family, request_id),
        }
    }
}

// === impl Refusal ===

impl Refusal {
    fn internal(message: &str) -> Self {
        Self { status: 503, code: "gateway_error", message: message.to_owned() }
    }

    fn reply(&self, family: Family, request_id: &str) {
        let Self { status, code, message } = self;
        let body = Error { status: *status, code, message, request_id }.body(family);
        // A client that tries again with what cannot be sent gets the same answer: SDKs obey this header.
        let again = if *status == 400 { "false" } else { "true" };
        let mut headers = vec![("content-type", "application/json"), ("x-should-retry", again), (OWN_ANSWER, "1")];
        headers.push((answer_headers::request_id(family), request_id));
        host::reply(*status, headers, &body);
    }
}
