//! Streamed answers, from every format to every API: `tests/golden/streams/*.toml`.

use policy::{request::Api, usage::Usage};
use provider::stream::Stream;
use serde_json::Value;

use crate::case::{self, Case, Random};

/// Runs a stream whose body comes in these pieces.
fn run<'p>(case: &Case, api: Api, pieces: impl IntoIterator<Item = &'p [u8]>) -> (String, Usage) {
    let mut stream = Stream::new(api, case.provider, case.usage_asked, case::stamp()).unwrap();
    let mut out = Vec::new();
    for piece in pieces {
        stream.feed(piece, &mut out);
    }
    stream.finish(&mut out);
    (String::from_utf8(out).unwrap(), stream.usage())
}

/// The lines of a stream, their JSON parsed.
fn lines(text: &str) -> Vec<(String, Value)> {
    let line = |line: &str| {
        let (head, json) = match line.split_once('{') {
            Some((head, rest)) => (head, format!("{{{rest}")),
            None => return (line.to_owned(), Value::Null),
        };
        (head.to_owned(), case::json(json.as_bytes()))
    };
    text.trim().lines().map(line).collect()
}

#[test]
fn every_stream_comes_out_as_written_wherever_it_is_cut() {
    case::check("streams", |case| {
        let body = case.given.as_bytes();
        let (whole, usage) = run(case, case.api, [body]);
        case::equal("usage", &Some(case::counted(&usage)), &case.usage)?;
        let (found, expected) = (lines(&whole), lines(case.expected.as_deref().unwrap_or_default()));
        if found != expected {
            return Err(format!("  found\n{whole}"));
        }
        for at in 0..=body.len() {
            let (head, tail) = body.split_at(at);
            case::equal(&format!("cut at {at}"), &run(case, case.api, [head, tail]).0, &whole)?;
        }
        case::equal("byte by byte", &run(case, case.api, body.chunks(1)).0, &whole)?;
        let returns = case.given.replace('\n', "\r\n");
        case::equal("with CRLF", &run(case, case.api, returns.as_bytes().chunks(7)).0, &whole)
    });
}

/// Whatever a provider sends, nothing panics, all that comes out is well-formed, and it ends.
#[test]
fn mutated_streams_stay_well_formed() {
    let mut random = Random::new(3);
    for each in case::cases("streams") {
        for _ in 0..case::times(60) {
            let mut body = each.given.clone().into_bytes();
            case::mutate(&mut body, &mut random);
            for api in [Api::Chat, Api::Messages, Api::OllamaChat, Api::Responses] {
                let (out, _) = run(&each, api, body.chunks(1 + random.below(60)));
                well_formed(api, &out).unwrap_or_else(|error| panic!("{}: {error}\n{out}", each.name));
            }
        }
    }
}

/// A stream as its client's SDK insists on it: it ends or fails; Anthropic's blocks open and close one after the other.
fn well_formed(api: Api, out: &str) -> Result<(), String> {
    let documents: Vec<Value> = out
        .lines()
        .map(|line| line.trim_start_matches("data: "))
        .filter(|line| line.starts_with('{'))
        // It is JSON, but no number that this test's reader can hold.
        .map(|line| serde_json::from_str(&line.replace("1e999", "1")).map_err(|error| format!("{error}: {line}")))
        .collect::<Result<_, _>>()?;
    let last = documents.last().ok_or("nothing comes out")?;
    let failed = last.get("error").is_some() || last["type"] == "response.failed";
    let ended = match api {
        Api::Responses => last["type"] == "response.completed" || last["type"] == "response.incomplete",
        Api::Chat => out.ends_with("data: [DONE]\n\n"),
        Api::Messages => last["type"] == "message_stop",
        _ => last["done"] == true,
    };
    if failed == ended {
        return Err("it neither ends nor fails".into());
    }
    if api != Api::Messages {
        return Ok(());
    }
    let mut open = None;
    let mut next = 0;
    for (at, event) in documents.iter().enumerate() {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" if at == 0 => {}
            "content_block_start" if open.is_none() && index == Some(next) => open = index,
            "content_block_delta" if open.is_some() && index == open => {}
            "content_block_stop" if open.is_some() && index == open => {
                open = None;
                next += 1;
            }
            "message_delta" | "message_stop" if open.is_none() && at > 0 => {}
            "error" => {}
            kind => return Err(format!("{kind} out of place")),
        }
    }
    Ok(())
}
