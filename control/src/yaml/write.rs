//! Writing a tree as YAML that every parser reads alike, Envoy's YAML 1.1 one included.

use std::fmt::{self, Display, Formatter, Write};
use std::net::Ipv4Addr;

use super::{Node, Value};

/// A collection without comments stands on one line if that line is no longer than this.
const WIDTH: usize = 120;

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        comment(f, self.comment.as_deref(), 0)?;
        match &self.value {
            Value::Map(entries) if !entries.is_empty() => mapping(f, entries, 0, Start::Line),
            Value::List(items) if !items.is_empty() => sequence(f, items, 0),
            _ => writeln!(f, "{}", Flow(self)),
        }
    }
}

/// Whether the place where a mapping begins is indented already: after `- ` it is.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    Line,
    Item,
}

fn mapping(f: &mut Formatter<'_>, entries: &[(String, Node)], indent: usize, start: Start) -> fmt::Result {
    for (place, (key, node)) in entries.iter().enumerate() {
        // The comment of an item's first entry would stand after its dash: `sequence` has printed it.
        if place > 0 || start == Start::Line {
            comment(f, node.comment.as_deref(), indent)?;
            write!(f, "{:indent$}", "")?;
        }
        write!(f, "{}:", Scalar(key))?;
        after_key(f, node, indent, indent + key.len() + 2)?;
    }
    Ok(())
}

/// Writes what follows `key:`, whose value would begin at this column.
fn after_key(f: &mut Formatter<'_>, node: &Node, indent: usize, column: usize) -> fmt::Result {
    match &node.value {
        Value::Map(entries) if !fits(node, column) => {
            f.write_char('\n')?;
            mapping(f, entries, indent + 2, Start::Line)
        }
        Value::List(items) if !fits(node, column) || items.iter().any(has_entries) => {
            f.write_char('\n')?;
            sequence(f, items, indent)
        }
        _ => writeln!(f, " {}", Flow(node)),
    }
}

fn sequence(f: &mut Formatter<'_>, items: &[Node], indent: usize) -> fmt::Result {
    for item in items {
        comment(f, item.comment.as_deref(), indent)?;
        match &item.value {
            Value::Map(entries) if !fits(item, indent + 2) => {
                if let Some((_, first)) = entries.first() {
                    comment(f, first.comment.as_deref(), indent)?;
                }
                write!(f, "{:indent$}- ", "")?;
                mapping(f, entries, indent + 2, Start::Item)?;
            }
            _ => writeln!(f, "{:indent$}- {}", "", Flow(item))?,
        }
    }
    Ok(())
}

fn comment(f: &mut Formatter<'_>, text: Option<&str>, indent: usize) -> fmt::Result {
    text.into_iter().flat_map(str::lines).try_for_each(|line| {
        let space = if line.is_empty() { "" } else { " " };
        writeln!(f, "{:indent$}#{space}{line}", "")
    })
}

/// Whether a node may stand on one line that begins at this column.
fn fits(node: &Node, column: usize) -> bool {
    !commented_within(node) && column + Flow(node).to_string().chars().count() <= WIDTH
}

fn commented_within(node: &Node) -> bool {
    let commented = |child: &Node| child.comment.is_some() || commented_within(child);
    match &node.value {
        Value::List(items) => items.iter().any(commented),
        Value::Map(entries) => entries.iter().any(|(_, node)| commented(node)),
        _ => false,
    }
}

fn has_entries(node: &Node) -> bool {
    matches!(&node.value, Value::Map(entries) if !entries.is_empty())
}

/// A node on one line.
struct Flow<'a>(&'a Node);

impl Display for Flow<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.value {
            Value::Null => f.write_str("null"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Number(number) => f.write_str(number),
            Value::Text(text) => write!(f, "{}", Scalar(text)),
            Value::List(items) => {
                f.write_char('[')?;
                separated(f, items, |f, item| write!(f, "{}", Flow(item)))?;
                f.write_char(']')
            }
            Value::Map(entries) => {
                f.write_char('{')?;
                separated(f, entries, |f, (key, node)| write!(f, "{}: {}", Scalar(key), Flow(node)))?;
                f.write_char('}')
            }
        }
    }
}

fn separated<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}

/// Text, quoted unless every YAML parser takes it for text as it stands.
struct Scalar<'a>(&'a str);

impl Display for Scalar<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0;
        if is_plain(text) {
            f.write_str(text)
        } else if text.chars().all(|c| c == ' ' || !(c.is_control() || c.is_whitespace())) {
            match text.contains(['"', '\\']) {
                true => write!(f, "'{}'", text.replace('\'', "''")),
                false => write!(f, "\"{text}\""),
            }
        } else {
            // Control characters need the escapes of double quotes.
            f.write_char('"')?;
            text.chars().try_for_each(|c| match c {
                '"' | '\\' => write!(f, "\\{c}"),
                c if c.is_control() || c.is_whitespace() && c != ' ' => write!(f, "\\u{:04x}", u32::from(c)),
                c => f.write_char(c),
            })?;
            f.write_char('"')
        }
    }
}

/// Whether a text needs no quotes, in block and in flow style, in YAML 1.1 and 1.2.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/' | '$'))
        || is_duration(text)
        || is_address(text);
    let inner = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '/' | '$' | '.' | '-' | ' ' | '+' | '(' | ')' | ';' | '\\' | ':' | '@' | '=')
    };
    starts_well
        && text.chars().all(inner)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether this is how protobuf writes a duration: `0s`, `0.1s`.
fn is_duration(text: &str) -> bool {
    let number = text.strip_suffix('s').unwrap_or_default();
    number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn is_address(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}
