//! A request body that changes on its way to the provider, in slices, so that the VM stays small.

use crate::host::{self, Body};
use policy::coding::Decoder;
use policy::plan;
use policy::splice::{Change, Splice};
use proxy_wasm::types::Action;

/// A body that is changed as it passes by: what is still to be changed.
pub struct Spliced {
    changes: Option<Splice>,
    decoder: Option<Decoder>,
    /// Bytes that Envoy held back at the last callback.
    held: usize,
    done: bool,
}

/// Why a body cannot be made the provider's. None of it depends on what a client wrote, so it may be logged.
pub type Unfit = &'static str;

/// How much of a body is in the VM at a time.
const SLICE: usize = 64 * 1024;

// === impl Spliced ===

impl Spliced {
    /// What has to change in this body; `None` if it goes as it is.
    pub fn new(body: &plan::Body, changes: Vec<Change>) -> Result<Option<Self>, Unfit> {
        let changes = (!changes.is_empty()).then(|| Splice::new(changes));
        let coding = body.coding.as_deref().unwrap_or_default();
        // The router has undone them under the policy's limit; between two codings a body may be longer than at the end.
        let decoder = Decoder::of(coding.as_bytes(), u64::MAX);
        let decoder = decoder.map_err(|_| "the plan names a content coding that cannot be undone")?;
        let needed = changes.is_some() || decoder.is_some();
        Ok(needed.then_some(Self { changes, decoder, held: 0, done: false }))
    }

    /// Changes what has come so far, or waits for more.
    pub fn on_body(&mut self, size: usize, end: bool) -> Result<Action, Unfit> {
        if self.done {
            return Ok(Action::Continue);
        }
        self.held = size;
        if !end && !self.is_reached() {
            return Ok(Action::Pause);
        }
        self.finish()?;
        Ok(Action::Continue)
    }

    /// The body has ended without a sign of it in the last callback.
    pub fn on_trailers(&mut self) -> Result<(), Unfit> {
        if self.done { Ok(()) } else { self.finish() }
    }

    /// Whether all that changes is there: of a coded body, the whole.
    fn is_reached(&self) -> bool {
        self.decoder.is_none() && self.changes.as_ref().is_none_or(|changes| self.held >= changes.reach())
    }

    fn finish(&mut self) -> Result<(), Unfit> {
        self.done = true;
        match &mut self.changes {
            Some(changes) if self.decoder.is_none() && changes.reach() <= SLICE => {
                let reach = changes.reach();
                let mut out = Vec::with_capacity(reach + SLICE / 64);
                changes.feed(&host::body(Body::Request, 0, reach), &mut out);
                host::replace_front(Body::Request, reach, &out);
                Ok(())
            }
            _ => self.turn_over(),
        }
    }

    /// Takes every slice off the body's front and appends what becomes of it, once round.
    fn turn_over(&mut self) -> Result<(), Unfit> {
        let mut left = self.held;
        while left > 0 {
            let slice = host::body(Body::Request, 0, left.min(SLICE));
            if slice.is_empty() {
                return Err("the body ended before its length");
            }
            host::replace_front(Body::Request, slice.len(), &[]);
            left = left.saturating_sub(slice.len());
            self.append(&slice)?;
        }
        Ok(())
    }

    fn append(&mut self, slice: &[u8]) -> Result<(), Unfit> {
        let Self { changes, decoder, .. } = self;
        let mut append = |piece: &[u8]| match changes {
            Some(changes) => {
                let mut out = Vec::with_capacity(piece.len());
                changes.feed(piece, &mut out);
                host::append(Body::Request, &out);
            }
            None => host::append(Body::Request, piece),
        };
        match decoder {
            Some(decoder) => decoder.feed(slice, &mut append).map_err(|_| "the body no longer decodes"),
            None => {
                append(slice);
                Ok(())
            }
        }
    }
}
