//! What the router hands to the adapters: where a request may go, and what each provider is to receive.
//!
//! It travels in Envoy's filter state, one copy a request, so that a policy pushed in the middle of a request changes
//! nothing for it. No client can write there.

use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Format, PathTemplate, Way},
    config::{KeyHeader, QuirksConfig, Strictness},
    facts::{Id, Name},
    request::Api,
};

/// A decided request, as every attempt at it begins.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The exchange's own id, which the client is told.
    pub decision_id: Id,
    /// The API that the client called.
    pub api: Api,
    /// The method that goes upstream.
    pub method: String,
    /// The path without prefix, with the part of the query that may be passed on.
    pub path: String,
    /// The client's headers, of which an adapter passes on those that its provider may see.
    pub headers: Vec<(String, String)>,
    /// The client's own key, if some attempt is to send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
    /// The body; `None` if the request has none.
    pub body: Option<Body>,
    /// Whether the answer is to come in pieces.
    pub stream: bool,
    /// What to do about what a provider's format cannot express.
    pub strictness: Strictness,
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
    /// What makes it ask for the usage in the stream, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_usage: Option<Edit>,
    /// Whether there is a thought in it that Anthropic did not sign, and would refuse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
    /// The placeholders that take the place of findings, for attempts that are redacted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redaction: Vec<Edit>,
    /// What the client says of a body that could not be read; it then goes as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

/// A change in a decoded body: bytes `from` up to `to` become `with`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The first byte that goes.
    pub from: usize,
    /// The first byte that stays again.
    pub to: usize,
    /// What comes in between.
    pub with: String,
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
    /// The provider's name.
    pub provider: Name,
    /// The Envoy cluster that leads there.
    pub cluster: Name,
    /// The provider's zone.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub zone: Name,
    /// What the provider speaks.
    pub format: Format,
    /// The provider's own host name, for `:authority`.
    pub authority: String,
    /// The path before the API's own.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub base: Name,
    /// The path behind that, if it is not the API's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathTemplate>,
    /// The header in which the client's own key goes there, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<KeyHeader>,
    /// The model; `None` where the request is for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<AttemptModel>,
    /// How provider and model differ from what format and name tell.
    #[serde(default)]
    pub quirks: QuirksConfig,
    /// Whether the provider gets placeholders, and its answer the values again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

/// The model of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptModel {
    /// Its name in the catalogue.
    pub name: Name,
    /// What the provider calls it.
    pub id: Name,
    /// Whether the body calls it so already.
    pub written: bool,
}

/// The largest body that is translated, in bytes. Other than one that is passed on, it is held in the filter's memory as a
/// whole, with what becomes of it: four times its length, as measured, and that memory does not become smaller again.
pub const LARGEST_TRANSLATED: usize = 16 << 20;

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

// === impl Attempt ===

impl Attempt {
    /// How a request of this API gets there. Values come back into the events of chats, but not of responses: where they
    /// must, a response is asked for as a chat.
    pub fn way(&self, api: Api) -> Way {
        match Way::of(api, self.format) {
            Way::Same if self.redacted && api == Api::Responses => Way::Translated,
            way => way,
        }
    }
}

/// Without the client's key.
impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { decision_id, api, path, body, attempts, .. } = self;
        let mut plan = f.debug_struct("Plan");
        plan.field("decision_id", decision_id).field("api", api).field("path", path).field("body", body);
        plan.field("attempts", attempts).finish_non_exhaustive()
    }
}
