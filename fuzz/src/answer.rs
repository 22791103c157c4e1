//! Any bytes as an answer that comes whole, or as a failure: no panic, and the client gets JSON in its format.

use policy::request::Family;
use provider::answer;
use provider::failure::Failure;
use provider::redact::Placeholders;

use super::input::Input;
use super::wire::{api, assert_json, format, stamp};

/// Checks one input: the client's API, the provider's format, whether values are put back, a status, and the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (api, format, restoring) = (api(&mut input), format(&mut input), input.number());
    let status = 400 + u16::try_from(input.number()).unwrap_or_default();
    let body = input.rest();
    let mut placeholders = Placeholders::default();
    if restoring & 1 == 1 {
        placeholders.insert("EMAIL_1", "a\"b@c.d");
    }
    if let Ok(whole) = answer::whole(api, format, body, &placeholders, &stamp()) {
        assert_json(&whole.body);
    }
    if let Ok(whole) = answer::restored(api, body, &placeholders) {
        assert_json(&whole.body);
        assert!(!placeholders.is_empty() || whole.body.trim_ascii() == body.trim_ascii());
    }
    for family in [Family::OpenAi, Family::Anthropic, Family::Ollama] {
        let (status, told) = Failure::read(status, body).tell(family, "d-1");
        assert!((400..656).contains(&status));
        assert_json(&told);
    }
}
