//! The provider's answer on its way back: passed on with its usage counted, or translated, piece by piece where it streams.

mod head;

use super::Underway;
use crate::host::{self, Body, Headers};
use head::Head;
use policy::catalogue::Way;
use policy::coding::Decoder;
use policy::request::{Api, Family};
use policy::usage::Usage;
use provider::answer;
use provider::answer_headers::{answer_headers, content_type};
use provider::failure::{Failure, LONGEST_BODY};
use provider::relay::{Division, Relay};
use provider::stamp::Stamp;
use provider::stream::Stream;
use proxy_wasm::types::Action;

/// What becomes of an answer's body.
pub enum Response {
    /// It goes on as it comes.
    Passed,
    /// It goes on, and is read for its usage.
    Relayed(Box<Relay>),
    /// It is translated as it comes.
    Streamed(Box<Stream>, Option<Decoder>),
    /// It is held until it is whole, so many bytes of it so far.
    Held(usize),
    /// It says why the provider failed, with this status: so much of it has come.
    Failed(u16, Vec<u8>, Option<Decoder>),
}

/// Asks Envoy to try the next candidate.
pub const RETRY: &str = "x-policymesh-retry";

/// Says what the provider did not learn of the request.
const DROPPED: &str = "x-policymesh-dropped";

/// The status where a provider answers with something that its format does not know.
const UNREADABLE: u16 = 502;

// === headers ===

impl Underway {
    pub(super) fn on_response_headers(&mut self, end: bool) -> Action {
        let head = Head::read();
        self.response = self.response_to(&head);
        let waits = !end && self.is_stream();
        let retried = !waits && self.journal.answer_begins(head.status);
        match &self.response {
            Response::Passed => head.remove_ours(),
            Response::Relayed(relay) => {
                head.remove_ours();
                if relay.changes() {
                    host::remove_header(Headers::Response, "content-length");
                }
            }
            Response::Streamed(..) => self.set_headers_to(&head, head.status, true),
            Response::Failed(status, ..) => self.set_headers_to(&head, self.told(*status, &[]).0, false),
            Response::Held(_) if end => {
                self.journal.unreadable();
                self.set_headers_to(&head, UNREADABLE, false);
            }
            Response::Held(_) => return Action::Pause,
        }
        if retried {
            host::set_header(Headers::Response, RETRY, b"1");
        }
        if end {
            self.journal.answer_ends();
        }
        if waits {
            // Once the client has headers, no other candidate can answer it: they wait for the first byte of the stream.
            self.waiting = Some(head.status);
            return Action::Pause;
        }
        Action::Continue
    }

    /// Whether the answer comes piece by piece, and goes on so.
    fn is_stream(&self) -> bool {
        match &self.response {
            Response::Streamed(..) => true,
            Response::Relayed(relay) => relay.is_stream(),
            Response::Passed | Response::Held(_) | Response::Failed(..) => false,
        }
    }

    /// The first byte of a stream has come, or its end.
    fn begin_stream(&mut self) {
        if let Some(status) = self.waiting.take() {
            self.journal.answer_begins(status);
        }
    }

    /// What is to be done with an answer that begins so.
    fn response_to(&self, head: &Head) -> Response {
        let (api, format) = (self.plan.api, self.attempt.format);
        let translated = self.way() == Way::Translated;
        let failed = |status| Response::Failed(status, Vec::new(), head.decoder());
        match Division::of(head.value("content-type")) {
            _ if api == Api::Other => Response::Passed,
            _ if !head.is_success() && (translated || !head.is_json()) => failed(head.failure()),
            _ if !head.is_success() || !api.takes_model() => Response::Passed,
            division if !translated && !self.restores() => {
                Response::Relayed(Box::new(Relay::new(api, division, self.asks_usage())))
            }
            Division::Whole => Response::Held(0),
            Division::Events | Division::Lines => match Stream::new(api, format, self.usage_asked, self.stamp()) {
                Some(stream) => {
                    Response::Streamed(Box::new(stream.restoring(self.placeholders.clone())), head.decoder())
                }
                None => failed(UNREADABLE),
            },
        }
    }

    /// Whether values are to be put back into the answer. What has no text of the model's in it needs none.
    fn restores(&self) -> bool {
        let says_something = !matches!(self.plan.api, Api::Embeddings | Api::OllamaEmbed | Api::CountTokens);
        says_something && !self.placeholders.is_empty()
    }

    /// Sets the headers of an answer in the client's format, of a length that is not known yet.
    fn set_headers_to(&self, head: &Head, status: u16, stream: bool) {
        let (family, status) = (self.family(), status.to_string());
        let passed = answer_headers(self.attempt.format, family, head.iter(), &self.stamp());
        let dropped = self.journal.told_dropped().map(|dropped| (DROPPED.to_owned(), dropped));
        let own = [(":status", status.as_str()), ("content-type", content_type(family, stream))];
        let given = passed.iter().chain(&dropped).map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = own.into_iter().chain(given).map(|(name, value)| (name, value.as_bytes())).collect();
        host::set_headers(Headers::Response, &headers);
    }
}

// === body ===

impl Underway {
    pub(super) fn on_response_body(&mut self, size: usize, end: bool) -> Action {
        if size == 0 && !end && self.waiting.is_some() {
            return Action::Pause;
        }
        self.begin_stream();
        match &mut self.response {
            Response::Passed => {}
            Response::Relayed(relay) => self.journal.used(relay_piece(relay, size, end)),
            Response::Streamed(stream, decoder) => {
                self.journal.used(translate_piece(stream, decoder.as_mut(), size, end));
            }
            Response::Failed(_, said, _) => {
                let room = LONGEST_BODY.saturating_sub(said.len()).min(size);
                said.extend(host::body(Body::Response, 0, room));
                let told = if end { self.failure() } else { Vec::new() };
                host::replace_front(Body::Response, size, &told);
            }
            Response::Held(held) => {
                *held = size;
                if !end {
                    return Action::Pause;
                }
                self.answer_whole(size);
            }
        }
        if end && self.is_whole() {
            self.journal.answer_ends();
        }
        Action::Continue
    }

    /// Whether a body that has ended is known to be whole.
    fn is_whole(&self) -> bool {
        !matches!(&self.response, Response::Streamed(stream, _) if !stream.is_whole())
    }

    /// The body has ended without a sign of it in the last callback. What was let go cannot be added to any more.
    pub(super) fn on_response_trailers(&mut self) -> Action {
        self.begin_stream();
        if let Response::Held(held) = self.response {
            self.answer_whole(held);
        }
        if self.is_whole() {
            self.journal.answer_ends();
        }
        Action::Continue
    }

    /// Puts the translation in the place of a whole answer, of which so many bytes are held.
    fn answer_whole(&mut self, held: usize) {
        self.response = Response::Passed;
        let head = Head::read();
        let body = decoded(head.decoder().as_mut(), host::body(Body::Response, 0, held));
        let (api, format) = (self.plan.api, self.attempt.format);
        let answer = match self.way() {
            Way::Translated => answer::whole(api, format, &body, &self.placeholders, &self.stamp()),
            _ => answer::restored(api, &body, &self.placeholders),
        };
        let (status, body) = match answer {
            Ok(answer) => {
                self.journal.used(answer.usage);
                (head.status, answer.body)
            }
            Err(unreadable) => {
                self.journal.unreadable();
                let failure = Failure { status: UNREADABLE, message: unreadable.to_string() };
                failure.tell(self.family(), self.plan.decision_id.as_str())
            }
        };
        self.set_headers_to(&head, status, false);
        host::set_header(Headers::Response, "content-length", body.len().to_string().as_bytes());
        host::replace_front(Body::Response, held, &body);
    }

    /// What the client is told of a failure, once the provider has said all that it says.
    fn failure(&mut self) -> Vec<u8> {
        let Response::Failed(status, said, mut decoder) = std::mem::replace(&mut self.response, Response::Passed)
        else {
            return Vec::new();
        };
        self.told(status, &decoded(decoder.as_mut(), said)).1
    }

    /// The status and the body for a failure in the client's format.
    fn told(&self, status: u16, said: &[u8]) -> (u16, Vec<u8>) {
        Failure::read(status, said).tell(self.family(), self.plan.decision_id.as_str())
    }

    fn family(&self) -> Family {
        Family::of(&self.plan.path)
    }

    fn stamp(&self) -> Stamp {
        Stamp { id: self.plan.decision_id.to_string(), seconds: host::now() / 1_000_000_000 }
    }
}

/// Lets the next piece of an answer go on, and gives what was used so far.
fn relay_piece(relay: &mut Relay, size: usize, end: bool) -> Usage {
    let changed = relay.feed(&host::body(Body::Response, 0, size));
    if let Some(mut out) = changed {
        if end {
            out.append(&mut relay.finish());
        }
        host::replace_front(Body::Response, size, &out);
    }
    relay.usage()
}

/// Puts the translation in the place of the next piece of an answer, and gives what was used so far.
fn translate_piece(stream: &mut Stream, decoder: Option<&mut Decoder>, size: usize, end: bool) -> Usage {
    let piece = decoded(decoder, host::body(Body::Response, 0, size));
    let mut out = Vec::with_capacity(piece.len());
    stream.feed(&piece, &mut out);
    if end {
        stream.finish(&mut out);
    }
    host::replace_front(Body::Response, size, &out);
    stream.usage()
}

/// A piece of a body without its content coding; what cannot be decoded is left out.
fn decoded(decoder: Option<&mut Decoder>, piece: Vec<u8>) -> Vec<u8> {
    let Some(decoder) = decoder else { return piece };
    let mut out = Vec::new();
    // What is missing then shows as an answer that breaks off.
    let _ = decoder.feed(&piece, &mut |bytes| out.extend_from_slice(bytes));
    out
}
