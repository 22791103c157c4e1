use std::borrow::Cow;

use super::{Placeholders, Restorer};
use crate::json::{self, Node, string_length};

/// A whole answer in JSON, as it came but for the values in its strings. `None` if it is no JSON.
///
/// A string that is itself JSON, as the arguments of a call are, gets its values as parts of its own strings.
pub fn restored(body: &[u8], placeholders: &Placeholders) -> Option<Vec<u8>> {
    rewrite_strings(body, |text| {
        let restorer = if is_json(text) { Restorer::json() } else { Restorer::text() };
        let restored = restorer.restore(text, placeholders);
        (restored != text).then_some(restored)
    })
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && Node::parse(text.as_bytes()).is_some()
}

/// Rewrites the strings of a body, names of members among them: `rewrite` is given each as it reads, and gives another
/// text or none to leave it.
///
/// What is not rewritten stays as it is, to the byte. `None` if the body is no JSON.
fn rewrite_strings(body: &[u8], mut rewrite: impl FnMut(&str) -> Option<String>) -> Option<Vec<u8>> {
    let mut rest = Node::parse(body)?.json();
    let mut out = Vec::with_capacity(body.len());
    while let Some((before, string)) = rest.find('"').and_then(|at| rest.split_at_checked(at)) {
        let (string, after) = string.split_at_checked(string_length(string))?;
        out.extend_from_slice(before.as_bytes());
        let text: Cow<'_, str> = Node::parse_text(string)?.text()?;
        match rewrite(&text) {
            Some(text) => json::text(&mut out, &[&text]),
            None => out.extend_from_slice(string.as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_rewritten_and_the_rest_stays_as_it_is() {
        let body = br#"{ "a\"b" : ["x\u0041", "", 1.50], "k": {"x": "\\"} }"#;
        let mut seen = Vec::new();
        let out = rewrite_strings(body, |text| {
            seen.push(text.to_owned());
            (text == "xA").then(|| "y\"".to_owned())
        });
        assert_eq!(String::from_utf8(out.unwrap()).unwrap(), r#"{ "a\"b" : ["y\"", "", 1.50], "k": {"x": "\\"} }"#);
        assert_eq!(seen, ["a\"b", "xA", "", "k", "x", "\\"]);
        assert_eq!(rewrite_strings(b"{", |_| None), None);
    }

    #[test]
    fn values_come_back_into_texts_and_into_texts_that_are_json() {
        let mut placeholders = Placeholders::default();
        placeholders.insert("PERSON_1", "Ann \"A\" Lee");
        let body = br#"{"text": "to <PERSON_1> <PERSON_2>", "n": 1.0, "arguments": "{\"to\":\"<PERSON_1>\"}"}"#;
        let out: serde_json::Value = serde_json::from_slice(&restored(body, &placeholders).unwrap()).unwrap();
        assert_eq!(out["text"], "to Ann \"A\" Lee <PERSON_2>");
        let arguments: serde_json::Value = serde_json::from_str(out["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments["to"], "Ann \"A\" Lee");
    }
}
