//! A small ordered YAML tree with comments: what the rendered files are built from.
//!
//! `serde_json` sorts keys and knows no comments; a configuration that people read needs both.

mod json;
mod read;
mod write;

/// A piece of a YAML document, with an optional comment above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    comment: Option<String>,
    value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The empty value.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text, of any kind; quoted where YAML would take it for something else.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order given.
    Map(Vec<(String, Node)>),
}

/// Builds a mapping, in the order written: `map! { "name" => "x", "ports" => list![80, 443] }`.
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::yaml::Node::map(vec![$((::std::string::String::from($key), $crate::yaml::Node::from($value))),*])
    };
}

/// Builds a sequence: `list!["a", "b"]`.
macro_rules! list {
    ($($value:expr),* $(,)?) => { $crate::yaml::Node::list(vec![$($crate::yaml::Node::from($value)),*]) };
}

pub(crate) use {list, map};

// === impl Node ===

impl Node {
    /// A mapping, in this order.
    pub fn map(entries: Vec<(String, Self)>) -> Self {
        Value::Map(entries).into()
    }

    /// A sequence.
    pub fn list(items: Vec<Self>) -> Self {
        Value::List(items).into()
    }

    /// Adds a comment, printed on lines of its own above the node.
    pub fn comment(mut self, text: &str) -> Self {
        self.comment = Some(text.to_owned());
        self
    }

    /// Adds an entry at the end of a mapping; anything else is left as it is.
    pub fn with(mut self, key: &str, value: impl Into<Self>) -> Self {
        if let Value::Map(entries) = &mut self.value {
            entries.push((key.to_owned(), value.into()));
        }
        self
    }

    /// Adds an entry at the end of a mapping, where there is one to add.
    pub fn with_some(self, key: &str, value: Option<impl Into<Self>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Sets an entry of a mapping, in its place if there is one; anything else is left as it is.
    pub fn set(&mut self, key: &str, value: impl Into<Self>) {
        let Value::Map(entries) = &mut self.value else { return };
        match entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, node)) => *node = value.into(),
            None => entries.push((key.to_owned(), value.into())),
        }
    }

    /// The entry of a mapping with this key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The items of a sequence, to change them; of anything else, none.
    pub fn items_mut(&mut self) -> &mut [Self] {
        if let Value::List(items) = &mut self.value { items } else { &mut [] }
    }

    /// The entry of a mapping with this key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The text of a scalar that is text.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned()).into()
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Value::Text(text).into()
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Self {
        Value::Bool(truth).into()
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Value::Number(number.to_string()).into()
    }
}

impl From<u16> for Node {
    fn from(number: u16) -> Self {
        u64::from(number).into()
    }
}

impl From<i32> for Node {
    fn from(number: i32) -> Self {
        Value::Number(number.to_string()).into()
    }
}

impl<const N: usize> From<[Self; N]> for Node {
    fn from(items: [Self; N]) -> Self {
        Self::list(items.into())
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { comment: None, value }
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    fn parse(text: &str) -> Node {
        serde_saphyr::from_str(text).unwrap()
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let texts = [
            "plain",
            "with: colon",
            "# no comment",
            "yes",
            "No",
            "on",
            "null",
            "~",
            "",
            " padded ",
            "1",
            "1.5",
            "1e3",
            "0x1F",
            "-",
            "- item",
            "a,b",
            "[x]",
            "{x}",
            "it's",
            "\"quoted\"",
            "line\nbreak",
            "tab\there",
            "*star",
            "&anchor",
            "!tag",
            "%percent",
            "@at",
            "$asked",
            "'",
            "0s",
            "15s",
            "127.0.0.1",
            "llama3.1:8b",
            "trailing:",
            "\u{1F600}",
            "\u{7f}\u{85}",
            "5 %",
            "=",
            "2026-11-22",
            ".inf",
            "\\bEMP-\\d{6}\\b",
            "x #y",
            "?",
            "key: [",
        ];
        for text in texts {
            for node in [
                map! { "k" => text },
                map! { "k" => list![text, map! { text => text }] },
                map! { "long" => list!["x".repeat(130), text] },
            ] {
                assert_eq!(parse(&node.to_string()), node, "{text:?} as\n{node}");
            }
        }
    }

    #[test]
    fn other_scalars_keep_their_kind() {
        let node = map! { "truth" => true, "count" => 41_943_040_u64, "less" => -1, "none" => super::Value::Null, "empty" => map! {}, "bare" => list![] };
        assert_eq!(parse(&node.to_string()), node);
    }

    #[test]
    fn comments_stand_above_and_the_order_stays() {
        let node = map! {
            "zebra" => Node::from("z").comment("Why it comes first.\nIn two lines."),
            "apple" => list![map! { "name" => "a" }.comment("The first."), map! { "name" => "b" }],
        };
        let expected =
            "# Why it comes first.\n# In two lines.\nzebra: z\napple:\n# The first.\n- {name: a}\n- {name: b}\n";
        assert_eq!(node.to_string(), expected);
    }

    #[test]
    fn short_leaves_stand_on_one_line_and_long_ones_do_not() {
        let node =
            map! { "short" => map! { "a" => 1, "b" => list!["x", "z"] }, "long" => map! { "text" => "y".repeat(120) } };
        let expected = format!("short: {{a: 1, b: [x, z]}}\nlong:\n  text: {}\n", "y".repeat(120));
        assert_eq!(node.to_string(), expected);
    }
}
