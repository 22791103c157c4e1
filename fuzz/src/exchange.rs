//! Any request, in any pieces, under any of some policies: it is decided, the same way however it is cut, and what is
//! secret goes to nobody who is not cleared for it.

use std::rc::Rc;

use policy::audit::Action;
use policy::exchange::{Arrival, Engine, Exchange, Header, Secrets, Step};
use policy::plan::{Attempt, Plan};
use policy::policy::Policy;
use policy::splice::Splice;

use super::input::Input;

/// A term that some policies look for. It is planted with room around it, which no neighbour can take away.
const SECRET: &str = "Bluebird";
const PLANTED: &[u8] = b" Bluebird ";

/// The only cluster that is cleared for it.
const CLEARED: &str = "local";

const PATHS: [&str; 10] = [
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/v1/embeddings",
    "/api/chat",
    "/api/generate",
    "/v1/models",
    "/v1/messages/count_tokens",
    "/team/v1/chat/completions?beta=true",
    "/%2e%2e/x?q=%ff",
];

const METHODS: [&str; 5] = ["POST", "POST", "GET", "PUT", "CONNECT"];

const HEADERS: [&str; 10] = [
    "content-type",
    "content-encoding",
    "content-length",
    "x-client-id",
    "x-team",
    "traceparent",
    "x-request-id",
    "anthropic-beta",
    "openai-beta",
    "upgrade",
];

const VALUES: [&str; 8] = [
    "application/json",
    "text/plain",
    "gzip",
    "br, zstd",
    "4294967296",
    "research",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "\u{feff}",
];

/// A request, and how it comes.
struct Request<'a> {
    headers: Vec<Header>,
    body: Vec<u8>,
    /// Whether the secret stands in it.
    secret: bool,
    /// The sizes of its pieces, over and over.
    pieces: &'a [u8],
    trailers: bool,
}

thread_local! {
    static ENGINES: Vec<Rc<Engine>> = POLICIES.iter().map(|policy| Rc::new(engine(policy))).collect();
}

/// Checks one input: a policy, headers, pieces, where the secret is planted, and the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let choice = input.number() % POLICIES.len();
    let engine = ENGINES.with(|engines| Rc::clone(&engines[choice]));
    let request = Request::read(input);
    let (whole, step) = request.lead(&engine, &[]);
    request.judge(&whole, &step);
    let (cut, again) = request.lead(&engine, request.pieces);
    request.judge(&cut, &again);
    let [one, other] = [&whole, &cut].map(|exchange| exchange.record());
    let readable =
        |record: &policy::audit::Record| record.facts.as_ref().is_some_and(|facts| facts.unreadable.is_none());
    assert_eq!(one.action, other.action);
    if readable(&one) && readable(&other) {
        // The second time, what was found the first time is remembered.
        assert_eq!((one.facts, one.decision), (other.facts, other.decision));
    }
}

// === impl Request ===

impl<'a> Request<'a> {
    fn read(mut input: Input<'a>) -> Self {
        let mut headers = vec![header(":method", input.pick(&METHODS)), header(":path", input.pick(&PATHS))];
        for _ in 0..input.number() % 4 {
            let name = input.pick(&HEADERS);
            headers.push(match input.number() {
                own @ 128.. => (name.to_owned(), input.bytes(own - 128).to_vec()),
                known => header(name, VALUES[known % VALUES.len()]),
            });
        }
        let trailers = input.number() % 4 == 1;
        let count = input.number() % 8;
        let pieces = input.bytes(count);
        let planted = input.number();
        let body = input.rest();
        let (secret, place) = (planted != 0, (planted - usize::from(planted != 0)) * body.len() / 254);
        let (before, after) = body.split_at(place.min(body.len()));
        let body = if secret { [before, PLANTED, after].concat() } else { body.to_vec() };
        Self { headers, body, secret, pieces, trailers }
    }

    /// Leads it through an exchange as Envoy would: the first step that does not hold it ends it.
    fn lead(&self, engine: &Rc<Engine>, pieces: &[u8]) -> (Exchange, Step) {
        let mut exchange = Exchange::new(Rc::clone(engine), Arrival { time: 1_800_000_000_000_000_000, sequence: 7 });
        let mut step = exchange.on_request_headers(&self.headers, &|_| None, self.body.is_empty() && !self.trailers);
        let mut sizes = pieces.iter().map(|size| usize::from(*size) + 1).cycle();
        let mut rest = self.body.as_slice();
        while step == Step::Hold && !rest.is_empty() {
            let (piece, after) = rest.split_at(sizes.next().unwrap_or(rest.len()).min(rest.len()));
            rest = after;
            step = exchange.on_request_body(piece, rest.is_empty() && !self.trailers);
        }
        if step == Step::Hold {
            assert!(self.trailers, "a request that is over is decided");
            step = exchange.on_request_trailers();
        }
        while step == Step::Reread {
            let (head, tail) = self.body.split_at(self.body.len() / 2);
            exchange.on_reread(head, false);
            step = exchange.on_reread(tail, true);
        }
        (exchange, step)
    }

    /// Whether the secret is gone from what an attempt sends.
    fn is_replaced(&self, plan: &Plan, attempt: &Attempt) -> bool {
        let Some(body) = plan.body.as_ref().filter(|body| attempt.redacted && !body.redaction.is_empty()) else {
            return false;
        };
        let mut sent = Vec::new();
        Splice::new(body.redaction.iter().cloned().map(Into::into).collect()).feed(&self.body, &mut sent);
        // Places are those in the decoded body.
        body.coding.is_some() || !sent.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    }

    fn judge(&self, exchange: &Exchange, step: &Step) {
        match step {
            Step::Hold | Step::Reread => panic!("a request that is over is decided"),
            Step::Answer(_) => {}
            Step::Refuse(refusal) => {
                assert!((400..500).contains(&refusal.status) && !refusal.message.contains(SECRET), "{refusal:?}");
            }
            Step::Forward(forward) => {
                let Plan { attempts, .. } = &forward.plan;
                assert_eq!(Plan::from_bytes(&forward.plan.to_bytes()).as_ref(), Some(&forward.plan));
                assert_eq!(attempts.first().map(|attempt| attempt.cluster.as_str()), Some(forward.cluster.as_str()));
                let leaks = |attempt: &Attempt| attempt.cluster != CLEARED && !self.is_replaced(&forward.plan, attempt);
                let leaks = attempts.iter().any(leaks);
                assert!(!(self.secret && leaks), "a secret leaves: {:?}", exchange.record());
            }
        }
        let record = exchange.record();
        assert_eq!(matches!(step, Step::Forward(_)), record.action == Action::Route);
        let written = serde_json::to_string(&record).expect("a record can be written");
        assert!(!written.contains(SECRET), "content in a record: {written}");
        let told = exchange.response_headers();
        let printable = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        assert!(told.iter().all(|(_, value)| printable(value)), "{told:?}");
    }
}

fn header(name: &str, value: &str) -> Header {
    (name.to_owned(), value.as_bytes().to_vec())
}

fn engine(policy: &str) -> Engine {
    let text = format!("{COMMON}{policy}");
    let (policy, _) = Policy::parse(text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Engine::new(policy, Secrets::default())
}

/// What all policies share: two providers, and one secret that only one of them may see.
const COMMON: &str = r#"
apiVersion: policymesh.dev/v1
kind: Policy
metadata: {name: fuzz}
spec:
  identity: {header: x-client-id}
  sensitivity:
    detectors: [{id: project-names, label: marking, level: restricted, terms: [Bluebird]}]
  providers:
    - {name: local, format: ollama, cluster: local, zone: local, cleared: restricted, endpoint: "http://127.0.0.1:1"}
    - {name: cloud, format: openai, cluster: cloud, zone: cloud, cleared: internal}
    - {name: other, format: anthropic, cluster: other, zone: cloud, cleared: public}
  models:
    - {name: small, provider: local, price: free, can: [tools], context: 4000}
    - {name: large, provider: cloud, can: [vision, tools, json, audio], price: {input: 1, output: 2}}
    - {name: claude, provider: other, id: claude-x, can: [tools]}
  aliases: {auto: {prefer: cheapest}, smart: [claude, large, small]}
"#;

/// Rules that would all send everything to the cloud, were it not for what it is cleared for.
const POLICIES: [&str; 5] = [
    "  rules: [{name: cloud first, action: {route: {models: [large, claude, small]}}}]\n",
    "  rules: [{name: cloud only, action: {route: {zone: cloud}}}]\n",
    "  rules: [{name: cloud with placeholders, action: {redact: {route: {models: [large, claude, small]}}}}]\n",
    r#"
  rules:
    - {name: short ones, match: {tokens: {below: 100}, model: [auto]}, action: {route: {prefer: cheapest}}}
    - {name: streams, match: {stream: true}, action: {route: {models: [claude, $asked]}}}
    - {name: as asked, action: {route: {models: [$asked, large]}}}
"#,
    r#"
  rules:
    - {name: shadow, mode: shadow, match: {client: [research]}, action: {deny: {message: ask for access}}}
    - {name: chats, match: {api: [chat, messages, responses]}, action: {route: {models: [smart]}}}
    - {name: all, action: {route: {provider: cloud}}}
"#,
];
