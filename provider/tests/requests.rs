//! Requests, from every API to every format: `tests/golden/requests/*.toml`.

use policy::{
    catalogue::Format,
    config::{QuirksConfig, Strictness},
};
use provider::{
    loss::Refusal,
    translate::{Target, Translated, request},
};

use crate::case::{self, Case, json};

fn translate(case: &Case, strictness: Strictness) -> Result<Translated, Refusal> {
    let target =
        Target { format: case.provider, model: case.model.as_deref(), quirks: QuirksConfig::default(), strictness };
    request(case.api, case.given.as_bytes(), &target)
}

#[test]
fn every_request_comes_out_as_written() {
    case::check("requests", |case| {
        let named = |translated: &Translated| translated.losses.iter().map(ToString::to_string).collect::<Vec<_>>();
        match (translate(case, Strictness::Lenient), &case.expected) {
            (Ok(translated), Some(expected)) => {
                case::same(&json(&translated.body), &json(expected.as_bytes()))?;
                case::equal("losses", &named(&translated), &case.losses)?;
            }
            (Err(refusal), None) => case::equal("refusal", &Some(refusal.to_string()), &case.refused)?,
            (Ok(translated), None) => return Err(format!("not refused: {}", json(&translated.body))),
            (Err(refusal), Some(_)) => return Err(format!("refused: {refusal}")),
        }
        let strict = translate(case, Strictness::Strict).err().map(|refusal| refusal.to_string());
        case::equal("strict refusal", &strict, &case.refused)
    });
}

/// Whatever a client sends, nothing panics, and what comes out is JSON.
#[test]
fn mutated_requests_are_refused_or_translated_into_json() {
    let mut random = case::Random::new(1);
    for each in case::cases("requests") {
        for _ in 0..case::times(40) {
            let mut body = each.given.clone().into_bytes();
            case::mutate(&mut body, &mut random);
            for format in [Format::Openai, Format::Anthropic, Format::Ollama] {
                let target =
                    Target { format, model: None, quirks: QuirksConfig::default(), strictness: Strictness::Lenient };
                if let Ok(translated) = request(each.api, &body, &target) {
                    let out = serde_json::from_slice::<serde::de::IgnoredAny>(&translated.body);
                    assert!(out.is_ok(), "{}: {}", each.name, String::from_utf8_lossy(&translated.body));
                }
            }
        }
    }
}
