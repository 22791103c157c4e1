//! The headers of a provider's answer.

use crate::host::{self, Headers};
use policy::coding::Decoder;

/// The status and the headers that are text.
pub struct Head {
    /// 0 if there is none that can be read.
    pub status: u16,
    headers: Vec<(String, String)>,
}

/// The longest answer that is decoded, in bytes once it is.
const LONGEST_ANSWER: u64 = 64 << 20;

// === impl Head ===

impl Head {
    /// Those of the answer that is under way.
    pub fn read() -> Self {
        let text = |(name, value): host::Header| Some((name, String::from_utf8(value).ok()?));
        let mut head =
            Self { status: 0, headers: host::headers(Headers::Response).into_iter().filter_map(text).collect() };
        head.status = head.value(":status").parse().unwrap_or(0);
        head
    }

    /// The first value of a header; empty if there is none.
    pub fn value(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// All headers.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether the provider has done what it was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The status of a failure: where else to go is no answer that a client of another server can follow.
    pub fn failure(&self) -> u16 {
        if (400..600).contains(&self.status) { self.status } else { 502 }
    }

    /// Whether the body says that it is JSON.
    pub fn is_json(&self) -> bool {
        let kind = self.value("content-type").split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
    }

    /// What undoes the body's content coding, if it has one that can be undone.
    pub fn decoder(&self) -> Option<Decoder> {
        Decoder::of(self.value("content-encoding").as_bytes(), LONGEST_ANSWER).ok().flatten()
    }

    /// Takes away what only Envoy and we may say to a client, and to each other.
    pub fn remove_ours(&self) {
        let ours = |name: &str| name.starts_with("x-policymesh-") || name.starts_with("x-envoy-");
        for (name, _) in self.iter().filter(|(name, _)| ours(name)) {
            host::remove_header(Headers::Response, name);
        }
    }
}
