//! Whole answers, from every format to every API: `tests/golden/answers/*.toml`.

use policy::request::Api;
use provider::{answer::whole, redact::Placeholders};

use crate::case::{self, json};

#[test]
fn every_answer_comes_out_as_written() {
    case::check("answers", |case| {
        let result = whole(case.api, case.provider, case.given.as_bytes(), &Placeholders::default(), &case::stamp());
        match (result, &case.expected) {
            (Ok(whole), Some(expected)) => {
                case::same(&json(&whole.body), &json(expected.as_bytes()))?;
                case::equal("usage", &Some(case::counted(&whole.usage)), &case.usage)
            }
            (Err(error), None) => case::equal("refusal", &Some(error.to_string()), &case.refused),
            (Ok(whole), None) => Err(format!("not refused: {}", json(&whole.body))),
            (Err(error), Some(_)) => Err(format!("refused: {error}")),
        }
    });
}

/// Whatever a provider answers, nothing panics, and what comes out is JSON.
#[test]
fn mutated_answers_are_refused_or_translated_into_json() {
    let mut random = case::Random::new(2);
    for each in case::cases("answers") {
        for _ in 0..case::times(100) {
            let mut body = each.given.clone().into_bytes();
            case::mutate(&mut body, &mut random);
            for api in [Api::Chat, Api::Messages, Api::OllamaChat, Api::Responses] {
                if let Ok(whole) = whole(api, each.provider, &body, &Placeholders::default(), &case::stamp()) {
                    let out = serde_json::from_slice::<serde::de::IgnoredAny>(&whole.body);
                    assert!(out.is_ok(), "{}: {}", each.name, String::from_utf8_lossy(&whole.body));
                }
            }
        }
    }
}
