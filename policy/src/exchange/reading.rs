//! A request's body as it is read: decoded, scanned, classified, and asked what it wants.

use crate::classify::{Classifier, History, Tally, Volume};
use crate::coding::Decoder;
use crate::document::{Block, Container, Literal, Malformed, Place, Scanner, Sink};
use crate::request::{Api, Asked, Reader, Unreadable};

/// A body that is being read.
#[derive(Debug)]
pub struct Reading {
    decoder: Option<Decoder>,
    scanner: Scanner,
    reader: Reader,
    classifier: Classifier,
    unreadable: Option<Unreadable>,
    /// Bytes of the decoded body.
    length: u64,
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
struct Fan<'a> {
    reader: &'a mut Reader,
    classifier: &'a mut Classifier,
    history: &'a mut History,
}

// === impl Reading ===

impl Reading {
    /// A body of which nothing has come yet.
    pub fn new(api: Api, classifier: Classifier, decoder: Result<Option<Decoder>, Unreadable>) -> Self {
        let unreadable = decoder.as_ref().err().copied();
        Self {
            decoder: decoder.ok().flatten(),
            scanner: Scanner::new(),
            reader: Reader::new(api),
            classifier,
            unreadable,
            length: 0,
        }
    }

    /// Reads a text of the request that does not stand in its body.
    pub fn text(&mut self, text: &str, history: &mut History) {
        self.classifier.text(text, history);
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
        let Self { decoder, scanner, reader, classifier, length, .. } = self;
        let mut fan = Fan { reader, classifier, history };
        let mut scanned = Ok(());
        let mut scan = |bytes: &[u8]| {
            *length += bytes.len() as u64;
            if scanned.is_ok() {
                scanned = scanner.feed(bytes, &mut fan);
            }
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

    /// Says that the request has ended, with or without a body, and what it was.
    pub fn finish(mut self, has_body: bool, history: &mut History) -> Read {
        if has_body && self.unreadable.is_none() {
            self.unreadable = self.end(history).err();
        }
        let (tally, volume) = self.classifier.finish(history);
        let unreadable = self.unreadable.or(tally.is_none().then_some(Unreadable::WorkExhausted));
        Read { asked: self.reader.finish(), tally: tally.unwrap_or_default(), unreadable, volume, length: self.length }
    }

    fn end(&mut self, history: &mut History) -> Result<(), Unreadable> {
        if let Some(decoder) = &mut self.decoder {
            decoder.finish()?;
        }
        let mut fan = Fan { reader: &mut self.reader, classifier: &mut self.classifier, history };
        self.scanner.finish(&mut fan).map_err(|malformed: Malformed| malformed.reason)
    }
}

impl Sink for Fan<'_> {
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
            self.classifier.block(block, self.history);
        }
    }
}
