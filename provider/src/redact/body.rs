use std::borrow::Cow;

use crate::json::{self, Node, string_length};

/// Rewrites the strings of a body, names of members among them: `rewrite` is given each as it reads, and gives another
/// text or none to leave it.
///
/// What is not rewritten stays as it is, to the byte. `None` if the body is no JSON.
pub fn rewrite_strings(body: &[u8], mut rewrite: impl FnMut(&str) -> Option<String>) -> Option<Vec<u8>> {
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
}
