//! Writing a tree as JSON, without its comments.

use serde::ser::{Error as _, Serialize, Serializer};

use super::{Node, Value};

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Number(number) => {
                number.parse::<serde_json::Number>().map_err(S::Error::custom)?.serialize(serializer)
            }
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(entries) => serializer.collect_map(entries.iter().map(|(key, node)| (key, node))),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Node, list, map};

    #[test]
    fn a_tree_is_json_in_the_order_of_its_entries_and_without_comments() {
        let node = map! {
            "z" => Node::from("a \"b\"\n").comment("Nobody reads this."),
            "a" => list![1, true, super::Value::Null, map! {}],
        };
        assert_eq!(serde_json::to_string(&node).unwrap(), r#"{"z":"a \"b\"\n","a":[1,true,null,{}]}"#);
    }
}
