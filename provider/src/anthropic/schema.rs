//! Schemas as Anthropic wants them: every object says that it has no other members than those it names,
//! <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>.

use crate::json::{Node, string_length};

/// An object or an array of a schema that is open.
struct Level {
    is_object: bool,
    /// It says that it describes objects.
    describes_objects: bool,
    /// It says what other members they may have.
    says_others: bool,
}

/// The schema with `"additionalProperties": false` wherever an object does not say; `None` if all of them do.
///
/// It works on the text, so that the order of the members stays: a model answers in that order.
pub(super) fn closed(schema: Node<'_>) -> Option<String> {
    let mut rest = schema.json();
    let mut out = String::with_capacity(rest.len());
    let mut levels: Vec<Level> = Vec::new();
    let (mut name, mut expects_name, mut changed) = ("", false, false);
    while let Some((before, from)) =
        rest.find(['"', '{', '}', '[', ']', ',', ':']).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(before);
        let length = if from.starts_with('"') { string_length(from) } else { 1 };
        let (token, after) = from.split_at_checked(length)?;
        match (token, levels.last_mut()) {
            ("{" | "[", _) => {
                expects_name = token == "{";
                name = "";
                levels.push(Level { is_object: expects_name, describes_objects: false, says_others: false });
            }
            ("}" | "]", _) => {
                if levels.pop().is_some_and(|level| level.describes_objects && !level.says_others) {
                    out.push_str(",\"additionalProperties\":false");
                    changed = true;
                }
                expects_name = false;
            }
            (",", level) => expects_name = level.is_some_and(|level| level.is_object),
            (":", _) => expects_name = false,
            (string, Some(level)) if expects_name => {
                name = string;
                level.says_others |= name == "\"additionalProperties\"";
            }
            ("\"object\"", Some(level)) if level.is_object => level.describes_objects |= name == "\"type\"",
            _ => {}
        }
        out.push_str(token);
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_at_every_depth_and_nothing_else_changes() {
        for (open, expected) in [
            (
                r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"items":{"type": "object"},"type":"array"}}}"#,
                Some(
                    r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"items":{"type": "object","additionalProperties":false},"type":"array"}},"additionalProperties":false}"#,
                ),
            ),
            (r#"{"type":"object","additionalProperties":true}"#, None),
            (r#"{"properties":{"type":{"type":"string"}},"enum":["object","}\""]}"#, None),
            (r#"{"type":["object","null"]}"#, None),
            ("true", None),
        ] {
            assert_eq!(closed(Node::parse_text(open).unwrap()).as_deref(), expected, "{open}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "{\"items\":".repeat(100_000) + "{\"type\":\"object\"}" + &"}".repeat(100_000);
        assert!(closed(Node::parse_text(&deep).unwrap()).is_some());
    }
}
