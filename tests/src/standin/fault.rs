//! Why a provider refuses a request.

use serde_json::Value;

/// What a provider says about a request that it refuses.
#[derive(Debug)]
pub struct Fault {
    /// The status.
    pub status: u16,
    /// The provider's words.
    pub message: String,
    /// The field that is wrong, where the provider names it apart.
    pub param: Option<String>,
    /// OpenAI's word for programs.
    pub code: Option<&'static str>,
}

/// Whether a request is one that the provider takes.
pub type Checked = Result<(), Fault>;

// === impl Fault ===

impl Fault {
    /// The request is not what the API takes.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into(), param: None, code: None }
    }

    /// With another status.
    pub fn status(status: u16, message: impl Into<String>) -> Self {
        Self { status, ..Self::invalid(message) }
    }

    /// Names the field.
    #[must_use]
    pub fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// Adds a word for programs.
    #[must_use]
    pub fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}

/// Refuses a request unless this holds.
pub fn ensure(holds: bool, fault: impl FnOnce() -> Fault) -> Checked {
    if holds { Ok(()) } else { Err(fault()) }
}

/// The first member of an object that is not among those that are known.
pub fn unknown<'v>(object: &'v Value, known: &[&str]) -> Option<&'v str> {
    object.as_object()?.keys().map(String::as_str).find(|name| !known.contains(name))
}

/// An array's items; none if it is no array.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A string's text; empty if it is no string.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether something is a tool's name, as all providers have them, up to a length.
pub fn is_name(name: &str, longest: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=longest).contains(&name.len()) && name.bytes().all(plain)
}

/// Whether something is base64 without line breaks.
pub fn is_base64(data: &str) -> bool {
    use base64::Engine;
    !data.is_empty() && base64::engine::general_purpose::STANDARD.decode(data).is_ok()
}
