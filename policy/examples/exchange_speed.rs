//! How long one request takes from its headers to its decision, for a profiler: `exchange_speed POLICY BYTES COUNT [history]`.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring program may print and fail")]

use std::rc::Rc;
use std::time::Instant;

use policy::bundle::Bundle;
use policy::exchange::{Arrival, Engine, Exchange, Header, Secrets, Step};

const SENTENCES: [&str; 9] = [
    "Here is a first draft — it’s longer than I’d like, but it says what has to be said. ",
    "fn main() {\n    for line in std::io::stdin().lines() {\n        println!(\"{}\", line.unwrap());\n    }\n}\n",
    "In the third quarter revenue rose by 12.4 % to 3,180 units, while costs stayed where they were. ",
    "Thanks, that explains most of it. ",
    "Could you rewrite the second paragraph in a friendlier tone, please? ",
    "The quarterly numbers are not out before the 14th, so leave a gap there. ",
    "I don't think we need more than 3 examples here. ",
    "Here's the function that I mean: it takes a list and returns the first match. ",
    "It should work on Linux and on macOS, with Python 3.11 or later. ",
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let policy = std::fs::read_to_string(arguments.next().unwrap()).unwrap();
    let size: usize = arguments.next().unwrap().parse().unwrap();
    let count: u64 = arguments.next().unwrap().parse().unwrap();
    let policy: serde_json::Value = serde_saphyr::from_str(&policy).unwrap();
    let bundle = serde_json::json!({"role": "router", "policy": policy}).to_string();
    let Bundle::Router(policies) = Bundle::parse(bundle.as_bytes()).unwrap().0 else { return };
    let engine = Rc::new(Engine::new(policies.live, Secrets::default()));
    let text: String = SENTENCES
        .iter()
        .cycle()
        .copied()
        .scan(0, |length, sentence| {
            *length += sentence.len();
            (*length < size).then_some(sentence)
        })
        .collect();
    let history = arguments.next().is_some();
    let headers: Vec<Header> = [
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        (":authority", "mesh.example"),
        ("content-type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec();
    let bodies: Vec<_> = (0..count)
        .map(|number| serde_json::json!({"model": "gpt-4o", "messages": messages(&text, number, history)}).to_string())
        .collect();
    let before = Instant::now();
    for (number, body) in (0..count).zip(&bodies) {
        let mut exchange = Exchange::new(Rc::clone(&engine), Arrival { time: 0, sequence: number });
        exchange.on_request_headers(&headers, &|_| None, false);
        let step = exchange.on_request_body(body.as_bytes(), true);
        assert!(matches!(step, Step::Forward(_)), "{step:?}");
    }
    println!("{:.2} µs a request", before.elapsed().as_secs_f64() * 1e6 / count as f64);
}

/// Messages of a kilobyte each. Of a history only the last is new.
fn messages(text: &str, number: u64, history: bool) -> Vec<serde_json::Value> {
    let pieces: Vec<_> = text.as_bytes().chunks(1000).map(|piece| String::from_utf8_lossy(piece)).collect();
    let last = pieces.len() - 1;
    let content = |(at, piece): (usize, &std::borrow::Cow<str>)| {
        let mark = if history && at < last { 0 } else { number + 1 };
        serde_json::json!({"role": "user", "content": format!("{mark} {at} {piece}")})
    };
    pieces.iter().enumerate().map(content).collect()
}
