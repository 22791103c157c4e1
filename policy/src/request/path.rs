//! Path and query: as text to be classified, and as what of them may reach a provider.

use super::Api;

/// The texts in a path and its query, percent-decoded: each segment, and each parameter as `name: value`.
///
/// Left out are only the words that the APIs' own paths are made of.
pub fn path_texts(path: &str) -> impl Iterator<Item = String> + '_ {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let segments = path.split('/').filter(|segment| !WORDS.contains(segment)).map(decode);
    let parameters = query.split(['&', ';']).filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let parameter = parameter.replace('+', " ");
        match parameter.split_once('=') {
            Some((name, value)) => format!("{}: {}", decode(name), decode(value)),
            None => decode(&parameter),
        }
    });
    segments.chain(parameters)
}

/// The path that a provider receives: the API's own, without the prefix that the client put before it, and of the query
/// the parameters that the API is known to have, with values of their known shape.
///
/// The path of an operation that is not known stays as it is.
pub fn upstream_path(api: Api, path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut upstream = own_path(api, path);
    let mut separator = '?';
    for parameter in query.split('&') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if may_pass(api, name, value) {
            upstream.push(separator);
            upstream.push_str(parameter);
            separator = '&';
        }
    }
    upstream
}

/// The model that the path of [`Api::Models`] names, percent-decoded; `None` if it is for all of them.
pub fn model_in_path(path: &str) -> Option<String> {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let (_, model) = path.rsplit_once("/models/")?;
    Some(decode(model))
}

/// The words of the APIs' own paths.
const WORDS: [&str; 15] = [
    "",
    "v1",
    "api",
    "chat",
    "completions",
    "responses",
    "embeddings",
    "models",
    "messages",
    "count_tokens",
    "generate",
    "embed",
    "tags",
    "show",
    "openai",
];

fn own_path(api: Api, path: &str) -> String {
    let own = match api {
        Api::Chat => "/v1/chat/completions",
        Api::Completions => "/v1/completions",
        Api::Responses => "/v1/responses",
        Api::Embeddings => "/v1/embeddings",
        Api::Messages => "/v1/messages",
        Api::CountTokens => "/v1/messages/count_tokens",
        Api::OllamaChat => "/api/chat",
        Api::OllamaGenerate => "/api/generate",
        Api::OllamaEmbed if path.trim_end_matches('/').ends_with("/embeddings") => "/api/embeddings",
        Api::OllamaEmbed => "/api/embed",
        // What is answered here goes nowhere.
        Api::Models | Api::OllamaTags | Api::OllamaShow | Api::Other => path,
    };
    own.into()
}

/// Whether a parameter may reach a provider. A value with percent-encoding has no known shape.
fn may_pass(api: Api, name: &str, value: &str) -> bool {
    let lists = api == Api::Other;
    match name {
        "beta" => matches!(api, Api::Messages | Api::CountTokens | Api::Other) && is_truth(value),
        "api-version" => !api.is_ollama() && is_version(value),
        "limit" | "starting_after" => lists && is_short(value, 6, |byte| byte.is_ascii_digit()),
        "order" => lists && matches!(value, "asc" | "desc"),
        "after" | "before" | "after_id" | "before_id" => lists && is_short(value, 64, is_of_id),
        "stream" => api == Api::Other && is_truth(value),
        _ => false,
    }
}

fn is_truth(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// `2024-10-21`, `2025-04-01-preview`, `preview`, `v1`: what Azure takes.
fn is_version(value: &str) -> bool {
    let date = value.strip_suffix("-preview").unwrap_or(value);
    let is_date = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_date || matches!(value, "preview" | "v1")
}

fn is_of_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_short(value: &str, longest: usize, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=longest).contains(&value.len()) && value.bytes().all(allowed)
}

/// A text without percent-encoding; what is no UTF-8 becomes U+FFFD, what is no encoding stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let decoded = Some(byte).filter(|byte| *byte == b'%').and_then(|_| hex_pair(after));
        bytes.push(decoded.unwrap_or(byte));
        rest = after.get(if decoded.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let [high, low] = bytes.first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*high)? << 4 | digit(*low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_and_parameter_is_text() {
        for (path, expected) in [
            ("/v1/chat/completions", vec![]),
            ("/v1/models/my%20secret", vec!["my secret"]),
            ("/p/AKIA%31/v1/messages?user=a%40b.c&x", vec!["p", "AKIA1", "user: a@b.c", "x"]),
            ("/%ff%zz%", vec!["\u{FFFD}%zz%"]),
            ("/v1/messages?ssn=536+22+1234;b=%C3%A9&&", vec!["ssn: 536 22 1234", "b: é"]),
            ("", vec![]),
        ] {
            assert_eq!(path_texts(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    #[test]
    fn a_model_is_named_in_the_path() {
        for (path, expected) in [
            ("/v1/models", None),
            ("/v1/models/", None),
            ("/v1/models/gpt-4o?x=1", Some("gpt-4o")),
            ("/x/v1/models/acme/gpt%3A4", Some("acme/gpt:4")),
        ] {
            assert_eq!(model_in_path(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_provider_receives_its_own_path_and_known_parameters() {
        for (method, path, expected) in [
            ("POST", "/v1/chat/completions", "/v1/chat/completions"),
            ("POST", "/team-7/v1/chat/completions/?key=secret", "/v1/chat/completions"),
            (
                "POST",
                "/openai/deployments/x/chat/completions?api-version=2024-10-21",
                "/v1/chat/completions?api-version=2024-10-21",
            ),
            ("POST", "/v1/chat/completions?api-version=my-secret", "/v1/chat/completions"),
            ("POST", "/v1/messages?beta=true", "/v1/messages?beta=true"),
            ("POST", "/v1/messages?beta=%74rue&beta=secret", "/v1/messages"),
            ("POST", "/v1/messages/count_tokens?beta=true", "/v1/messages/count_tokens?beta=true"),
            ("GET", "/v1/files?limit=20&after=f_1&order=up", "/v1/files?limit=20&after=f_1"),
            ("GET", "/v1/files?limit=20000000", "/v1/files"),
            ("POST", "/api/embeddings", "/api/embeddings"),
            ("POST", "/x/api/chat?beta=true", "/api/chat"),
            (
                "GET",
                "/v1/responses/resp_1?stream=true&starting_after=3",
                "/v1/responses/resp_1?stream=true&starting_after=3",
            ),
            ("GET", "/anything?else=x", "/anything"),
        ] {
            assert_eq!(upstream_path(Api::of(method, path), path), expected, "{path}");
        }
    }
}
