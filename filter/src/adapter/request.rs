//! The request on its way to the provider: passed on with small changes, or translated as a whole.

use super::splice::{Spliced, Unfit};
use super::{Refusal, Underway};
use crate::host::{self, Body, Headers};
use policy::catalogue::Way;
use policy::coding::Decoder;
use policy::config::QuirksConfig;
use policy::plan;
use policy::splice::{Change, Splice};
use provider::redact::Placeholders;
use provider::translate::{self, Target};
use proxy_wasm::types::{Action, LogLevel};

/// How far a request has come.
pub enum Request {
    /// It goes on as it comes, with these changes to its body.
    Spliced(Spliced),
    /// It is held to be redacted or translated, so many bytes of it so far.
    Held(usize),
    /// Nothing is to be done to it any more.
    Done,
}

impl Underway {
    pub(super) fn on_request_headers(&mut self, end: bool) -> Result<Action, Refusal> {
        match self.way() {
            Way::Same if !self.attempt.redacted => self.pass_on(end).map_err(unfit),
            Way::NotServed => Err(unfit("the plan leads to a provider that does not serve the API")),
            Way::Same | Way::Translated if end => self.rewrite(0),
            Way::Same | Way::Translated => {
                self.request = Request::Held(0);
                Ok(Action::Pause)
            }
        }
    }

    pub(super) fn on_request_body(&mut self, size: usize, end: bool) -> Result<Action, Refusal> {
        match &mut self.request {
            Request::Spliced(splice) => splice.on_body(size, end).map_err(unfit),
            Request::Held(_) if end => self.rewrite(size),
            Request::Held(held) => {
                *held = size;
                Ok(Action::Pause)
            }
            Request::Done => Ok(Action::Continue),
        }
    }

    /// The body has ended without a sign of it in the last callback.
    pub(super) fn on_request_trailers(&mut self) -> Result<Action, Refusal> {
        match &mut self.request {
            Request::Spliced(splice) => splice.on_trailers().map(|()| Action::Continue).map_err(unfit),
            Request::Held(held) => {
                let held = *held;
                self.rewrite(held)
            }
            Request::Done => Ok(Action::Continue),
        }
    }

    /// Whether the usage is told in the stream only because we ask for it.
    pub(super) fn asks_usage(&self) -> bool {
        let edit = self.plan.body.as_ref().and_then(|body| body.ask_usage.as_ref());
        let QuirksConfig { stream_usage, .. } = self.attempt.quirks;
        edit.is_some() && self.way() == Way::Same && stream_usage != Some(false)
    }

    fn pass_on(&mut self, end: bool) -> Result<Action, Unfit> {
        let body = self.plan.body.as_ref().filter(|_| !end);
        let changes = body.map(|body| self.changes(body)).unwrap_or_default();
        let growth: isize = changes.iter().map(Change::growth).sum();
        self.set_headers(None, body.map(|body| body.length.saturating_add_signed(growth)));
        let splice = body.map_or(Ok(None), |body| Spliced::new(body, changes))?;
        self.request = splice.map_or(Request::Done, Request::Spliced);
        Ok(Action::Continue)
    }

    /// What changes in a body that is passed on.
    fn changes(&self, body: &plan::Body) -> Vec<Change> {
        let renamed = self.attempt.model.as_ref().filter(|model| !model.written);
        let model = body.model.zip(renamed).map(|((from, to), model)| Change { from, to, with: quoted(&model.id) });
        let asked = body.ask_usage.as_ref().filter(|_| self.asks_usage());
        let usage = asked.map(|edit| Change { from: edit.from, to: edit.to, with: edit.with.clone().into_bytes() });
        model.into_iter().chain(usage).collect()
    }

    /// Puts what the provider gets in the place of the whole request, of which so many bytes are held.
    fn rewrite(&mut self, held: usize) -> Result<Action, Refusal> {
        self.request = Request::Done;
        let body = whole(self.plan.body.as_ref(), held).map_err(unfit)?;
        let redaction = self.redact(&body).map_err(unfit)?;
        if self.way() == Way::Translated {
            let body = if redaction.is_empty() { body } else { changed(&body, redaction) };
            return self.translate(held, body);
        }
        let others = self.plan.body.as_ref().map(|body| self.changes(body)).unwrap_or_default();
        let body = changed(&body, redaction.into_iter().chain(others).collect());
        self.usage_asked = self.plan.body.as_ref().is_some_and(|body| body.ask_usage.is_none());
        self.set_headers(None, Some(body.len()));
        host::replace_front(Body::Request, held, &body);
        Ok(Action::Continue)
    }

    /// The placeholders that go into the body, if any do; keeps what they stand for.
    fn redact(&mut self, body: &[u8]) -> Result<Vec<Change>, Unfit> {
        if !self.attempt.redacted {
            return Ok(Vec::new());
        }
        let redaction = self.plan.body.as_ref().map(|body| body.redaction.as_slice()).unwrap_or_default();
        let placeholders = Placeholders::of(body, redaction).filter(|placeholders| !placeholders.is_empty());
        // INVARIANT: a body that is to be redacted does not go as it is.
        self.placeholders = placeholders.ok_or("the plan has no placeholders for the body that it redacts")?;
        Ok(redaction.iter().cloned().map(Change::from).collect())
    }

    /// Puts the translation of a body in the place of the whole request.
    fn translate(&mut self, held: usize, body: Vec<u8>) -> Result<Action, Refusal> {
        let target = Target {
            format: self.attempt.format,
            model: self.attempt.model.as_ref().map(|model| model.id.as_str()),
            quirks: self.attempt.quirks,
            strictness: self.plan.strictness,
        };
        let translated = translate::request(self.plan.api, &body, &target).map_err(|refusal| Refusal {
            status: 400,
            code: refusal.code(),
            message: refusal.to_string(),
        })?;
        drop(body);
        self.journal.dropped(&translated.losses);
        self.usage_asked = translated.usage_asked;
        self.set_headers(Some(translated.path), Some(translated.body.len()));
        host::replace_front(Body::Request, held, &translated.body);
        Ok(Action::Continue)
    }

    /// Sets all headers that the provider receives: for a path of its own, or for the client's.
    fn set_headers(&self, path: Option<&str>, length: Option<usize>) {
        let sent = provider::request::headers(&self.plan, &self.attempt, path, length);
        let borrowed: Vec<(&str, &[u8])> = sent.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        host::set_headers(Headers::Request, &borrowed);
    }
}

/// A whole body with these changes.
fn changed(body: &[u8], changes: Vec<Change>) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    Splice::new(changes).feed(body, &mut out);
    out
}

/// The whole body, decoded.
fn whole(body: Option<&plan::Body>, held: usize) -> Result<Vec<u8>, Unfit> {
    let bytes = host::body(Body::Request, 0, held);
    let coding = body.and_then(|body| body.coding.as_deref()).unwrap_or_default();
    let Some(mut decoder) = Decoder::of(coding.as_bytes(), u64::MAX).map_err(|_| "the plan names an unknown coding")?
    else {
        return Ok(bytes);
    };
    let mut decoded = Vec::with_capacity(body.map_or(0, |body| body.length));
    decoder.feed(&bytes, &mut |piece| decoded.extend_from_slice(piece)).map_err(|_| "the body no longer decodes")?;
    Ok(decoded)
}

/// A model's id as it stands in JSON.
fn quoted(id: &str) -> Vec<u8> {
    serde_json::Value::from(id).to_string().into_bytes()
}

fn unfit(reason: Unfit) -> Refusal {
    host::log(LogLevel::Error, &format!("policymesh: {reason}"));
    Refusal::internal("the request cannot be adapted to its provider")
}
