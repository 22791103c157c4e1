//! A request's body as it is read: decoded, scanned, classified, and asked what it wants.

use crate::classify::{Classifier, History, Placing, Tally, Volume};
use crate::coding::Decoder;
use crate::document::{Block, Container, Literal, Malformed, Place, Scanner, Sink};
use crate::plan::Edit;
use crate::request::{Api, Asked, Reader, Unreadable};
use crate::splice::Splice;

/// A body that is being read, and who reads its texts.
#[derive(Debug)]
pub struct Reading<T> {
    decoder: Option<Decoder>,
    /// What is changed in the decoded body before it is read.
    splice: Option<Splice>,
    scanner: Scanner,
    reader: Reader,
    texts: T,
    unreadable: Option<Unreadable>,
    /// Bytes of the decoded body.
    length: u64,
}

/// Whoever reads the texts of a body.
pub trait Texts {
    /// Takes a key, string or number, or a part of a long one.
    fn block(&mut self, block: &Block<'_>, history: &mut History);
}

/// What a body holds, once it was read.
#[derive(Debug)]
pub struct Read {
    /// What it asks for, as far as it could be read.
    pub asked: Asked,
    /// What the detectors found.
    pub tally: Tally,
    /// Why it could not be read whole, if so.
    pub unreadable: Option<Unreadable>,
    /// How much text there was.
    pub volume: Volume,
    /// Bytes of the decoded body.
    pub length: u64,
}

/// Hands the document's events to all who want them.
struct Fan<'a, T> {
    reader: &'a mut Reader,
    texts: &'a mut T,
    history: &'a mut History,
}

// === impl Reading ===

impl<T: Texts> Reading<T> {
    /// A body of which nothing has come yet.
    pub fn new(api: Api, texts: T, decoder: Result<Option<Decoder>, Unreadable>) -> Self {
        let unreadable = decoder.as_ref().err().copied();
        Self {
            decoder: decoder.ok().flatten(),
            splice: None,
            scanner: Scanner::new(),
            reader: Reader::new(api),
            texts,
            unreadable,
            length: 0,
        }
    }

    /// Reads the body as it is with these changes.
    #[must_use]
    pub fn changed(mut self, edits: &[Edit]) -> Self {
        self.splice = Some(Splice::new(edits.iter().cloned().map(Into::into).collect()));
        self
    }

    /// Says that the body cannot be read, for a reason that lies outside it.
    pub fn give_up(&mut self, reason: Unreadable) {
        self.unreadable.get_or_insert(reason);
    }

    /// Reads the body's next bytes.
    pub fn feed(&mut self, chunk: &[u8], history: &mut History) {
        if self.unreadable.is_some() {
            return;
        }
        let Self { decoder, splice, scanner, reader, texts, length, .. } = self;
        let mut fan = Fan { reader, texts, history };
        let mut scanned = Ok(());
        let mut changed = Vec::new();
        let mut scan = |bytes: &[u8]| {
            *length += bytes.len() as u64;
            if scanned.is_err() {
                return;
            }
            scanned = match splice {
                Some(splice) => {
                    changed.clear();
                    splice.feed(bytes, &mut changed);
                    scanner.feed(&changed, &mut fan)
                }
                None => scanner.feed(bytes, &mut fan),
            };
        };
        let decoded = match decoder {
            Some(decoder) => decoder.feed(chunk, &mut scan),
            None => {
                scan(chunk);
                Ok(())
            }
        };
        self.unreadable = decoded.err().or(scanned.err().map(|malformed| malformed.reason));
    }

    /// Says that the body has ended, and gives whoever read its texts; `None` if it could not be read whole.
    pub fn into_texts(mut self, history: &mut History) -> Option<T> {
        (self.unreadable.is_none() && self.end(history).is_ok()).then_some(self.texts)
    }

    fn end(&mut self, history: &mut History) -> Result<(), Unreadable> {
        if let Some(decoder) = &mut self.decoder {
            decoder.finish()?;
        }
        let mut fan = Fan { reader: &mut self.reader, texts: &mut self.texts, history };
        self.scanner.finish(&mut fan).map_err(|malformed: Malformed| malformed.reason)
    }
}

impl Reading<Classifier> {
    /// Reads a text of the request that does not stand in its body.
    pub fn text(&mut self, text: &str, history: &mut History) {
        self.texts.text(text, history);
    }

    /// Says that the request has ended, with or without a body, and what it was.
    pub fn finish(mut self, has_body: bool, history: &mut History) -> Read {
        if has_body && self.unreadable.is_none() {
            self.unreadable = self.end(history).err();
        }
        let (tally, volume) = self.texts.finish(history);
        let unreadable = self.unreadable.or(tally.is_none().then_some(Unreadable::WorkExhausted));
        Read { asked: self.reader.finish(), tally: tally.unwrap_or_default(), unreadable, volume, length: self.length }
    }
}

impl Texts for Classifier {
    fn block(&mut self, block: &Block<'_>, history: &mut History) {
        Classifier::block(self, block, history);
    }
}

impl Texts for Placing {
    fn block(&mut self, block: &Block<'_>, _: &mut History) {
        Placing::block(self, block);
    }
}

impl<T: Texts> Sink for Fan<'_, T> {
    fn begin(&mut self, container: Container, place: Place<'_>) {
        self.reader.begin(container, place);
    }

    fn end(&mut self, container: Container, end: u64) {
        self.reader.end(container, end);
    }

    fn literal(&mut self, literal: Literal, place: Place<'_>) {
        self.reader.literal(literal, place);
    }

    fn block(&mut self, block: &Block<'_>) {
        self.reader.block(block);
        if self.reader.is_text() {
            self.texts.block(block, self.history);
        }
    }
}
