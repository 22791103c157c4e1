//! The path of a provider's interface where it is not the format's own, as Azure's is.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A path, perhaps with a query, in which `{model}` and `{operation}` stand for what a request says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathTemplate(String);

/// Why a text is no such path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// It does not begin as a path does.
    #[error("`{0}` does not begin with `/`")]
    Relative(String),
    /// It has characters that no path has.
    #[error("`{0}` has characters that no path and no query has")]
    Characters(String),
    /// It asks for something that no request says.
    #[error("`{{{0}}}` is not known in a path")]
    Placeholder(String),
}

// === impl PathTemplate ===

impl PathTemplate {
    /// The path and the query for a model's id and an operation such as `chat/completions`.
    pub fn fill(&self, model: &str, operation: &str) -> (String, String) {
        let (path, query) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let fill = |text: &str| text.replace("{model}", &segment(model)).replace("{operation}", operation);
        (fill(path), fill(query))
    }
}

impl FromStr for PathTemplate {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        if !text.starts_with('/') {
            return Err(InvalidTemplate::Relative(text.into()));
        }
        let plain = text.replace("{model}", "m").replace("{operation}", "o");
        if let Some((_, rest)) = plain.split_once('{') {
            return Err(InvalidTemplate::Placeholder(rest.split('}').next().unwrap_or_default().into()));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~:@!$&'()*+,;=?%".contains(&byte);
        let path = plain.split('?').next().unwrap_or_default();
        let climbs = path.split('/').any(|segment| segment == "." || segment == "..");
        if climbs || plain.matches('?').count() > 1 || !plain.bytes().all(allowed) {
            return Err(InvalidTemplate::Characters(text.into()));
        }
        Ok(Self(text.into()))
    }
}

/// A text as one segment of a path: what means something there is percent-encoded.
fn segment(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        _ if byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_what_a_request_says() {
        let azure = "/openai/deployments/{model}/{operation}?api-version=2024-10-21".parse::<PathTemplate>().unwrap();
        let filled = azure.fill("gpt/4o?", "chat/completions");
        assert_eq!(
            filled,
            ("/openai/deployments/gpt%2F4o%3F/chat/completions".into(), "api-version=2024-10-21".into())
        );
        assert_eq!("/v1/{operation}".parse::<PathTemplate>().unwrap().fill("", "models").1, "");
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for (text, reason) in [
            ("v1/x", "does not begin with `/`"),
            ("/a/../{model}", "characters"),
            ("/a?b?c", "characters"),
            ("/a b", "characters"),
            ("/a#b", "characters"),
            ("/{modell}", "`{modell}` is not known in a path"),
        ] {
            let error = text.parse::<PathTemplate>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
