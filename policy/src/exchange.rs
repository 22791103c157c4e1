//! One request and its response, as a state machine without a host: bytes in, [`Step`]s out.
//!
//! A request is held until its body was read to the end; only then is it decided, and goes on or is refused. Whatever
//! cannot be read counts as the highest level, and what cannot be held or understood at all is refused at once.

mod engine;
mod head;
mod listing;
mod reading;
mod redacting;
mod shadow;

pub use engine::{Engine, Secrets};
pub use head::{Head, Header};
pub use listing::{Listing, Shown};
pub use shadow::Shadow;

use std::rc::Rc;

use crate::audit::{self, Action, Ending, Instance, Record, Refused, Scan, Stage};
use crate::catalogue::Way;
use crate::classify::Classifier;
use crate::coding::Decoder;
use crate::config::Reveal;
use crate::decision::{Candidate, Decision, Denial, Outcome};
use crate::facts::{Facts, Id};
use crate::plan::{Attempt, AttemptModel, Body, Edit, LARGEST_TRANSLATED, Plan, Unread};
use crate::progress::Progress;
use crate::request::{Api, Family, Model, Readable, Unreadable, path_texts, upstream_path};
use crate::usage::{Cost, Usage};
use reading::{Read, Reading};
use redacting::Redacting;

/// One exchange.
#[derive(Debug)]
pub struct Exchange {
    engine: Rc<Engine>,
    arrival: Arrival,
    head: Option<Head>,
    passed: Vec<(String, String)>,
    client_key: Option<String>,
    reading: Option<Reading<Classifier>>,
    redacting: Option<Redacting>,
    /// Bytes of the body as they came.
    received: u64,
    facts: Option<Facts>,
    decision: Option<Decision>,
    action: Action,
    scan: Scan,
    /// Time spent on reading and deciding.
    nanoseconds: u64,
    progress: Progress,
    ending: Option<Ending>,
}

/// When an exchange began, and as which of its instance's.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// Its number among those of the instance; the first is 1.
    pub sequence: u64,
}

/// What to do next with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hold it: more of it must come first.
    Hold,
    /// Read its body again, from the first byte on: [`Exchange::on_reread`].
    Reread,
    /// Send it on.
    Forward(Box<Forward>),
    /// Answer it.
    Answer(Box<Listing>),
    /// Refuse it.
    Refuse(Box<Refusal>),
}

/// A request that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The cluster that it goes to first.
    pub cluster: String,
    /// How long a provider may take to begin its answer, in milliseconds, where there is another to try.
    pub first_byte: Option<u64>,
    /// What the adapters need to know.
    pub plan: Plan,
}

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status to answer with.
    pub status: u16,
    /// Whose conventions the answer follows.
    pub family: Family,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people; nothing of the request is in it.
    pub message: String,
    /// The exchange's id.
    pub decision_id: Id,
}

/// Asks Envoy for a property by its path.
pub type Property<'a> = &'a dyn Fn(&[&str]) -> Option<Vec<u8>>;

// === impl Exchange ===

impl Exchange {
    /// An exchange of which nothing is known yet.
    pub fn new(engine: Rc<Engine>, arrival: Arrival) -> Self {
        Self {
            engine,
            arrival,
            head: None,
            passed: Vec::new(),
            client_key: None,
            reading: None,
            redacting: None,
            received: 0,
            facts: None,
            decision: None,
            action: Action::None,
            scan: Scan::default(),
            nanoseconds: 0,
            progress: Progress::default(),
            ending: None,
        }
    }

    /// Takes a request's headers; `end` if it has no body. `property` tells what Envoy knows of the request.
    pub fn on_request_headers(&mut self, headers: &[Header], property: Property<'_>, end: bool) -> Step {
        let head = match Head::read(headers) {
            Ok(head) => head,
            Err(refused) => return self.refuse(refused),
        };
        if head.length.is_some_and(|length| length > self.engine.policy().max_body()) {
            self.head = Some(head);
            return self.refuse(Refused::Oversize);
        }
        self.facts = Some(self.engine.facts(&self.arrival, &head, headers, property));
        self.passed = passed(headers);
        self.client_key = client_key(headers);
        self.reading = Some(self.begin(&head, end));
        self.head = Some(head);
        if end { self.decide() } else { Step::Hold }
    }

    /// Takes the next bytes of a request's body.
    pub fn on_request_body(&mut self, chunk: &[u8], end: bool) -> Step {
        self.received += chunk.len() as u64;
        if self.received > self.engine.policy().max_body() {
            return self.refuse(Refused::Oversize);
        }
        let engine = Rc::clone(&self.engine);
        if let Some(reading) = &mut self.reading {
            reading.feed(chunk, &mut engine.history());
        }
        if end { self.decide() } else { Step::Hold }
    }

    /// Learns that a request's body has ended with trailers.
    pub fn on_request_trailers(&mut self) -> Step {
        self.decide()
    }

    /// Learns how the exchange ended, and what became of the request before.
    pub fn on_end(&mut self, ending: Ending, progress: Progress, time: u64) {
        self.progress = progress;
        let micros = time.saturating_sub(self.arrival.time) / 1000;
        self.ending = Some(Ending { micros, ..ending });
    }

    /// Adds time that was spent on reading and deciding, in nanoseconds.
    pub fn took(&mut self, nanoseconds: u64) {
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds);
    }

    /// What to tell the client where Envoy itself answers, with this status, in a provider's place.
    pub fn on_own_answer(&self, status: u16) -> Refusal {
        let (code, message) = match status {
            413 => ("request_too_large", "the request is larger than the gateway takes"),
            408 | 504 => ("timeout", "the provider did not answer in time"),
            502 | 503 => ("provider_unavailable", "no provider that may have this request can be reached"),
            404 => ("not_found", "the gateway has no route for this request"),
            400..=499 => ("invalid_request", "the gateway refused the request"),
            _ => ("gateway_error", "the gateway failed"),
        };
        self.refusal(status, code, message)
    }

    /// Whose conventions an answer to this request follows.
    pub fn family(&self) -> Family {
        self.head.as_ref().map_or(Family::OpenAi, |head| head.family)
    }

    /// What this exchange's response says of the decision: headers by name.
    pub fn response_headers(&self) -> Vec<(&'static str, String)> {
        let id = ("x-policymesh-decision-id", self.decision_id().to_string());
        match self.engine.policy().reveal() {
            Reveal::Nothing => vec![],
            Reveal::Id => vec![id],
            Reveal::Reason => vec![id, ("x-policymesh-reason", header_value(&self.reason()))],
        }
    }

    /// The exchange's record, as it stands now.
    pub fn record(&self) -> Record {
        let decision = self.decision.as_ref();
        Record {
            form: audit::FORM,
            stage: self.stage(),
            decision_id: self.decision_id(),
            time_us: self.arrival.time / 1000,
            instance: Instance { epoch: self.engine.epoch(), sequence: self.arrival.sequence },
            request_id: self.head.as_ref().and_then(|head| head.request_id.clone()),
            trace_id: self.head.as_ref().and_then(|head| head.trace_id.clone()),
            policy: self.engine.reference().clone(),
            action: self.action,
            rule: decision.and_then(|decision| decision.rule().cloned()),
            level: decision.map(|decision| decision.counted().clone()),
            chosen: decision.and_then(|decision| decision.candidates().first().cloned()),
            facts: self.facts.clone(),
            decision: self.decision.clone(),
            shadow: None,
            scan: Scan { micros: self.nanoseconds / 1000, ..self.scan },
            attempts: self.progress.attempts.clone(),
            dropped: self.progress.dropped.clone(),
            usage: self.usage(),
            cost: self.usage().map(|usage| self.cost(usage)),
            ending: self.ending,
        }
    }

    /// What the answer used; `None` where there was no answer, or one of a kind that uses nothing.
    fn usage(&self) -> Option<Usage> {
        let uses = self.head.as_ref().is_some_and(|head| head.api.takes_model());
        (uses && self.progress.has_answer()).then_some(self.progress.usage)
    }

    fn cost(&self, usage: Usage) -> Cost {
        let model = self.progress.attempts.last().and_then(|last| last.model.as_ref());
        let mut models = self.engine.policy().catalogue().models().iter();
        let model = model.and_then(|name| models.find(|model| model.name == *name));
        usage.cost(model.and_then(|model| model.prices.at(self.arrival.time / 1_000_000_000)))
    }

    fn begin(&self, head: &Head, end: bool) -> Reading<Classifier> {
        let coding = head.coding.as_deref().unwrap_or_default();
        let decoder = Decoder::of(coding.as_bytes(), self.engine.policy().max_body());
        let mut reading = Reading::new(head.api, self.engine.classifier(), decoder);
        let mut history = self.engine.history();
        for text in path_texts(&head.path).chain(self.passed.iter().map(|(_, value)| value.clone())) {
            reading.text(&text, &mut history);
        }
        if !end && !Readable::of(head.content_type.as_deref()) {
            reading.give_up(Unreadable::UnknownContentType);
        }
        reading
    }

    fn decide(&mut self) -> Step {
        let (Some(reading), Some(head), Some(mut facts)) = (self.reading.take(), self.head.clone(), self.facts.take())
        else {
            return self.refuse(Refused::Malformed);
        };
        let read = reading.finish(self.received > 0, &mut self.engine.history());
        self.scan = Scan {
            body_bytes: read.length,
            text_bytes: read.volume.read,
            remembered_bytes: read.volume.remembered,
            micros: 0,
        };
        if read.unreadable == Some(Unreadable::DuplicateKey) {
            return self.refuse(Refused::Ambiguous);
        }
        self.engine.add(&read, &mut facts);
        self.facts = Some(facts);
        if head.api.is_answered() {
            return self.answer(&head, read.asked.model.as_ref().map(|model| model.name.as_str()));
        }
        self.decide_or_redact(head, read)
    }

    /// Decides a request of which all is known; `redaction` is what changes in its body for candidates that get it so.
    fn conclude(&mut self, head: &Head, read: &Read, redaction: Vec<Edit>) -> Step {
        let Some(facts) = &self.facts else { return self.refuse(Refused::Malformed) };
        let decision = self.engine.policy().decide(facts);
        let (action, step) = match &decision.outcome {
            Outcome::Route(candidates) => match self.forward(head, read, candidates, redaction) {
                Ok(forward) => (Action::Route, Step::Forward(Box::new(forward))),
                Err(refusal) => (Action::Refuse(Refused::Untranslatable), Step::Refuse(Box::new(refusal))),
            },
            Outcome::Deny(denial) => (Action::Deny, Step::Refuse(Box::new(self.denial(denial)))),
        };
        self.action = action;
        self.decision = Some(decision);
        step
    }

    fn forward(
        &self,
        head: &Head,
        read: &Read,
        candidates: &[Candidate],
        redaction: Vec<Edit>,
    ) -> Result<Forward, Refusal> {
        let asked = read.asked.model.as_ref();
        let all: Vec<Attempt> = candidates.iter().filter_map(|candidate| self.attempt(candidate, asked)).collect();
        let refused = all.iter().find_map(|attempt| unable(attempt, head.api, read));
        let attempts: Vec<_> = all.into_iter().filter(|attempt| unable(attempt, head.api, read).is_none()).collect();
        let Some(first) = attempts.first() else {
            let (status, code, message) =
                refused.unwrap_or((403, "policy_denied", "no provider may have this request"));
            return Err(self.refusal(status, code, message));
        };
        let cluster = first.cluster.to_string();
        let policy = self.engine.policy();
        let stream = self.facts.as_ref().is_some_and(|facts| facts.stream);
        let plan = Plan {
            decision_id: self.decision_id(),
            api: head.api,
            method: head.method.clone(),
            path: upstream_path(head.api, &head.path),
            headers: self.passed.clone(),
            client_key: self.client_key.clone().filter(|_| attempts.iter().any(|one| one.client_key.is_some())),
            body: (self.received > 0).then(|| Body { redaction, ..self.body(head, read) }),
            stream,
            strictness: policy.translation(),
            attempts,
        };
        Ok(Forward { cluster, first_byte: Some(policy.first_byte()).filter(|_| stream), plan })
    }

    /// What an attempt at this candidate needs to know.
    fn attempt(&self, candidate: &Candidate, asked: Option<&Model>) -> Option<Attempt> {
        let catalogue = self.engine.policy().catalogue();
        let provider = catalogue.provider(&candidate.provider)?;
        let chosen = candidate.model.as_ref();
        let model = chosen.and_then(|chosen| catalogue.models().iter().find(|model| model.name == chosen.name));
        Some(Attempt {
            provider: candidate.provider.clone(),
            cluster: candidate.cluster.clone(),
            zone: candidate.zone.clone(),
            format: candidate.format,
            authority: provider.endpoint.authority(),
            base: candidate.base_path.clone(),
            path: provider.path.clone(),
            client_key: provider.takes_client_key.then(|| provider.key.clone()),
            model: chosen.map(|chosen| AttemptModel {
                name: chosen.name.clone(),
                id: chosen.id.clone(),
                written: asked.is_some_and(|asked| asked.name == chosen.id.as_str()),
            }),
            quirks: model.map_or(provider.quirks, |model| model.quirks),
            redacted: candidate.redacted,
        })
    }

    fn body(&self, head: &Head, read: &Read) -> Body {
        let size = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
        match read.unreadable {
            None => Body {
                length: size(read.length),
                coding: head.coding.clone(),
                model: read.asked.model.as_ref().map(|model| (size(model.span.start), size(model.span.end))),
                ask_usage: read.asked.ask_usage.clone().filter(|_| head.api == Api::Chat),
                unsigned: read.asked.unsigned,
                redaction: Vec::new(),
                unread: None,
            },
            Some(_) => Body {
                length: size(self.received),
                coding: None,
                model: None,
                ask_usage: None,
                unsigned: false,
                redaction: Vec::new(),
                unread: Some(Unread { content_type: head.content_type.clone(), content_encoding: head.coding.clone() }),
            },
        }
    }

    fn denial(&self, denial: &Denial) -> Refusal {
        let code = match denial.status {
            404 => "model_not_found",
            _ => "policy_denied",
        };
        self.refusal(denial.status, code, &denial.message)
    }

    fn refuse(&mut self, refused: Refused) -> Step {
        self.reading = None;
        self.action = Action::Refuse(refused);
        let limit = self.engine.policy().max_body();
        let (status, code, message) = match refused {
            Refused::Upgrade => (403, "upgrade_refused", "other protocols than plain HTTP are not let through".into()),
            Refused::Oversize => {
                (413, "request_too_large", format!("the body is larger than the limit of {limit} bytes"))
            }
            Refused::Malformed => (400, "invalid_request", "the request's headers cannot be read".into()),
            Refused::Ambiguous => (400, "ambiguous_request", "an object in the body has the same key twice".into()),
            Refused::Untranslatable => (400, "invalid_request", "the request cannot be translated".into()),
        };
        Step::Refuse(Box::new(self.refusal(status, code, &message)))
    }

    fn refusal(&self, status: u16, code: &'static str, message: &str) -> Refusal {
        let id = self.decision_id();
        Refusal { status, family: self.family(), code, message: format!("{message} (decision {id})"), decision_id: id }
    }

    /// Why the request went where it went, in a few words.
    fn reason(&self) -> String {
        match (&self.decision, self.action) {
            (_, Action::Refuse(Refused::Untranslatable)) => Refused::Untranslatable.name().to_string(),
            (Some(decision), _) => decision.reason.to_string(),
            (None, Action::Refuse(refused)) => refused.name().to_string(),
            (None, Action::Answer) => "answered from the catalogue".to_string(),
            (None, _) => "undecided".to_string(),
        }
    }

    fn stage(&self) -> Stage {
        match self.action {
            _ if self.ending.is_some() => Stage::Ended,
            Action::None => Stage::Received,
            _ => Stage::Decided,
        }
    }

    fn decision_id(&self) -> Id {
        self.engine.decision_id(&self.arrival)
    }
}

/// Why a request cannot be translated for a candidate, whatever is in it: a status, a code and a sentence.
fn unable(attempt: &Attempt, api: Api, read: &Read) -> Option<(u16, &'static str, &'static str)> {
    if attempt.way(api) != Way::Translated {
        return None;
    }
    if read.unreadable.is_some() {
        return Some((400, "invalid_request", "a body that cannot be read cannot be translated for this model"));
    }
    let large = read.length > LARGEST_TRANSLATED as u64;
    large.then_some((
        413,
        "request_too_large",
        "the body is larger than the 16 MiB that can be translated for this model",
    ))
}

/// The client's headers that some provider may see.
fn passed(headers: &[Header]) -> Vec<(String, String)> {
    let text = |(name, value): &Header| Some((name.clone(), String::from_utf8(value.clone()).ok()?));
    let wanted = |(name, _): &&Header| PASSED.contains(&name.as_str());
    headers.iter().filter(wanted).filter_map(text).collect()
}

/// The client's own key, for a provider that takes it: as OpenAI's clients send it, as Anthropic's do, or as Azure's do.
fn client_key(headers: &[Header]) -> Option<String> {
    let text = |name| std::str::from_utf8(&head::value(headers, name)?).ok().map(str::to_owned);
    let bearer = text("authorization").and_then(|value| Some(value.strip_prefix("Bearer ")?.to_owned()));
    bearer.or_else(|| text("x-api-key")).or_else(|| text("api-key"))
}

/// The client's headers that a plan carries; each adapter lets through what its provider may see, if it has the right shape.
const PASSED: [&str; 5] = ["anthropic-beta", "anthropic-version", "openai-beta", "traceparent", "x-request-id"];

/// Text as it may stand in a header: what is no printable ASCII becomes `?`.
fn header_value(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}
