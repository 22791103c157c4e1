use std::rc::Rc;

use serde_json::{Value, json};

use crate::detect;
use crate::exchange::{Arrival, Engine, Exchange, Forward, Secrets, Step};
use crate::policy::Policy;
use crate::splice::Splice;

/// An engine for a policy that replaces everything, with one provider, that may see nothing that is not public.
fn engine() -> Rc<Engine> {
    let policy = json!({
        "apiVersion": "policymesh.dev/v1", "kind": "Policy", "metadata": {"name": "p"},
        "spec": {
            "sensitivity": {"test_values": "count"},
            "providers": [{"name": "cloud", "format": "openai", "cluster": "cloud", "zone": "cloud", "cleared": "public"}],
            "models": [{"name": "gpt", "provider": "cloud"}],
            "rules": [{"name": "r", "action": {"redact": {"route": ["gpt"]}}}],
        },
    });
    let (policy, _) = Policy::parse(policy.to_string().as_bytes()).unwrap();
    Rc::new(Engine::new(policy, Secrets::default()))
}

/// What becomes of a body that comes in pieces.
fn decided(engine: &Rc<Engine>, body: &[u8]) -> (Step, Exchange) {
    let mut exchange = Exchange::new(Rc::clone(engine), Arrival { time: 0, sequence: 1 });
    let headers = [(":method", "POST"), (":path", "/v1/chat/completions")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    exchange.on_request_headers(&headers, &|_| None, false);
    body.chunks(50).for_each(|chunk| drop(exchange.on_request_body(chunk, false)));
    let mut step = exchange.on_request_body(&[], true);
    while step == Step::Reread {
        body.chunks(70).for_each(|chunk| drop(exchange.on_reread(chunk, false)));
        step = exchange.on_reread(&[], true);
    }
    (step, exchange)
}

fn redacted(forward: &Forward, body: &[u8]) -> Vec<u8> {
    let edits = forward.plan.body.clone().map(|body| body.redaction).unwrap_or_default();
    let mut out = Vec::new();
    Splice::new(edits.into_iter().map(Into::into).collect()).feed(body, &mut out);
    out
}

fn chat(content: &str) -> Vec<u8> {
    json!({"model": "gpt", "messages": [{"role": "user", "content": content}]}).to_string().into_bytes()
}

#[test]
fn the_examples_of_the_packs_leave_as_placeholders_or_not_at_all() {
    let engine = engine();
    let detectors = detect::packs().flat_map(|name| detect::pack(name).unwrap());
    let (mut replaced, mut kept) = (0, Vec::new());
    for text in detectors.flat_map(|detector| detector.matches.unwrap_or_default()) {
        let body = chat(&text);
        let (step, exchange) = decided(&engine, &body);
        if exchange.record().facts.is_none_or(|facts| facts.level == "public") {
            continue;
        }
        let Step::Forward(forward) = step else {
            kept.push(text);
            continue;
        };
        assert!(forward.plan.attempts.iter().all(|attempt| attempt.redacted), "{text}");
        let left = redacted(&forward, &body);
        let (again, exchange) = decided(&engine, &left);
        assert!(matches!(again, Step::Forward(_)), "{text}");
        let facts = exchange.record().facts.unwrap();
        assert_eq!(facts.level, "public", "{text} became {}", String::from_utf8_lossy(&left));
        replaced += 1;
    }
    println!("{replaced} examples were replaced, {} kept: {kept:#?}", kept.len());
    assert!(kept.len() * 20 < replaced, "{replaced} were replaced, but not {kept:#?}");
}

#[test]
fn a_long_text_is_replaced_wherever_its_blocks_are_cut() {
    let engine = engine();
    let address = "jane.doe@acme-widgets.com";
    let filler = "The quick brown fox jumps over the lazy dog. ";
    for more in (0..60).step_by(7) {
        let content = format!(
            "{}{address} \\ \" é {address} {}",
            filler.repeat(1455) + &"x".repeat(more) + " ",
            filler.repeat(3000)
        );
        let body = chat(&content);
        let (Step::Forward(forward), _) = decided(&engine, &body) else { panic!("refused") };
        let left: Value = serde_json::from_slice(&redacted(&forward, &body)).unwrap();
        let expected = content.replace(address, "<EMAIL_1>");
        let left = left["messages"][0]["content"].as_str().unwrap();
        let alike = left.bytes().zip(expected.bytes()).take_while(|(mine, other)| mine == other).count();
        let around: String = left.chars().skip(alike.saturating_sub(40)).take(120).collect();
        assert!(left == expected, "{more}: {} and {} bytes, from {alike} on: {around}", left.len(), expected.len());
    }
}
