//! Which headers of a provider's answer reach a client of another API, and by which names.

use policy::{catalogue::Format, request::Family};

use crate::stamp::Stamp;

/// What every client understands.
const PASSED: [&str; 3] = ["retry-after", "retry-after-ms", "x-should-retry"];

/// What is limited, and how much of it is left, as OpenAI and as Anthropic call it.
///
/// <https://platform.openai.com/docs/guides/rate-limits>, <https://platform.claude.com/docs/en/api/rate-limits>
const LIMITS: [(&str, &str); 6] = [
    ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit"),
    ("x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"),
    ("x-ratelimit-reset-requests", "anthropic-ratelimit-requests-reset"),
    ("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"),
    ("x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"),
    ("x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"),
];

/// The headers that an answer's client gets of those that its provider sent, and the stamp's id for its request if the
/// provider gave it none. All others stay behind, most of all those
/// that describe the body as it was: `content-length`, `content-encoding`, `content-type`.
pub fn answer_headers<'h>(
    format: Format,
    family: Family,
    given: impl IntoIterator<Item = (&'h str, &'h str)>,
    now: &Stamp,
) -> Vec<(String, String)> {
    let mut passed: Vec<_> =
        given.into_iter().filter_map(|(name, value)| header(format, family, name, value, now)).collect();
    if !passed.iter().any(|(name, _)| name == request_id(family)) {
        passed.push((request_id(family).to_owned(), now.id.clone()));
    }
    passed
}

/// The header that a client's SDK reads the id of its request from.
pub fn request_id(family: Family) -> &'static str {
    if family == Family::Anthropic { "request-id" } else { "x-request-id" }
}

/// The content type of a translated answer.
pub fn content_type(family: Family, stream: bool) -> &'static str {
    match (stream, family) {
        (false, _) => "application/json",
        (true, Family::Ollama) => "application/x-ndjson",
        (true, _) => "text/event-stream; charset=utf-8",
    }
}

fn header(format: Format, family: Family, name: &str, value: &str, now: &Stamp) -> Option<(String, String)> {
    if PASSED.contains(&name) {
        return Some((name.to_owned(), value.to_owned()));
    }
    if matches!((format, name), (Format::Anthropic, "request-id") | (Format::Openai | Format::Ollama, "x-request-id")) {
        return Some((request_id(family).to_owned(), value.to_owned()));
    }
    let known = LIMITS.iter().find(|(openai, anthropic)| match format {
        Format::Openai | Format::Ollama => *openai == name,
        Format::Anthropic => *anthropic == name,
    });
    let (openai, anthropic) = known?;
    let resets = openai.contains("reset");
    match (format, family) {
        (_, Family::Ollama) => None,
        (Format::Anthropic, Family::OpenAi) if resets => Some(((*openai).to_owned(), until(value, now)?)),
        (Format::Openai | Format::Ollama, Family::Anthropic) if resets => {
            Some(((*anthropic).to_owned(), from_now(value, now)?))
        }
        (_, Family::OpenAi) => Some(((*openai).to_owned(), value.to_owned())),
        (_, Family::Anthropic) => Some(((*anthropic).to_owned(), value.to_owned())),
    }
}

/// How long it is until a time: `90s`.
fn until(time: &str, now: &Stamp) -> Option<String> {
    Some(format!("{}s", Stamp::parse(time)?.saturating_sub(now.seconds)))
}

/// The time in so long: `1m30s`, `6ms`, up to the next second.
fn from_now(duration: &str, now: &Stamp) -> Option<String> {
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
    /// Longer than any limit holds: a year.
    const LONGEST: f64 = 31_536_000.0;
    let (mut rest, mut seconds) = (duration.trim(), 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let (unit, factor) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after.strip_prefix(unit)?;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range, as just seen")]
    let whole = (0.0..=LONGEST).contains(&seconds).then_some(seconds.ceil() as u64)?;
    Some(Stamp { id: String::new(), seconds: now.seconds.saturating_add(whole) }.time())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(format: Format, family: Family, name: &str, value: &str) -> Option<(String, String)> {
        let now = Stamp { id: String::new(), seconds: 1_795_391_999 };
        header(format, family, name, value, &now)
    }

    #[test]
    fn a_request_has_an_id_also_where_its_provider_gives_it_none() {
        let now = Stamp { id: "decision-1".into(), seconds: 0 };
        let told = |given: &[(&'static str, &'static str)]| {
            answer_headers(Format::Ollama, Family::Anthropic, given.iter().copied(), &now)
        };
        assert_eq!(told(&[]), [("request-id".to_owned(), "decision-1".to_owned())]);
        assert_eq!(told(&[("x-request-id", "req_1")]), [("request-id".to_owned(), "req_1".to_owned())]);
    }

    #[test]
    fn limits_and_ids_come_by_the_names_that_the_client_knows() {
        use Family::{Anthropic, OpenAi};
        for (format, family, given, expected) in [
            (Format::Anthropic, OpenAi, ("request-id", "req_1"), Some(("x-request-id", "req_1"))),
            (Format::Openai, Anthropic, ("x-request-id", "req_1"), Some(("request-id", "req_1"))),
            (Format::Anthropic, OpenAi, ("retry-after", "5"), Some(("retry-after", "5"))),
            (
                Format::Anthropic,
                OpenAi,
                ("anthropic-ratelimit-requests-remaining", "7"),
                Some(("x-ratelimit-remaining-requests", "7")),
            ),
            (
                Format::Anthropic,
                OpenAi,
                ("anthropic-ratelimit-tokens-reset", "2026-11-23T00:01:00Z"),
                Some(("x-ratelimit-reset-tokens", "61s")),
            ),
            (Format::Anthropic, OpenAi, ("anthropic-ratelimit-tokens-reset", "soon"), None),
            (
                Format::Openai,
                Anthropic,
                ("x-ratelimit-limit-tokens", "9"),
                Some(("anthropic-ratelimit-tokens-limit", "9")),
            ),
            (
                Format::Openai,
                Anthropic,
                ("x-ratelimit-reset-requests", "1m0.5s"),
                Some(("anthropic-ratelimit-requests-reset", "2026-11-23T00:01:00Z")),
            ),
            (
                Format::Openai,
                Anthropic,
                ("x-ratelimit-reset-requests", "6ms"),
                Some(("anthropic-ratelimit-requests-reset", "2026-11-23T00:00:00Z")),
            ),
            (Format::Openai, Anthropic, ("x-ratelimit-reset-requests", "9e9h"), None),
            (Format::Openai, Anthropic, ("content-encoding", "gzip"), None),
            (Format::Openai, Anthropic, ("openai-organization", "acme"), None),
            (Format::Anthropic, Family::Ollama, ("anthropic-ratelimit-requests-remaining", "7"), None),
        ] {
            let expected = expected.map(|(name, value): (&str, &str)| (name.to_owned(), value.to_owned()));
            assert_eq!(mapped(format, family, given.0, given.1), expected, "{given:?}");
        }
    }
}
