//! Which bodies are read as JSON, by their content type.

/// The content types whose bodies are read.
#[derive(Clone, Copy, Debug)]
pub struct Readable;

impl Readable {
    /// Whether a body of this `Content-Type` is read, as JSON in UTF-8.
    ///
    /// So are bodies without one, and those that curl and browsers call a form or plain text: their senders mean JSON, and
    /// what is no JSON turns out to be unreadable. What was read must be sent on as `application/json`, so that no
    /// provider reads it as anything else.
    pub fn of(content_type: Option<&str>) -> bool {
        let Some(content_type) = content_type else { return true };
        let mut parts = content_type.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        is_json(&media) && parts.all(|parameter| is_utf8_or_no_charset(&parameter.to_ascii_lowercase()))
    }
}

fn is_json(media: &str) -> bool {
    let json = media.strip_prefix("application/").is_some_and(|kind| {
        kind == "json"
            || kind == "x-www-form-urlencoded"
            || kind.strip_suffix("+json").is_some_and(|name| !name.is_empty())
    });
    json || matches!(media, "" | "text/plain" | "text/json")
}

fn is_utf8_or_no_charset(parameter: &str) -> bool {
    let Some(charset) = parameter.strip_prefix("charset=") else { return true };
    matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_json_is_read() {
        for (content_type, expected) in [
            (None, true),
            (Some(""), true),
            (Some("application/json"), true),
            (Some("Application/JSON; Charset=\"UTF-8\""), true),
            (Some("application/vnd.api+json;version=1"), true),
            (Some("application/x-www-form-urlencoded"), true),
            (Some("text/plain;charset=UTF-8"), true),
            (Some("application/json; charset=utf-16"), false),
            (Some("application/json; charset=iso-8859-1"), false),
            (Some("application/jsonl"), false),
            (Some("application/+json"), false),
            (Some("application/json, text/html"), false),
            (Some("multipart/form-data; boundary=x"), false),
            (Some("application/octet-stream"), false),
            (Some("application/x-ndjson"), false),
            (Some("audio/mpeg"), false),
        ] {
            assert_eq!(Readable::of(content_type), expected, "{content_type:?}");
        }
    }
}
