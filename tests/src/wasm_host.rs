//! A host for the real filter module: answers its calls with Envoy's semantics, without an Envoy.
//!
//! It plays the part of one Envoy worker: a [`Host`] is one VM with one configured plugin, and an [`Exchange`] goes through it
//! callback by callback. It does not script which calls the filter makes; it answers whatever is asked and shows what came out.

mod imports;
mod state;
mod wasi;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use wasmtime::{Config, Engine, Linker, Module, OptLevel, Store, TypedFunc, WasmParams, WasmResults};

use state::{Direction, State, Stream};
pub use state::{Fields, Level, LogLine, Reply};

/// One VM with the filter in it.
pub struct Host {
    store: Store<State>,
    instance: wasmtime::Instance,
    root: u32,
    contexts: u32,
    trap: Option<String>,
    busy: Duration,
}

/// A request and the answer to it, as they reach the filter.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The request.
    pub request: Message,
    /// The answer, should the request pass.
    pub response: Message,
    /// What the filter can read by `get_property` besides its own filter state: path elements joined by NUL, and the value.
    pub properties: HashMap<String, Vec<u8>>,
    /// Whether this is an attempt in an upstream filter chain, for which Envoy calls no `on_log`.
    pub upstream: bool,
}

/// One half of an exchange.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Headers, pseudo headers among them.
    pub headers: Fields,
    /// The body, in the pieces in which it arrives.
    pub chunks: Vec<Vec<u8>>,
    /// Trailers.
    pub trailers: Fields,
}

/// What came out of an exchange.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The request as it went on, if it did.
    pub request: Option<Passed>,
    /// The filter's own answer, if it gave one.
    pub reply: Option<Reply>,
    /// The answer as it went on to the client: the provider's, or the filter's own.
    pub response: Option<Passed>,
    /// The filter state that the filter wrote, by name.
    pub state: BTreeMap<String, Vec<u8>>,
    /// How often the filter had the route chosen anew.
    pub routes_cleared: u32,
    /// Why the VM died, if it did.
    pub trap: Option<String>,
}

/// A message as it left the filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Headers.
    pub headers: Fields,
    /// The body, whole.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Fields,
}

// === impl Host ===

impl Host {
    /// Starts a VM with this module and configures the plugin. The error is what the filter logged.
    pub fn load(module: &Path, configuration: &[u8]) -> Result<Self, Vec<LogLine>> {
        let module = compiled(module);
        let engine = module.engine();
        let mut linker = Linker::new(engine);
        imports::link(&mut linker).and_then(|()| wasi::link(&mut linker)).expect("no import is defined twice");
        linker.define_unknown_imports_as_traps(&module).expect("the module's imports are functions");
        let mut store = Store::new(engine, State::default());
        let instance = linker.instantiate(&mut store, &module).expect("the module can be instantiated");
        let (root, contexts, trap, busy) = (0, 0, None, Duration::ZERO);
        let mut host = Self { store, instance, root, contexts, trap, busy };
        host.start(configuration)?;
        Ok(host)
    }

    /// Configures the plugin anew in the same VM, as Envoy does on an update. If that fails, the old configuration stays.
    pub fn configure(&mut self, configuration: &[u8]) -> Result<(), Vec<LogLine>> {
        let old = self.root;
        self.configure_root(configuration)?;
        if old != 0 {
            let _ = self.call::<u32, u32>("proxy_on_done", old).map(|_| self.call::<u32, ()>("proxy_on_delete", old));
        }
        Ok(())
    }

    /// Leads an exchange through the filter, to its end.
    pub fn exchange(&mut self, exchange: Exchange) -> Outcome {
        self.contexts += 1;
        let context = self.contexts;
        let stream = Stream { properties: exchange.properties, ..Stream::default() };
        self.store.data_mut().streams.insert(context, stream);
        let mut outcome = Outcome::default();
        let run = self.run(context, exchange.request, exchange.response, exchange.upstream, &mut outcome);
        if let Err(trap) = run {
            self.trap = Some(trap.clone());
            outcome.trap = Some(trap);
        }
        let stream = self.store.data_mut().streams.remove(&context).unwrap_or_default();
        outcome.reply = stream.reply;
        outcome.state = stream.state;
        outcome.routes_cleared = stream.routes_cleared;
        outcome
    }

    /// Lets a tick pass.
    pub fn tick(&mut self) -> Result<(), String> {
        self.store.data_mut().current = self.root;
        self.call("proxy_on_tick", self.root)
    }

    /// Everything that the filter has logged, oldest first.
    pub fn log(&self) -> &[LogLine] {
        &self.store.data().log
    }

    /// All counters and gauges, by name; of a histogram, how often it was recorded.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        self.store.data().metrics.iter().map(|metric| (metric.name.clone(), metric.value)).collect()
    }

    /// How often the filter has called the host, by function.
    pub fn calls(&self) -> &BTreeMap<&'static str, u64> {
        &self.store.data().calls
    }

    /// The time spent in the VM so far, host calls included.
    pub fn busy(&self) -> Duration {
        self.busy
    }

    /// The size of the VM's memory in bytes.
    pub fn memory(&mut self) -> usize {
        self.instance.get_memory(&mut self.store, "memory").map_or(0, |memory| memory.data_size(&self.store))
    }

    fn start(&mut self, configuration: &[u8]) -> Result<(), Vec<LogLine>> {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        self.store.data_mut().memory = memory;
        let allocate = self.instance.get_typed_func(&mut self.store, "proxy_on_memory_allocate");
        self.store.data_mut().allocate = Some(allocate.expect("the module lets the host allocate"));
        if self.instance.get_func(&mut self.store, "_initialize").is_some() {
            self.call::<(), ()>("_initialize", ()).map_err(|trap| self.log_with(trap))?;
        }
        self.configure_root(configuration)
    }

    fn configure_root(&mut self, configuration: &[u8]) -> Result<(), Vec<LogLine>> {
        self.contexts += 1;
        let root = self.contexts;
        let before = self.log().len();
        self.store.data_mut().current = root;
        self.store.data_mut().configuration = configuration.to_vec();
        let size = u32::try_from(configuration.len()).expect("a configuration is smaller than 4 GiB");
        let configured = self
            .call::<_, ()>("proxy_on_context_create", (root, 0))
            .and_then(|()| self.call::<_, u32>("proxy_on_vm_start", (root, 0)))
            .and_then(|started| Ok(started != 0 && self.call::<_, u32>("proxy_on_configure", (root, size))? != 0));
        match configured {
            Ok(true) => {
                self.root = root;
                Ok(())
            }
            Ok(false) => Err(self.log()[before..].to_vec()),
            Err(trap) => Err(self.log_with(trap)),
        }
    }

    fn run(
        &mut self,
        context: u32,
        request: Message,
        response: Message,
        upstream: bool,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        self.store.data_mut().current = context;
        self.call::<_, ()>("proxy_on_context_create", (context, self.root))?;
        outcome.request = self.pass(context, Direction::Request, request)?;
        let reply = self.stream(context).reply.clone();
        let answer = match (&reply, &outcome.request) {
            (Some(reply), _) => Some(reply.as_message()),
            (None, Some(_)) if !response.headers.is_empty() => Some(response),
            (None, _) => None,
        };
        if let Some(answer) = answer {
            outcome.response = self.pass(context, Direction::Response, answer)?;
        }
        self.stream(context).logging = true;
        if !upstream {
            self.call::<_, ()>("proxy_on_log", context)?;
        }
        self.call::<_, u32>("proxy_on_done", context)?;
        self.call::<_, ()>("proxy_on_delete", context)
    }

    /// Leads a message through the filter. `None` if it did not pass: held for ever, or answered by the filter.
    fn pass(&mut self, context: u32, direction: Direction, message: Message) -> Result<Option<Passed>, String> {
        let Message { headers, chunks, trailers } = message;
        let [on_headers, on_body, on_trailers] = direction.callbacks();
        let replied_before = self.stream(context).reply.is_some();
        let replied = |stream: &Stream| !replied_before && stream.reply.is_some();

        let count = length(headers.len());
        self.stream(context).side(direction).open(headers);
        let ends = chunks.is_empty() && trailers.is_empty();
        let mut going = self.callback(on_headers, context, (context, count, u32::from(ends)))?;
        if replied(self.stream(context)) {
            return Ok(None);
        }
        self.stream(context).side(direction).settle(going);

        let last = chunks.len().checked_sub(1).filter(|_| trailers.is_empty());
        for (index, chunk) in chunks.into_iter().enumerate() {
            let size = self.stream(context).side(direction).arrive(chunk);
            going = self.callback(on_body, context, (context, length(size), u32::from(Some(index) == last)))?;
            if replied(self.stream(context)) {
                return Ok(None);
            }
            self.stream(context).side(direction).settle(going);
        }
        if !trailers.is_empty() {
            let count = length(trailers.len());
            self.stream(context).side(direction).trailers = Some(trailers);
            going = self.callback(on_trailers, context, (context, count))?;
            if replied(self.stream(context)) {
                return Ok(None);
            }
            self.stream(context).side(direction).settle(going);
        }
        Ok(going.then(|| self.stream(context).side(direction).passed()))
    }

    /// Calls back and says whether the stream goes on.
    fn callback<P: WasmParams>(&mut self, name: &str, context: u32, arguments: P) -> Result<bool, String> {
        let action: u32 = self.call(name, arguments)?;
        let resumed = std::mem::take(&mut self.stream(context).resumed);
        Ok(action == 0 || resumed)
    }

    fn stream(&mut self, context: u32) -> &mut Stream {
        self.store.data_mut().streams.entry(context).or_default()
    }

    /// Calls a function of the module. A module without it does nothing, as in Envoy.
    fn call<P: WasmParams, R: WasmResults + Default>(&mut self, name: &str, arguments: P) -> Result<R, String> {
        if let Some(trap) = &self.trap {
            return Err(format!("the VM is dead: {trap}"));
        }
        let Ok(function) = self.instance.get_typed_func(&mut self.store, name) else { return Ok(R::default()) };
        let function: TypedFunc<P, R> = function;
        let start = Instant::now();
        let result = function.call(&mut self.store, arguments);
        self.busy += start.elapsed();
        result.map_err(|trap| format!("{name}: {trap:?}"))
    }

    fn log_with(&self, trap: String) -> Vec<LogLine> {
        let mut log = self.log().to_vec();
        log.push(LogLine { level: Level::Critical, message: trap });
        log
    }
}

// === impl Exchange ===

impl Exchange {
    /// An exchange with this request, and an empty answer with status 200.
    pub fn new(request: Message) -> Self {
        let response = Message::new([(":status", "200")]);
        Self { request, response, ..Self::default() }
    }
}

// === impl Message ===

impl Message {
    /// A message with these headers and no body.
    pub fn new<const N: usize>(headers: [(&str, &str); N]) -> Self {
        let headers = headers.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        Self { headers: headers.to_vec(), ..Self::default() }
    }

    /// A POST of a JSON body to this path, the body in one piece.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = [
            (":method", "POST"),
            (":path", path),
            (":authority", "mesh.example"),
            (":scheme", "http"),
            ("content-type", "application/json"),
        ];
        Self { chunks: vec![body.into()], ..Self::new(headers) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_bytes().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Cuts the body into pieces of so many bytes.
    #[must_use]
    pub fn in_chunks_of(mut self, size: usize) -> Self {
        self.chunks = self.chunks.concat().chunks(size).map(<[u8]>::to_vec).collect();
        self
    }
}

// === impl Passed ===

impl Passed {
    /// The first value of a header as text; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(known, _)| known == name.as_bytes());
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    }
}

fn length(size: usize) -> u32 {
    u32::try_from(size).expect("what goes into a VM is smaller than 4 GiB")
}

/// Compiles a module once in the life of this process.
fn compiled(path: &Path) -> Module {
    static COMPILED: LazyLock<Mutex<HashMap<PathBuf, Module>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().expect("compiling does not panic");
    let module = compiled.entry(path.to_owned()).or_insert_with(|| {
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::Speed);
        let engine = Engine::new(&config).expect("this machine is supported");
        Module::from_file(&engine, path).unwrap_or_else(|error| panic!("compiling `{}`: {error:?}", path.display()))
    });
    module.clone()
}
