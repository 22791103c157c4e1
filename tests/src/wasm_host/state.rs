//! What the host knows of the streams in a VM, with the rules by which Envoy lets a filter change them.

use std::collections::{BTreeMap, HashMap};

use wasmtime::{Memory, TypedFunc};

use super::{Message, Passed};

/// Headers or trailers, in order.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the ABI and say all")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

/// A line that the filter logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How grave it is.
    pub level: Level,
    /// What it says.
    pub message: String,
}

/// The filter's own answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers that the filter set.
    pub headers: Fields,
    /// The body.
    pub body: Vec<u8>,
}

/// Everything in a VM that belongs to the host.
#[derive(Default)]
pub struct State {
    pub memory: Option<Memory>,
    pub allocate: Option<TypedFunc<u32, u32>>,
    pub configuration: Vec<u8>,
    pub log: Vec<LogLine>,
    pub metrics: Vec<Metric>,
    pub calls: BTreeMap<&'static str, u64>,
    pub streams: HashMap<u32, Stream>,
    /// The context whose callback runs.
    pub current: u32,
    /// Seeds what passes for randomness, so that a run can be repeated.
    pub random: u64,
}

/// A metric that the filter has defined. Its id is its place.
pub struct Metric {
    pub name: String,
    pub kind: u32,
    pub value: u64,
}

/// One exchange in a VM.
#[derive(Default)]
pub struct Stream {
    pub request: Side,
    pub response: Side,
    pub properties: HashMap<String, Vec<u8>>,
    pub state: BTreeMap<String, Vec<u8>>,
    pub reply: Option<Reply>,
    pub routes_cleared: u32,
    /// The filter asked for the stream to go on.
    pub resumed: bool,
    /// The stream has ended: headers can be read again, but nothing changed.
    pub logging: bool,
}

/// One direction of an exchange.
#[derive(Default)]
pub struct Side {
    pub headers: Option<Fields>,
    pub trailers: Option<Fields>,
    /// What the filter can see of the body: what is held, and the chunk that just arrived.
    pub buffer: Option<Vec<u8>>,
    /// Headers have gone on, and can no longer be changed.
    pub gone: bool,
    body: Vec<u8>,
}

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// The answers of the ABI.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok = 0,
    NotFound = 1,
    BadArgument = 2,
}

// === impl State ===

impl State {
    pub fn count(&mut self, function: &'static str) {
        *self.calls.entry(function).or_default() += 1;
    }

    pub fn stream(&mut self) -> Option<&mut Stream> {
        self.streams.get_mut(&self.current)
    }

    /// The buffer of this ABI number, if it can be read now.
    pub fn buffer(&mut self, kind: u32) -> Option<&mut Vec<u8>> {
        match kind {
            0 => self.stream()?.request.buffer.as_mut(),
            1 => self.stream()?.response.buffer.as_mut(),
            7 => Some(&mut self.configuration),
            _ => None,
        }
    }

    /// The map of this ABI number, if it can be read now.
    pub fn map(&mut self, kind: u32) -> Option<&mut Fields> {
        let stream = self.stream()?;
        let logging = stream.logging;
        let side = if kind < 2 { &mut stream.request } else { &mut stream.response };
        match kind {
            0 | 2 if !side.gone || logging => side.headers.as_mut(),
            1 | 3 => side.trailers.as_mut(),
            _ => None,
        }
    }

    /// The map of this ABI number, if it can be changed now.
    pub fn changeable_map(&mut self, kind: u32) -> Option<&mut Fields> {
        if self.stream()?.logging { None } else { self.map(kind) }
    }

    pub fn property(&mut self, path: &str) -> Option<&[u8]> {
        let stream = self.stream()?;
        stream.state.get(path).or_else(|| stream.properties.get(path)).map(Vec::as_slice)
    }
}

// === impl Stream ===

impl Stream {
    pub fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

// === impl Side ===

impl Side {
    pub fn open(&mut self, headers: Fields) {
        self.headers = Some(headers);
    }

    /// Takes in a piece of the body, and says how much of it the filter can now see.
    pub fn arrive(&mut self, chunk: Vec<u8>) -> usize {
        let buffer = self.buffer.get_or_insert_default();
        buffer.extend(chunk);
        buffer.len()
    }

    /// After a callback: what is held stays, or goes on.
    pub fn settle(&mut self, going: bool) {
        if going {
            self.gone = true;
            self.body.extend(self.buffer.take().unwrap_or_default());
        }
    }

    pub fn passed(&self) -> Passed {
        Passed {
            headers: self.headers.clone().unwrap_or_default(),
            body: self.body.clone(),
            trailers: self.trailers.clone().unwrap_or_default(),
        }
    }
}

// === impl Direction ===

impl Direction {
    pub fn callbacks(self) -> [&'static str; 3] {
        match self {
            Self::Request => ["proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers"],
            Self::Response => ["proxy_on_response_headers", "proxy_on_response_body", "proxy_on_response_trailers"],
        }
    }
}

// === impl Reply ===

impl Reply {
    /// The answer as Envoy leads it back through the filter.
    pub fn as_message(&self) -> Message {
        let status = (b":status".to_vec(), self.status.to_string().into_bytes());
        let length = (b"content-length".to_vec(), self.body.len().to_string().into_bytes());
        let headers = [status, length].into_iter().chain(self.headers.iter().cloned()).collect();
        let chunks = Some(self.body.clone()).filter(|body| !body.is_empty()).into_iter().collect();
        Message { headers, chunks, trailers: vec![] }
    }
}

// === impl Level ===

impl Level {
    /// The level of this ABI number.
    pub fn of(number: u32) -> Self {
        match number {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            _ => Self::Critical,
        }
    }
}

/// Envoy's rule for changing a buffer: replace its front, or append behind its end.
pub fn set_buffer(buffer: &mut Vec<u8>, start: usize, size: usize, data: &[u8]) -> Status {
    if start == 0 {
        buffer.splice(..size.min(buffer.len()), data.iter().copied());
    } else if start >= buffer.len() {
        buffer.extend_from_slice(data);
    } else {
        return Status::BadArgument;
    }
    Status::Ok
}
