//! The router role: reads a request whole, has it decided, and sends it on or refuses it.

use crate::adapter::{OWN_ANSWER, PROGRESS, RETRY};
use crate::host::{self, Body, Headers};
use crate::instance;
use crate::protobuf;
use crate::stats;
use policy::audit::{Ending, Record};
use policy::exchange::{Arrival, Engine, Exchange, Forward, Listing, Refusal, Shadow, Step};
use policy::progress::Progress;
use provider::{answer_headers, error, listing};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::rc::Rc;

/// One exchange: a request and its response.
pub struct Router {
    exchange: Exchange,
    /// The same under another policy, which nobody obeys.
    shadow: Option<Shadow>,
    /// Bytes of the request's body that were read.
    read: usize,
    answer: Answer,
}

/// Whose answer the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The provider's, as far as is known.
    Provider,
    /// Ours.
    Own,
    /// Envoy's own, which is yet to be put into the shape of the API.
    Envoy(u16),
    /// Envoy's own, in the shape of the API.
    Shaped,
}

// === impl Router ===

impl Router {
    /// An exchange of which nothing is known yet.
    pub fn new(live: Rc<Engine>, shadow: Option<Rc<Engine>>) -> Self {
        let arrival = Arrival { time: host::now(), sequence: instance::next_sequence() };
        let shadow = shadow.map(|engine| Shadow::new(Exchange::new(engine, arrival.clone())));
        Self { exchange: Exchange::new(live, arrival), shadow, read: 0, answer: Answer::Provider }
    }

    /// Goes on with what has come of the request. The shadow goes first, so that it is done when the request leaves.
    fn go_on(&mut self, work: impl Fn(&mut Exchange) -> Step) -> Action {
        if let Some(mut shadow) = self.shadow.take() {
            shadow.sees(|exchange| timed(exchange, &work));
            while shadow.must_reread() {
                slices(self.read, |slice, end| {
                    shadow.sees(|exchange| timed(exchange, |exchange| exchange.on_reread(slice, end)));
                });
            }
            self.shadow = Some(shadow);
        }
        let step = timed(&mut self.exchange, work);
        self.take(step)
    }

    fn take(&mut self, step: Step) -> Action {
        match step {
            Step::Hold => Action::Pause,
            Step::Reread => {
                let mut step = Step::Hold;
                slices(self.read, |slice, end| {
                    step = timed(&mut self.exchange, |exchange| exchange.on_reread(slice, end));
                });
                self.take(step)
            }
            Step::Forward(forward) => {
                self.forward(&forward);
                Action::Continue
            }
            Step::Answer(listing) => {
                self.answer(&listing);
                Action::Pause
            }
            Step::Refuse(refusal) => {
                self.refuse(&refusal);
                Action::Pause
            }
        }
    }

    fn forward(&mut self, forward: &Forward) {
        let more = forward.plan.attempts.len().saturating_sub(1);
        if more > 0 {
            // Each candidate is tried once. These headers are for Envoy's router, and no provider gets them.
            set_number("x-envoy-max-retries", more as u64);
            if let Some(milliseconds) = forward.first_byte {
                set_number("x-envoy-upstream-rq-per-try-timeout-ms", milliseconds);
            }
        }
        host::set_property("policymesh_plan", &forward.plan.to_bytes());
        host::set_property("policymesh_cluster", forward.cluster.as_bytes());
        write_record(&self.record());
        // Envoy keeps the old route until the cache is cleared, so this must come last.
        host::clear_route_cache();
    }

    fn answer(&mut self, listing: &Listing) {
        self.reply(200, &[], &listing::body(listing));
    }

    fn refuse(&mut self, refusal: &Refusal) {
        let id = (answer_headers::request_id(refusal.family), refusal.decision_id.as_str());
        // A client that tries again gets the same answer, and SDKs obey this.
        self.reply(refusal.status, &[("x-should-retry", "false"), id], &error::refusal(refusal));
    }

    fn reply(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        self.answer = Answer::Own;
        write_record(&self.record());
        let told = self.exchange.response_headers();
        let told = told.iter().map(|(name, value)| (*name, value.as_str()));
        let headers = [("content-type", "application/json")].into_iter().chain(headers.iter().copied()).chain(told);
        host::reply(status, headers.collect(), body);
    }

    /// The exchange's record, as it stands now.
    fn record(&self) -> Record {
        let live = self.exchange.record();
        let shadow = self.shadow.as_ref().and_then(|shadow| shadow.beside(&live)).map(Box::new);
        Record { shadow, ..live }
    }
}

impl Context for Router {}

impl HttpContext for Router {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let headers = host::headers(Headers::Request);
        self.go_on(|exchange| exchange.on_request_headers(&headers, &host::property, end))
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        // Envoy tells the size of all that it holds; what came before has been read.
        let chunk = match size.saturating_sub(self.read) {
            0 => Vec::new(),
            new => host::body(Body::Request, self.read, new),
        };
        self.read = size;
        self.go_on(|exchange| exchange.on_request_body(&chunk, end))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        // Trailers are a place for text that nobody reads.
        host::clear_request_trailers();
        self.go_on(Exchange::on_request_trailers)
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        if self.answer == Answer::Own {
            return Action::Continue;
        }
        for (name, value) in self.exchange.response_headers() {
            host::set_header(Headers::Response, name, value.as_bytes());
        }
        // Where Envoy could not try once more, the client gets the answer that made us want it.
        host::remove_header(Headers::Response, RETRY);
        if host::has_header(Headers::Response, OWN_ANSWER) {
            host::remove_header(Headers::Response, OWN_ANSWER);
        } else if !end && is_envoys_own() {
            self.answer = Answer::Envoy(status());
            host::remove_header(Headers::Response, "content-length");
            host::set_header(Headers::Response, "content-type", b"application/json");
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, _: bool) -> Action {
        if let Answer::Envoy(status) = self.answer {
            self.answer = Answer::Shaped;
            host::replace_front(Body::Response, size, &error::refusal(&self.exchange.on_own_answer(status)));
        }
        Action::Continue
    }

    /// Envoy calls this before its access loggers, also for requests that never came to this filter.
    fn on_log(&mut self) {
        let progress = host::property(&[PROGRESS]).map(|bytes| Progress::from_bytes(&bytes));
        self.exchange.on_end(ending(), progress.unwrap_or_default(), host::now());
        let record = self.record();
        write_record(&record);
        stats::ended(&record);
    }
}

/// Does some reading or deciding, and keeps the time that it takes.
fn timed<T>(exchange: &mut Exchange, work: impl FnOnce(&mut Exchange) -> T) -> T {
    let before = host::now();
    let done = work(exchange);
    exchange.took(host::now().saturating_sub(before));
    done
}

/// Reads the body of a request, of which Envoy holds so many bytes, once more: slice by slice, and which is the last.
fn slices(size: usize, mut read: impl FnMut(&[u8], bool)) {
    let mut done = 0;
    loop {
        let slice = host::body(Body::Request, done, size.saturating_sub(done).min(SLICE));
        done += slice.len();
        // A body that Envoy no longer has ends too early, and nothing has a place in it.
        let end = slice.is_empty() || done >= size;
        read(&slice, end);
        if end {
            return;
        }
    }
}

/// Leaves the record as it stands now where Envoy's access log finds it, also if this VM does not live to the end.
fn write_record(record: &Record) {
    host::set_property("policymesh_audit", &protobuf::record(record));
}

fn set_number(name: &str, number: u64) {
    host::set_header(Headers::Request, name, number.to_string().as_bytes());
}

/// How much of a body that is read again is in the VM at a time.
const SLICE: usize = 64 * 1024;

/// Whether Envoy answers in place of a provider: it says of each answer where it comes from.
fn is_envoys_own() -> bool {
    host::property(&["response", "code_details"]).is_some_and(|details| details != b"via_upstream")
}

fn status() -> u16 {
    host::number(&["response", "code"]).and_then(|code| u16::try_from(code).ok()).unwrap_or(0)
}

fn ending() -> Ending {
    Ending {
        status: status(),
        request_bytes: host::number(&["request", "total_size"]).unwrap_or(0),
        response_bytes: host::number(&["response", "total_size"]).unwrap_or(0),
        attempts: host::number(&["upstream", "request_attempt_count"]).unwrap_or(0),
        micros: 0,
    }
}
