//! Any bytes as a request that is to be translated: no panic, and what comes out is JSON.

use policy::catalogue::Format;
use policy::config::{QuirksConfig, Strictness};
use policy::request::Api;
use provider::loss::{Refusal, Weight, listed};
use provider::translate::{self, Target, Translated};

use super::input::Input;
use super::wire::{api, assert_json, format};

/// Checks one input: the client's API, the provider's format, whether the model's id is known, and the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (api, format) = (api(&mut input), format(&mut input));
    let model = input.pick(&[None, Some("claude-sonnet-4-5"), Some("o3-mini"), Some("gpt-5")]);
    let body = input.rest();
    let [lenient, strict] =
        [Strictness::Lenient, Strictness::Strict].map(|strictness| translate(api, format, model, body, strictness));
    match (lenient, strict) {
        (Ok(lenient), Ok(strict)) => {
            assert_eq!((&lenient.body, &lenient.losses), (&strict.body, &strict.losses));
            assert!(strict.losses.iter().all(|loss| loss.weight == Weight::Hint), "{:?}", strict.losses);
        }
        (Ok(lenient), Err(Refusal::Lost(_))) => {
            assert!(lenient.losses.iter().any(|loss| loss.weight == Weight::Meaning), "{:?}", lenient.losses);
        }
        (Err(lenient), Err(strict)) => assert!(lenient == strict || matches!(strict, Refusal::Lost(_))),
        (lenient, strict) => panic!("lenient {lenient:?}, strict {strict:?}"),
    }
}

fn translate(
    api: Api,
    format: Format,
    model: Option<&str>,
    body: &[u8],
    strictness: Strictness,
) -> Result<Translated, Refusal> {
    let target = Target { format, model, quirks: QuirksConfig::default(), strictness };
    let translated = translate::request(api, body, &target);
    match &translated {
        Ok(translated) => {
            assert_json(&translated.body);
            assert!(translated.path.starts_with('/'));
            let header = listed(&translated.losses);
            assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header:?}");
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
    translated
}
