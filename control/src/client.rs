//! The commands' way to the control service.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Where the control service is, and who asks it.
#[derive(Clone, Debug, clap::Args)]
pub struct Server {
    /// The API of the control service.
    #[arg(long, env = "POLICYMESH_SERVER", default_value = "http://127.0.0.1:18080", value_name = "URL")]
    server: String,

    /// The token to show it, where it wants one. Better in the environment than on the command line, which others can see.
    #[arg(long, env = "POLICYMESH_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,

    /// The authorities that its certificate must be from, PEM, instead of those that browsers trust.
    #[arg(long, env = "POLICYMESH_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// A client of the control service.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What the service answered.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The revision in the ETag, if there is one.
    pub revision: Option<u64>,
    body: Vec<u8>,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 256 << 20;

// === impl Server ===

impl Server {
    /// A client of it.
    pub fn client(&self) -> anyhow::Result<Client> {
        if !self.server.starts_with("http://") && !self.server.starts_with("https://") {
            bail!("`{}` is no URL: write it as http://HOST:PORT", self.server);
        }
        let tls = TlsConfig::builder().root_certs(authorities("--ca", self.ca.as_deref())?).build();
        let agent = agent(tls, Some(PATIENCE));
        Ok(Client { agent, base: self.server.trim_end_matches('/').to_owned(), token: self.token.clone() })
    }
}

/// The authorities in this file; without one, those that browsers trust.
pub fn authorities(option: &str, path: Option<&Path>) -> anyhow::Result<RootCerts> {
    let Some(path) = path else { return Ok(RootCerts::WebPki) };
    let pem = std::fs::read(path).with_context(|| format!("{option}: cannot read `{}`", path.display()))?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(reason) => Some(Err(reason)),
        })
        .collect::<Result<_, _>>()
        .with_context(|| format!("{option}: `{}` is no PEM", path.display()))?;
    anyhow::ensure!(!certificates.is_empty(), "{option}: `{}` has no certificate in PEM", path.display());
    Ok(RootCerts::from(certificates))
}

fn agent(tls: TlsConfig, patience: Option<Duration>) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(patience)
        .tls_config(tls)
        // The service is inside; what a proxy would see of it is nobody's business.
        .proxy(None)
        .build()
        .new_agent()
}

// === impl Client ===

impl Client {
    /// The same, which waits for as long as an answer takes.
    pub fn patient(self) -> Self {
        Self { agent: agent(self.agent.config().tls_config().clone(), None), ..self }
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.agent.get(self.url(path));
        self.read(self.signed(request).call(), LONGEST)
    }

    /// Asks for something unless it is this still, by its ETag, and takes no more than so many bytes.
    pub fn get_unless(&self, path: &str, tag: Option<&str>, longest: u64) -> anyhow::Result<Answer> {
        let request = self.signed(self.agent.get(self.url(path)));
        let request = match tag {
            Some(tag) => request.header("if-none-match", tag),
            None => request,
        };
        self.read(request.call(), longest)
    }

    /// Asks for something long, to be read as it comes.
    pub fn stream(&self, path: &str) -> anyhow::Result<Box<dyn BufRead>> {
        // However long it takes: it is the chain as a whole.
        let request = self.agent.get(self.url(path)).config().timeout_global(None).build();
        let answer = self.signed(request).call().with_context(|| self.unreachable())?;
        if !answer.status().is_success() {
            let _: Value = self.read(Ok(answer), LONGEST)?.json()?;
            bail!("the service answers with nothing");
        }
        Ok(Box::new(BufReader::new(answer.into_body().into_reader())))
    }

    fn unreachable(&self) -> String {
        let doubt =
            if self.base.starts_with("https://") { ", with a certificate of an authority that --ca names" } else { "" };
        format!("cannot reach the control service at {}: is `policymesh serve` running{doubt}?", self.base)
    }

    /// Sends something. `revision` is what the change is based on.
    pub fn post(&self, path: &str, revision: Option<u64>, body: &impl Serialize) -> anyhow::Result<Answer> {
        let request = based_on(revision, self.signed(self.agent.post(self.url(path))));
        self.read(request.send_json(body), LONGEST)
    }

    /// Sends what is to be in the place of something. `revision` is what the change is based on.
    pub fn put(&self, path: &str, revision: Option<u64>, body: &impl Serialize) -> anyhow::Result<Answer> {
        let request = based_on(revision, self.signed(self.agent.put(self.url(path))));
        self.read(request.send_json(body), LONGEST)
    }

    /// Has something taken away. `revision` is what the change is based on.
    pub fn delete(&self, path: &str, revision: Option<u64>) -> anyhow::Result<Answer> {
        let request = based_on(revision, self.signed(self.agent.delete(self.url(path))));
        self.read(request.call(), LONGEST)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn signed<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn read(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        longest: u64,
    ) -> anyhow::Result<Answer> {
        let mut answer = answer.with_context(|| self.unreachable())?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok());
        let revision = tag.and_then(|tag| tag.trim_matches('"').parse().ok());
        let body = answer.body_mut().with_config().limit(longest).read_to_vec();
        let body = body.with_context(|| format!("the answer of {} broke off", self.base))?;
        Ok(Answer { status: answer.status().as_u16(), revision, body })
    }
}

/// A request for a change to what is at this revision.
fn based_on<B>(revision: Option<u64>, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
    match revision {
        Some(revision) => request.header("if-match", format!("\"{revision}\"")),
        None => request,
    }
}

// === impl Answer ===

impl Answer {
    /// Nothing, if all went well; else an error that says what the service said.
    pub fn done(&self) -> anyhow::Result<()> {
        if (200..300).contains(&self.status) { Ok(()) } else { bail!("{}", self.problem()) }
    }

    /// What was answered, if all went well; else an error that says what the service said.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        self.done()?;
        serde_json::from_slice(&self.body).context("the answer is not what this command knows: is the service newer?")
    }

    /// What was answered as text, if all went well; else an error that says what the service said.
    pub fn text(&self) -> anyhow::Result<String> {
        self.done()?;
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }

    /// What was answered, as it came.
    pub fn bytes(&self) -> anyhow::Result<&[u8]> {
        self.done().map(|()| self.body.as_slice())
    }

    /// What was answered, if there was something to answer with.
    pub fn found<T: DeserializeOwned>(&self) -> anyhow::Result<Option<T>> {
        if self.status == 404 { Ok(None) } else { self.json().map(Some) }
    }

    /// What the service says is wrong, in its own words.
    pub fn problem(&self) -> String {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let Some(detail) = problem.get("detail").and_then(Value::as_str) else {
            return format!("the service answered with status {}", self.status);
        };
        let findings = problem.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match findings {
            // It is the detail already.
            [] | [_] => detail.to_owned(),
            findings => {
                findings.iter().fold(detail.to_owned(), |told, finding| told + "\n  " + &finding_on_a_line(finding))
            }
        }
    }
}

/// What the service says of a policy, with its place.
pub fn finding_on_a_line(finding: &Value) -> String {
    let word = |pointer: &str| part(finding, pointer).as_str().filter(|word| !word.is_empty());
    let [path, severity, message] = ["/path", "/severity", "/message"].map(|pointer| word(pointer).unwrap_or_default());
    let help = word("/help").map(|help| format!(" ({help})")).unwrap_or_default();
    let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
    format!("{place}{severity}: {message}{help}")
}

/// A part of a path, with what cannot stand in one escaped.
pub fn escaped(part: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    part.bytes().map(byte).collect()
}

/// The part of an answer at this JSON Pointer; `null` if there is none.
pub fn part<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    static NOTHING: Value = Value::Null;
    value.pointer(pointer).unwrap_or(&NOTHING)
}
