//! What the router hands to the adapters: where a request may go, and what each provider is to receive.
//!
//! It travels in Envoy's filter state, one copy a request, so that a policy pushed in the middle of a request changes
//! nothing for it. No client can write there.

use serde::{Deserialize, Serialize};

use crate::catalogue::Format;
use crate::request::Api;

/// A decided request, as every attempt at it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The API that the client called.
    pub api: Api,
    /// The method that goes upstream.
    pub method: String,
    /// The path without prefix, with the part of the query that may be passed on.
    pub path: String,
    /// The client's headers, of which an adapter passes on those that its provider may see.
    pub headers: Vec<(String, String)>,
    /// The body; `None` if the request has none.
    pub body: Option<Body>,
    /// Where to go, in order.
    pub attempts: Vec<Attempt>,
}

/// A body, as the router read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Its length in bytes: decoded, if it was read.
    pub length: usize,
    /// The content codings to undo, if any: what was read is what a provider gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// Where the model's name stands in the decoded body, quotes included: from, and up to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<(usize, usize)>,
    /// What the client says of a body that could not be read; it then goes as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

/// What a client says of a body that could not be read: for a provider that is cleared for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its content coding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
}

/// One provider to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The Envoy cluster that leads there.
    pub cluster: String,
    /// What the provider speaks.
    pub format: Format,
    /// The provider's own host name, for `:authority`.
    pub authority: String,
    /// The path before the API's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base: String,
    /// The model's id at the provider; `None` leaves the body's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

// === impl Plan ===

impl Plan {
    /// The plan as it travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A plan is strings and numbers, which always serialise; an empty plan is refused by every adapter.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a plan; `None` if there is none, or it is not ours.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

// === impl Body ===

impl Body {
    /// The body's length once another model's name stands in it.
    pub fn length_with(&self, model: Option<&[u8]>) -> usize {
        match (self.model, model) {
            (Some((from, to)), Some(name)) => self.length.saturating_sub(to.saturating_sub(from)) + name.len(),
            _ => self.length,
        }
    }
}
