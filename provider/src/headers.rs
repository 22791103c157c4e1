//! Which of a client's headers may reach a provider, and with which values.
//!
//! Everything else stays behind: a header is a place for text that no classifier reads. So a name must be on the list
//! *and* its value must have the shape that the name promises, in which no sentence fits.

use policy::catalogue::Format;

/// A client's header that may be passed on.
struct Allowed {
    name: &'static str,
    /// `None`: to every provider.
    format: Option<Format>,
    shape: fn(&str) -> bool,
}

const ALLOWED: &[Allowed] = &[
    Allowed { name: "traceparent", format: None, shape: is_traceparent },
    Allowed { name: "x-request-id", format: None, shape: is_uuid },
    Allowed { name: "anthropic-version", format: Some(Format::Anthropic), shape: is_date },
    Allowed { name: "anthropic-beta", format: Some(Format::Anthropic), shape: is_beta_list },
    Allowed { name: "openai-beta", format: Some(Format::Openai), shape: is_openai_beta },
    Allowed { name: "x-stainless-retry-count", format: None, shape: is_small_number },
];

/// Whether a provider of this format may see a client's header.
pub fn may_pass(format: Format, name: &str, value: &str) -> bool {
    let fits = |allowed: &&Allowed| allowed.name == name && allowed.format.is_none_or(|only| only == format);
    ALLOWED.iter().find(fits).is_some_and(|allowed| (allowed.shape)(value))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn is_traceparent(value: &str) -> bool {
    is_hex_groups(value, &[2, 32, 16, 2])
}

/// `8-4-4-4-12` hexadecimal digits, RFC 9562.
fn is_uuid(value: &str) -> bool {
    is_hex_groups(value, &[8, 4, 4, 4, 12])
}

fn is_hex_groups(value: &str, lengths: &[usize]) -> bool {
    let groups: Vec<&str> = value.split('-').collect();
    let fits =
        |(group, length): (&&str, &usize)| group.len() == *length && group.bytes().all(|b| b.is_ascii_hexdigit());
    groups.len() == lengths.len() && groups.iter().zip(lengths).all(fits)
}

/// `2023-06-01`.
fn is_date(value: &str) -> bool {
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = value.split('-');
    let date = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
    let [year, month, day] = date;
    parts.next().is_none() && digits(year, 4) && digits(month, 2) && digits(day, 2)
}

/// A list of beta names, each some short lower-case words and a date: `context-1m-2025-08-07,claude-code-20250219`.
fn is_beta_list(value: &str) -> bool {
    const MOST: usize = 32;
    let mut names = value.split(',').map(str::trim);
    names.clone().count() <= MOST && names.all(is_beta)
}

fn is_beta(name: &str) -> bool {
    const LONGEST: usize = 64;
    const LONGEST_WORD: usize = 16;
    let words: Vec<&str> = name.split('-').collect();
    let plain = |word: &&str| {
        (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let dated = match words.as_slice() {
        [.., year, month, day] if is_date(&[*year, *month, *day].join("-")) => true,
        [.., date] => date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()),
        [] => false,
    };
    name.len() <= LONGEST && words.iter().all(plain) && dated
}

/// `assistants=v2`.
fn is_openai_beta(value: &str) -> bool {
    value
        .split_once("=v")
        .is_some_and(|(name, version)| ["assistants", "realtime"].contains(&name) && is_small_number(version))
}

fn is_small_number(value: &str) -> bool {
    (1..=3).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_official_clients_send_passes() {
        let beta = "claude-code-20250219,interleaved-thinking-2025-05-14,context-1m-2025-08-07";
        assert!(may_pass(Format::Anthropic, "anthropic-beta", beta));
        assert!(may_pass(Format::Anthropic, "anthropic-version", "2026-10-21"));
        assert!(may_pass(Format::Openai, "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        assert!(may_pass(Format::Openai, "openai-beta", "assistants=v2"));
    }

    #[test]
    fn no_text_fits_into_a_header_that_passes() {
        for (name, value) in [
            ("anthropic-beta", "the launch of Bluebird is on 2026-12-01"),
            ("anthropic-beta", "AKIAQYLPMN5HFIQR7XYA"),
            ("anthropic-version", "2026-10-21; secret"),
            ("x-request-id", "my-password-is-hunter2"),
            ("authorization", "Bearer abc"),
            ("cookie", "a=b"),
            ("user-agent", "curl"),
        ] {
            assert!(!may_pass(Format::Anthropic, name, value), "{name}: {value}");
        }
    }

    #[test]
    fn a_header_of_one_provider_does_not_reach_another() {
        assert!(!may_pass(Format::Openai, "anthropic-version", "2023-06-01"));
        assert!(!may_pass(Format::Ollama, "openai-beta", "assistants=v2"));
    }
}
