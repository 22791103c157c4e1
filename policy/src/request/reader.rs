//! What a body wants, read from the events of its document.

mod field;
mod frame;
mod payload;
mod size;
mod stream_options;
mod word;

use super::{Api, Asked, Capability, Exempt, Model, Opaque};
use crate::document::{Block, Container, Kind, Literal, Place, unescape};
use field::Field;
use frame::{Frame, Scope};
use payload::{Payload, is_base64, is_blob};
use size::Size;
use stream_options::StreamOptions;
use word::{Word, is_client_tool, is_known};

/// Reads what a request asks for, as its document streams by, and says which of its strings are text.
///
/// Structure counts wherever a provider may read it, in any API: it is better to take too much for opaque than too
/// little. Only in what the client defines itself (schemas, arguments of tools, metadata) does no key mean anything,
/// and that only in an API that is known.
#[derive(Debug)]
pub struct Reader {
    api: Api,
    asked: Asked,
    frames: Vec<Frame>,
    /// Why the last block is not text.
    exempt: Option<Exempt>,
    /// What the string that is being read began as.
    payload: Option<Payload>,
    options: StreamOptions,
    size: Size,
}

// === impl Reader ===

impl Reader {
    /// A reader at the start of a body sent to this API.
    pub fn new(api: Api) -> Self {
        let (asked, options, size) = (Asked::default(), StreamOptions::default(), Size::default());
        Self { api, asked, frames: Vec::new(), exempt: None, payload: None, options, size }
    }

    /// An object or array begins.
    pub fn begin(&mut self, container: Container, place: Place<'_>) {
        let frame = Frame::within(self.frames.last(), container, self.api);
        if container == Container::Object {
            if self.frames.is_empty() {
                self.options = StreamOptions::Absent(place.at + 1);
            } else if self.at(Scope::Root) == Some(Field::StreamOptions) {
                self.options = StreamOptions::Given { at: place.at + 1, empty: true };
            }
            // A stored prompt is an object, a written one a string or an array.
            if self.at(Scope::Root) == Some(Field::Prompt) {
                self.opaque(Opaque::Reference);
            }
            self.value();
        }
        // The schema of the answer, in Ollama's way.
        if frame.scope == Scope::Own && self.at(Scope::Root) == Some(Field::Format) {
            self.asked.needs.insert(Capability::Json);
        }
        self.frames.push(frame);
    }

    /// The innermost object or array ends.
    pub fn end(&mut self, _container: Container, _end: u64) {
        let Some(frame) = self.frames.pop() else { return };
        let api = self.api;
        match (frame.scope, frame.word) {
            (Scope::Part, Word::Opaque(Opaque::Image)) => self.size.images += 1,
            (Scope::Part, Word::Unknown) if frame.blob => self.opaque(Opaque::Unknown),
            // An item of which nothing but its id is sent is one that the provider has stored.
            (Scope::Part, Word::Absent) if frame.id && !frame.role && matches!(api, Api::Responses | Api::Other) => {
                self.opaque(Opaque::Reference);
            }
            _ => {}
        }
        if frame.foreign && !matches!(frame.word, Word::Opaque(_)) {
            self.opaque(Opaque::File);
        }
        if let Some(outer) = self.frames.last_mut() {
            outer.foreign |= frame.scope == Scope::Source && frame.word != Word::Text;
            outer.blob |= frame.blob;
        }
    }

    /// `true`, `false` or `null`.
    pub fn literal(&mut self, literal: Literal, place: Place<'_>) {
        match self.at(Scope::Root) {
            Some(Field::Stream) if literal != Literal::Null => self.asked.stream = Some(literal == Literal::True),
            Some(Field::StreamOptions) => self.options.literal(literal, place.at),
            None if self.is_in_options() && self.at(Scope::Plain) == Some(Field::IncludeUsage) => {
                self.options.include(literal, place.at);
            }
            _ => {}
        }
    }

    /// A key, string or number, or a part of a long one. [`Reader::is_text`] says whether it is to be read.
    pub fn block(&mut self, block: &Block<'_>) {
        self.exempt = match block.kind {
            Kind::Key => self.key(block),
            Kind::Number => self.number(block),
            Kind::Text => self.text(block),
        };
        if self.exempt != Some(Exempt::Payload) {
            self.size.add(block.fresh());
        }
    }

    /// Whether the last block is text.
    pub fn is_text(&self) -> bool {
        self.exempt.is_none()
    }

    /// The rule by which the last block is not text.
    pub fn exempt(&self) -> Option<Exempt> {
        self.exempt
    }

    /// What the body asked for.
    pub fn finish(self) -> Asked {
        let mut asked = self.asked;
        let has = |kind| asked.opaque.contains(&kind);
        let (sees, hears) = (has(Opaque::Image) || has(Opaque::Video), has(Opaque::Audio));
        asked.needs.extend(sees.then_some(Capability::Vision));
        asked.needs.extend(hears.then_some(Capability::Audio));
        asked.tokens = self.size.tokens();
        asked.ask_usage = self.options.ask().filter(|_| asked.stream == Some(true));
        asked
    }

    /// Takes note that an object, a number or a string that is not empty stands where we are.
    fn value(&mut self) {
        let Some(&Frame { scope, field, .. }) = self.frames.last() else { return };
        match (scope, field) {
            (Scope::Own, _) => {}
            (Scope::Tools, _) if self.frames.len() == 2 => {
                self.asked.needs.insert(Capability::Tools);
            }
            // The voice of the answer.
            (Scope::Root, Field::Audio) => {
                self.asked.needs.insert(Capability::Audio);
            }
            (_, field) => {
                if let Some(kind) = field.opaque() {
                    self.opaque(kind);
                }
                self.size.images += u64::from(field == Field::Image);
            }
        }
    }

    fn key(&mut self, block: &Block<'_>) -> Option<Exempt> {
        let whole = block.first && block.last;
        let (field, exact) = if whole { Field::of(block.raw) } else { (Field::Other, false) };
        if self.is_in_options() {
            self.options.key(field == Field::IncludeUsage);
        } else if field == Field::StreamOptions && self.frames.last().is_some_and(|frame| frame.scope == Scope::Root) {
            // What they are comes next.
            self.options = StreamOptions::Settled;
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.field = field;
            frame.id |= field == Field::Id;
            frame.role |= field == Field::Role;
        }
        exact.then_some(Exempt::Field)
    }

    fn number(&mut self, block: &Block<'_>) -> Option<Exempt> {
        let &Frame { scope, field, .. } = self.frames.last()?;
        match (scope, field) {
            (Scope::Inputs, _) => self.opaque(Opaque::Tokens),
            (Scope::Root, Field::MaxTokens) | (Scope::Options, Field::NumPredict) => {
                let most = whole_number(block).max(self.asked.max_output_tokens);
                self.asked.max_output_tokens = most;
            }
            _ => {}
        }
        (block.first && block.last && block.raw.len() < Exempt::SHORT_NUMBER).then_some(Exempt::ShortNumber)
    }

    fn text(&mut self, block: &Block<'_>) -> Option<Exempt> {
        if block.first {
            self.payload = Payload::of(block.raw).filter(|_| self.is_payload_place());
            match block.raw {
                [] => self.asked.unsigned |= self.is_signature(),
                _ => self.value(),
            }
        }
        if let Some(frame) = self.frames.last_mut()
            && is_blob(block.raw)
        {
            frame.blob = true;
        }
        if let Some(payload) = self.payload {
            return self.payload(payload, block);
        }
        if !(block.first && block.last) {
            return None;
        }
        self.whole_text(block)
    }

    /// Whether the string that begins is where Anthropic's format has the signature of a thought.
    fn is_signature(&self) -> bool {
        self.api == Api::Messages && self.at(Scope::Part) == Some(Field::Signature)
    }

    /// Reads a string that came in one block.
    fn whole_text(&mut self, block: &Block<'_>) -> Option<Exempt> {
        let frame = *self.frames.last()?;
        let mut room = String::new();
        match (frame.scope, frame.field) {
            (Scope::Root, Field::Model) => self.model(block),
            (Scope::Root, Field::Format) if block.raw == b"json" => {
                self.asked.needs.insert(Capability::Json);
            }
            (Scope::Plain, Field::Modalities) if unescape(block.raw, &mut room) == "audio" => {
                self.asked.needs.insert(Capability::Audio);
            }
            (Scope::Own, _) => {}
            (_, Field::Type) => self.word(unescape(block.raw, &mut room)),
            _ => {}
        }
        let is_word = matches!(frame.field, Field::Type | Field::Role) && frame.container == Container::Object;
        let known = is_word && std::str::from_utf8(block.raw).is_ok_and(is_known);
        known.then_some(Exempt::Word)
    }

    fn model(&mut self, block: &Block<'_>) {
        let mut room = String::new();
        let name = unescape(block.raw, &mut room);
        if name.len() <= Model::LONGEST {
            let end = block.at + block.raw.len() as u64 + 1;
            self.asked.model = Some(Model { name: name.to_owned(), span: block.place.at..end });
        }
    }

    /// Takes the `type` of the innermost object.
    fn word(&mut self, value: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        match frame.scope {
            Scope::Tool if !is_client_tool(value) => self.opaque(Opaque::RemoteTool),
            Scope::Tool => {}
            Scope::Format if matches!(value, "json_object" | "json_schema") => {
                self.asked.needs.insert(Capability::Json);
            }
            // `text` and `content` are sources that can be read; `base64`, `url`, `file` and what may come are not.
            Scope::Source => frame.word = if matches!(value, "text" | "content") { Word::Text } else { Word::Unknown },
            _ => {
                frame.word = Word::of(value);
                if let Word::Opaque(kind) = frame.word {
                    self.opaque(kind);
                }
            }
        }
    }

    /// Whether the formats have base64 where we are.
    fn is_payload_place(&self) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        match (frame.scope, frame.field) {
            (Scope::Own, _) => false,
            (Scope::Source | Scope::Media, Field::Data | Field::Url) => true,
            (Scope::Part, Field::Result) => frame.word == Word::Opaque(Opaque::Image),
            (_, field) => matches!(field, Field::ImageUrl | Field::Image | Field::FileData | Field::Video),
        }
    }

    fn payload(&mut self, payload: Payload, block: &Block<'_>) -> Option<Exempt> {
        let skipped = if block.first { payload.start } else { block.overlap };
        if !block.raw.get(skipped..).is_some_and(is_base64) {
            return None;
        }
        // INVARIANT: what is exempt as a payload is opaque, whatever the structure around it says.
        self.opaque(payload.kind);
        if payload.kind != Opaque::Image {
            self.size.payload += block.fresh().len() as u64;
        }
        Some(Exempt::Payload)
    }

    /// Whether the innermost object is the `stream_options` of the body.
    fn is_in_options(&self) -> bool {
        matches!(self.frames.as_slice(), [root, options]
            if root.scope == Scope::Root && root.field == Field::StreamOptions && options.container == Container::Object)
    }

    /// The key of the value that comes, if the innermost object or array is of this scope.
    fn at(&self, scope: Scope) -> Option<Field> {
        self.frames.last().filter(|frame| frame.scope == scope).map(|frame| frame.field)
    }

    fn opaque(&mut self, kind: Opaque) {
        self.asked.opaque.insert(kind);
    }
}

/// The number in a block, rounded down, if it is not negative.
fn whole_number(block: &Block<'_>) -> Option<u64> {
    let text = std::str::from_utf8(block.raw).ok().filter(|_| block.first && block.last)?;
    text.parse().ok().or_else(|| text.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| number as u64))
}

#[cfg(test)]
mod tests;
