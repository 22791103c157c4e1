use std::borrow::Cow;

use serde_json::value::RawValue;

/// A value, as the text that stands for it. Always whole and well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node<'a>(&'a str);

// === impl Node ===

impl<'a> Node<'a> {
    /// An object without members.
    pub(crate) const EMPTY_OBJECT: Node<'static> = Node("{}");

    /// A whole body; `None` if it is not one JSON value in UTF-8.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Self::parse_text(std::str::from_utf8(bytes).ok()?)
    }

    /// A text that holds JSON, as the arguments of OpenAI's tool calls do.
    pub(crate) fn parse_text(text: &'a str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text).ok().map(Self::of)
    }

    pub(super) fn of(raw: &'a RawValue) -> Self {
        Self(raw.get())
    }

    /// The JSON text.
    pub(crate) fn json(self) -> &'a str {
        self.0
    }

    /// A string's text.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        match inner.contains('\\') {
            false => Some(Cow::Borrowed(inner)),
            true => serde_json::from_str(self.0).ok().map(Cow::Owned),
        }
    }

    /// An array's items.
    pub(crate) fn items(self) -> Option<Vec<Node<'a>>> {
        let items: Vec<&'a RawValue> = self.is_array().then(|| serde_json::from_str(self.0).ok())??;
        Some(items.into_iter().map(Self::of).collect())
    }

    /// A finite number.
    pub(crate) fn number(self) -> Option<f64> {
        self.0
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
            .then(|| self.0.parse().ok())?
            .filter(|n: &f64| n.is_finite())
    }

    /// A whole number from zero up. Some clients write `100.0`.
    pub(crate) fn whole(self) -> Option<u64> {
        /// Up to here an `f64` holds every whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range, as just seen")]
        let from_float = |n: f64| (n.fract() == 0.0 && (0.0..=EXACT).contains(&n)).then_some(n as u64);
        self.0.parse().ok().or_else(|| self.number().and_then(from_float))
    }

    /// A whole number of either sign.
    pub(crate) fn signed(self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// `true` or `false`.
    pub(crate) fn flag(self) -> Option<bool> {
        self.0.parse().ok()
    }

    /// Whether it is an object.
    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// Whether it is an array.
    pub(crate) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// Whether it is `null`, or an object or array without anything in it.
    pub(crate) fn says_nothing(self) -> bool {
        let mut bytes = self.0.bytes().filter(|b| !b.is_ascii_whitespace());
        let ends = [bytes.next(), bytes.next()];
        self.0 == "null" || ends == [Some(b'{'), Some(b'}')] || ends == [Some(b'['), Some(b']')]
    }
}

/// How long the string is that a text begins with, its quotes included.
pub(crate) fn string_length(text: &str) -> usize {
    let mut escaped = true;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        // The first quote opens: it is taken as if it were escaped.
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_borrowed_unless_it_has_escapes() {
        assert!(matches!(Node::parse(br#""plain""#).unwrap().text(), Some(Cow::Borrowed("plain"))));
        assert_eq!(Node::parse(br#""a\n\u00e9""#).unwrap().text().unwrap(), "a\n\u{e9}");
        assert_eq!(Node::parse(br#""\ud800""#).unwrap().text(), None);
        assert_eq!(Node::parse(b"1").unwrap().text(), None);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(Node::parse(deep.as_bytes()).unwrap().items().unwrap().len(), 1);
    }

    #[test]
    fn numbers_are_whole_if_nothing_is_behind_the_point() {
        for (text, whole) in [("3", Some(3)), ("3.0", Some(3)), ("3.5", None), ("-1", None), ("1e400", None)] {
            assert_eq!(Node::parse(text.as_bytes()).unwrap().whole(), whole, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_not_read() {
        for text in ["", "{", "{\"a\":1", "nul", "\"a", "{} {}", "\"\u{1}\""] {
            assert_eq!(Node::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Node::parse(b"\"\xff\""), None);
    }
}
