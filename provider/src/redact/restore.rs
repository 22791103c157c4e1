use super::Placeholders;
use crate::json;
use policy::redact::{LONGEST_NAME, in_name};

/// Puts values back into a text that comes piece by piece, placeholders cut in two among them.
///
/// It holds back what may be the beginning of a placeholder, never more than the longest of them.
#[derive(Debug)]
pub struct Restorer {
    held: String,
    /// The text is JSON: values are written as parts of its strings.
    in_json: bool,
}

// === impl Restorer ===

impl Restorer {
    /// For a text that is read as it is.
    pub fn text() -> Self {
        Self { held: String::new(), in_json: false }
    }

    /// For a text that is JSON, as the arguments of a call are.
    pub fn json() -> Self {
        Self { held: String::new(), in_json: true }
    }

    /// A whole text with its values.
    pub fn restore(mut self, text: &str, placeholders: &Placeholders) -> String {
        self.feed(text, placeholders) + &self.finish()
    }

    /// Takes the next piece, and gives what is sure.
    pub fn feed(&mut self, piece: &str, placeholders: &Placeholders) -> String {
        let text = std::mem::take(&mut self.held) + piece;
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((plain, from)) = rest.find(['<', '\\']).and_then(|at| rest.split_at_checked(at)) {
            out.push_str(plain);
            rest = match self.begins(from, placeholders) {
                Begins::Value(value, after) => {
                    self.write(value, &mut out);
                    after
                }
                Begins::Perhaps => {
                    from.clone_into(&mut self.held);
                    return out;
                }
                Begins::Nothing => {
                    let mut chars = from.chars();
                    out.extend(chars.next());
                    // A backslash takes the next character with it: `\\u003c` is no escaped `<`.
                    if self.in_json && from.starts_with('\\') {
                        out.extend(chars.next());
                    }
                    chars.as_str()
                }
            };
        }
        out.push_str(rest);
        out
    }

    /// The text is over: gives what was held back.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    fn begins<'t>(&self, text: &'t str, placeholders: &'t Placeholders) -> Begins<'t> {
        let inside = match self.bracket(text, "<", "\\u003c") {
            Bracket::Whole(inside) => inside,
            Bracket::Part => return Begins::Perhaps,
            Bracket::None => return Begins::Nothing,
        };
        let end = inside.find(|c| !in_name(c)).unwrap_or(inside.len());
        let Some((name, after)) = inside.split_at_checked(end).filter(|(name, _)| name.len() <= LONGEST_NAME) else {
            return Begins::Nothing;
        };
        match (self.bracket(after, ">", "\\u003e"), placeholders.value(name)) {
            (Bracket::Part, _) => Begins::Perhaps,
            (Bracket::Whole(after), Some(value)) => Begins::Value(value, after),
            _ => Begins::Nothing,
        }
    }

    /// Takes a bracket off a text. In JSON it may be written as an escape, with digits in either case.
    fn bracket<'t>(&self, text: &'t str, plain: &str, escaped: &str) -> Bracket<'t> {
        if let Some(after) = text.strip_prefix(plain) {
            return Bracket::Whole(after);
        }
        let common = text.bytes().zip(escaped.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
        match () {
            () if text.is_empty() => Bracket::Part,
            () if !self.in_json || text.starts_with("\\U") => Bracket::None,
            () if common == escaped.len() => Bracket::Whole(text.get(common..).unwrap_or_default()),
            () if common == text.len() => Bracket::Part,
            () => Bracket::None,
        }
    }

    fn write(&self, value: &str, out: &mut String) {
        if !self.in_json {
            return out.push_str(value);
        }
        let mut bytes = Vec::new();
        json::escaped(&mut bytes, value);
        out.push_str(&String::from_utf8_lossy(&bytes));
    }
}

/// What a text begins with.
enum Begins<'t> {
    /// The placeholder of this value; and what is behind it.
    Value(&'t str, &'t str),
    /// Nobody can tell yet.
    Perhaps,
    Nothing,
}

/// Whether a text begins with a bracket.
enum Bracket<'t> {
    /// Yes; and what is behind it.
    Whole(&'t str),
    /// It is too short to tell.
    Part,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders() -> Placeholders {
        let mut placeholders = Placeholders::default();
        placeholders.insert("EMAIL_1", "a\"b\n@x");
        placeholders.insert("EMAIL_2", "c@d");
        placeholders
    }

    #[test]
    fn values_come_back_wherever_the_text_is_cut() {
        let placeholders = placeholders();
        let text = "to <EMAIL_1>, <EMAIL_2><EMAIL_3> < <EMAIL_ é \\u003cEMAIL_2\\u003e <EMAIL_2";
        let expected = "to a\"b\n@x, c@d<EMAIL_3> < <EMAIL_ é \\u003cEMAIL_2\\u003e <EMAIL_2";
        for (at, _) in text.char_indices() {
            let (head, tail) = text.split_at(at);
            let mut restorer = Restorer::text();
            let out = restorer.feed(head, &placeholders) + &restorer.feed(tail, &placeholders) + &restorer.finish();
            assert_eq!(out, expected, "cut at {at}");
        }
        let mut restorer = Restorer::text();
        let pieces = text.chars().map(|c| restorer.feed(&c.to_string(), &placeholders)).collect::<String>();
        assert_eq!(pieces + &restorer.finish(), expected);
    }

    #[test]
    fn in_json_values_are_written_as_json_and_placeholders_may_be_escaped() {
        let placeholders = placeholders();
        let text = r#"{"to":"<EMAIL_1>","cc":"\u003cEMAIL_2\u003E","x":"\\u003cEMAIL_2\\u003e \\<EMAIL_2>"}"#;
        let expected = r#"{"to":"a\"b\n@x","cc":"c@d","x":"\\u003cEMAIL_2\\u003e \\c@d"}"#;
        for at in 0..=text.len() {
            let (head, tail) = text.split_at(at);
            let mut restorer = Restorer::json();
            let out = restorer.feed(head, &placeholders) + &restorer.feed(tail, &placeholders) + &restorer.finish();
            assert_eq!(out, expected, "cut at {at}");
        }
    }

    #[test]
    fn little_is_held_back() {
        let mut restorer = Restorer::text();
        assert_eq!(restorer.feed("abc <", &placeholders()), "abc ");
        assert_eq!(restorer.feed("b>", &placeholders()), "<b>");
    }
}
