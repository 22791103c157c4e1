use super::node::Node;

/// The members of an object that is being written.
pub(crate) struct Members<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

/// The items of an array that is being written.
pub(crate) struct Items<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

/// Writes an object.
pub(crate) fn object(out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
    out.push(b'{');
    write(&mut Members { out, empty: true });
    out.push(b'}');
}

/// Writes an array.
pub(crate) fn array(out: &mut Vec<u8>, write: impl FnOnce(&mut Items<'_>)) {
    out.push(b'[');
    write(&mut Items { out, empty: true });
    out.push(b']');
}

/// Writes a string that is put together from parts.
pub(crate) fn text(out: &mut Vec<u8>, parts: &[&str]) {
    out.push(b'"');
    parts.iter().for_each(|part| escaped(out, part));
    out.push(b'"');
}

/// Writes a string's inside.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\') {
        let (plain, after) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((special, after)) = after.split_first() else { return };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Writes JSON as it is, without the white space between its tokens: a line break in it would end the event or the line
/// that it is part of.
fn raw(out: &mut Vec<u8>, node: Node<'_>) {
    let (mut in_string, mut after_backslash) = (false, false);
    for byte in node.json().bytes() {
        if in_string || !byte.is_ascii_whitespace() {
            out.push(byte);
        }
        in_string ^= byte == b'"' && !after_backslash;
        after_backslash = in_string && byte == b'\\' && !after_backslash;
    }
}

// === impl Members ===

impl Members<'_> {
    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        text(self.out, &[name]);
        self.out.push(b':');
        self.out
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        text(self.name(name), &[value]);
    }

    /// A string, put together from parts.
    pub(crate) fn texts(&mut self, name: &str, parts: &[&str]) {
        text(self.name(name), parts);
    }

    /// A string, if there is one.
    pub(crate) fn some_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A whole number.
    pub(crate) fn whole(&mut self, name: &str, value: u64) {
        let digits = value.to_string();
        self.name(name).extend_from_slice(digits.as_bytes());
    }

    /// A whole number of either sign.
    pub(crate) fn signed(&mut self, name: &str, value: i64) {
        let digits = value.to_string();
        self.name(name).extend_from_slice(digits.as_bytes());
    }

    /// A number, if there is one. It is finite: no other is read.
    pub(crate) fn some_number(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            let digits = value.to_string();
            self.name(name).extend_from_slice(digits.as_bytes());
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.name(name).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// JSON as it is.
    pub(crate) fn raw(&mut self, name: &str, value: Node<'_>) {
        raw(self.name(name), value);
    }

    /// `null`.
    pub(crate) fn null(&mut self, name: &str) {
        self.name(name).extend_from_slice(b"null");
    }

    /// The arguments of a call, as an object. What is none, because a model failed, is wrapped into one, not dropped.
    pub(crate) fn arguments(&mut self, name: &str, json: &str) {
        match Node::parse_text(json).filter(|node| node.is_object()) {
            Some(arguments) => self.raw(name, arguments),
            None => self.object(name, |object| object.text("arguments", json)),
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Members<'_>)) {
        object(self.name(name), write);
    }

    /// An array.
    pub(crate) fn array(&mut self, name: &str, write: impl FnOnce(&mut Items<'_>)) {
        array(self.name(name), write);
    }

    /// An array, if anything is written into it. Tells whether there was.
    pub(crate) fn some_array(&mut self, name: &str, write: impl FnOnce(&mut Items<'_>)) -> bool {
        let (length, was_empty) = (self.out.len(), self.empty);
        let out = self.name(name);
        out.push(b'[');
        let mut items = Items { out, empty: true };
        write(&mut items);
        let any = !items.empty;
        if any {
            self.out.push(b']');
        } else {
            self.out.truncate(length);
            self.empty = was_empty;
        }
        any
    }

    /// All members of an object that is JSON already.
    pub(crate) fn inside(&mut self, value: Node<'_>) {
        let inner = value.json().strip_prefix('{').and_then(|json| json.strip_suffix('}')).unwrap_or_default();
        if inner.bytes().any(|b| !b.is_ascii_whitespace()) {
            if !std::mem::replace(&mut self.empty, false) {
                self.out.push(b',');
            }
            let start = self.out.len();
            raw(self.out, value);
            self.out.remove(start);
            self.out.pop();
        }
    }
}

// === impl Items ===

impl Items<'_> {
    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        self.out
    }

    /// A string.
    pub(crate) fn text(&mut self, value: &str) {
        text(self.next(), &[value]);
    }

    /// An object.
    pub(crate) fn object(&mut self, write: impl FnOnce(&mut Members<'_>)) {
        object(self.next(), write);
    }

    /// An object, unless `write` says that it came to nothing.
    pub(crate) fn some_object(&mut self, write: impl FnOnce(&mut Members<'_>) -> bool) {
        let (length, was_empty) = (self.out.len(), self.empty);
        let mut any = false;
        object(self.next(), |members| any = write(members));
        if !any {
            self.out.truncate(length);
            self.empty = was_empty;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            o.text("text", "a\"b\\c\nd\r\t\u{1}\u{1f}é\u{2028}😀");
            o.texts("parts", &["data:", "x\ny"]);
            o.some_number("n", Some(0.7));
            o.some_number("none", None);
            o.object("o", |o| o.flag("yes", true));
            o.array("a", |a| {
                a.text("1");
                a.object(|o| o.flag("z", false));
            });
            o.raw("raw", Node::parse(b"{ \"a\" : [ 1 ,\n 2 ], \"b c\" : \" \\\" \\\\\" }").unwrap());
        });
        assert_eq!(
            serde_json::from_slice::<Value>(&out).unwrap(),
            json!({
                "text": "a\"b\\c\nd\r\t\u{1}\u{1f}é\u{2028}😀", "parts": "data:x\ny", "n": 0.7, "o": {"yes": true},
                "a": ["1", {"z": false}], "raw": {"a": [1, 2], "b c": " \" \\"},
            })
        );
        assert!(!out.contains(&b'\n'));
    }

    #[test]
    fn what_comes_to_nothing_leaves_no_trace() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            assert!(!o.some_array("none", |_| {}));
            assert!(o.some_array("some", |a| {
                a.some_object(|o| o.some_array("none", |_| {}));
                a.some_object(|o| o.some_array("one", |a| a.text("1")));
                a.some_object(|_| false);
            }));
        });
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"some":[{"one":["1"]}]}"#);
    }

    #[test]
    fn members_of_another_object_can_be_taken_over() {
        for (inner, all) in [("{ }", r#"{"type":"object"}"#), ("{ \"a\" : 1 }", r#"{"type":"object","a":1}"#)] {
            let mut out = Vec::new();
            object(&mut out, |o| {
                o.text("type", "object");
                o.inside(Node::parse(inner.as_bytes()).unwrap());
            });
            assert_eq!(String::from_utf8(out).unwrap(), all);
        }
    }
}
