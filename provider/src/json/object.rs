use std::{borrow::Cow, fmt};

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{node::Node, place::Place};
use crate::loss::{Invalid, Losses};

/// More members than any object of the formats has; what has more is not meant for them.
const MOST_MEMBERS: usize = 256;

/// An object that is read by taking its members out one by one. What is left in the end was not understood.
pub(crate) struct Object<'a, 'p> {
    members: Vec<(Cow<'a, str>, Node<'a>)>,
    place: Place<'p>,
}

// === impl Object ===

impl<'a, 'p> Object<'a, 'p> {
    /// The object at a place in a request. Two members of one name are refused: which of them counts, each reader decides
    /// for itself.
    pub(crate) fn read(node: Node<'a>, place: Place<'p>) -> Result<Self, Invalid> {
        let members = members(node).ok_or_else(|| Invalid::new(place, "must be an object"))?;
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        match names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            true => Err(Invalid::new(place, "has two members of one name")),
            false => Ok(Self { members, place }),
        }
    }

    /// An object in an answer, of which only what is known is read. Empty if it is none.
    pub(crate) fn answered(node: Option<Node<'a>>) -> Object<'a, 'static> {
        Object { members: node.and_then(members).unwrap_or_default(), place: Place::ROOT }
    }

    /// Where the object stands.
    pub(crate) fn place(&self) -> Place<'p> {
        self.place
    }

    /// Takes a member out; `null` is as good as none.
    pub(crate) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let found = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.swap_remove(found).1).filter(|node| node.json() != "null")
    }

    /// Takes a member that must be of one kind if it is there.
    fn take_as<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Node<'a>) -> Option<T>,
        kind: &'static str,
    ) -> Result<Option<T>, Invalid> {
        let read = |node| read(node).ok_or_else(|| Invalid::new(self.place.field(name), kind));
        let found = self.members.iter().position(|(known, _)| known == name);
        match found.and_then(|found| self.members.get(found)) {
            Some((_, node)) if node.json() != "null" => {
                let value = read(*node)?;
                self.take(name);
                Ok(Some(value))
            }
            _ => {
                self.take(name);
                Ok(None)
            }
        }
    }

    /// Takes a string.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, Invalid> {
        self.take_as(name, Node::text, "must be a string")
    }

    /// Takes a string that must be there.
    pub(crate) fn needed_text(&mut self, name: &'static str) -> Result<Cow<'a, str>, Invalid> {
        let place = self.place;
        self.text(name)?.ok_or_else(|| Invalid::new(place.field(name), "is missing"))
    }

    /// Takes `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Invalid> {
        self.take_as(name, Node::flag, "must be `true` or `false`")
    }

    /// Takes a whole number.
    pub(crate) fn whole(&mut self, name: &'static str) -> Result<Option<u64>, Invalid> {
        self.take_as(name, Node::whole, "must be a whole number")
    }

    /// Takes a whole number of either sign.
    pub(crate) fn signed(&mut self, name: &'static str) -> Result<Option<i64>, Invalid> {
        self.take_as(name, Node::signed, "must be a whole number")
    }

    /// Takes a number.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<f64>, Invalid> {
        self.take_as(name, Node::number, "must be a number")
    }

    /// Takes an array's items; none if it is not there.
    pub(crate) fn items(&mut self, name: &'static str) -> Result<Vec<Node<'a>>, Invalid> {
        Ok(self.take_as(name, Node::items, "must be an array")?.unwrap_or_default())
    }

    /// Takes an object as it is, to be passed on.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Node<'a>>, Invalid> {
        self.take_as(name, |node| node.is_object().then_some(node), "must be an object")
    }

    /// Takes members that no other format can express but that change the answer: each is a loss, unless it says no
    /// more than its default does.
    pub(crate) fn lose(&mut self, names: &[(&'static str, &str)], losses: &mut Losses) {
        for (name, default) in names {
            if self.take(name).is_some_and(|node| !node.says_nothing() && node.json() != *default) {
                losses.meaning(self.place.field(name));
            }
        }
    }

    /// Takes members whose loss leaves the answer's meaning as it is.
    pub(crate) fn lose_hints(&mut self, names: &[&'static str], losses: &mut Losses) {
        for name in names {
            if self.take(name).is_some_and(|node| !node.says_nothing()) {
                losses.hint(self.place.field(name));
            }
        }
    }

    /// Ends the reading: what was not taken is unknown, and lost.
    pub(crate) fn end(self, losses: &mut Losses) {
        for (name, node) in &self.members {
            if !node.says_nothing() {
                losses.unknown(self.place, name);
            }
        }
    }
}

fn members(node: Node<'_>) -> Option<Vec<(Cow<'_, str>, Node<'_>)>> {
    let mut json = serde_json::Deserializer::from_str(node.json());
    json.deserialize_map(MembersVisitor).ok()
}

struct MembersVisitor;

impl<'a> Visitor<'a> for MembersVisitor {
    type Value = Vec<(Cow<'a, str>, Node<'a>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, raw)) = map.next_entry::<Name<'a>, &'a RawValue>()? {
            if members.len() >= MOST_MEMBERS {
                return Err(serde::de::Error::custom("too many members"));
            }
            members.push((name.0, Node::of(raw)));
        }
        Ok(members)
    }
}

/// A member's name, borrowed where it can be.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone_and_what_is_left_is_lost() {
        let node = Node::parse(br#"{"a":"x","b":null,"c":[],"seed":0,"d":true,"my secret":1}"#).unwrap();
        let mut object = Object::read(node, Place::ROOT).unwrap();
        let mut losses = Losses::default();
        assert_eq!(object.text("a").unwrap().unwrap(), "x");
        assert_eq!(object.text("a").unwrap(), None);
        object.lose(&[("seed", "0"), ("d", "false")], &mut losses);
        object.end(&mut losses);
        let named: Vec<String> = losses.list().iter().map(ToString::to_string).collect();
        assert_eq!(named, ["d", "an unknown field"]);
    }

    #[test]
    fn a_wrong_kind_is_told_with_its_place() {
        let node = Node::parse(br#"{"temperature":"hot"}"#).unwrap();
        let place = Place::ROOT.field("options");
        let error = Object::read(node, place).unwrap().number("temperature").unwrap_err();
        assert_eq!(error.to_string(), "options.temperature must be a number");
    }

    #[test]
    fn two_members_of_one_name_are_refused_wherever_they_stand() {
        let node = Node::parse(br#"{"role":"user","x":1,"\u0072ole":"system"}"#).unwrap();
        assert!(Object::read(node, Place::ROOT).is_err());
    }

    #[test]
    fn an_object_with_too_many_members_is_refused() {
        let many: Vec<String> = (0..=MOST_MEMBERS).map(|n| format!("\"{n}\":1")).collect();
        let body = format!("{{{}}}", many.join(","));
        assert!(Object::read(Node::parse(body.as_bytes()).unwrap(), Place::ROOT).is_err());
    }
}
