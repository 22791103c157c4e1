//! Ids for calls that have none: Ollama's own clients give results back by the tool's name, or just in order.

use std::{borrow::Cow, collections::VecDeque};

/// So many calls may wait for their results; more than any turn has. The oldest are given up.
const MOST_OPEN: usize = 1024;

/// Calls that no result has come for yet.
#[derive(Default)]
pub(super) struct Calls<'a> {
    made: usize,
    open: VecDeque<(Cow<'a, str>, Cow<'a, str>)>,
}

// === impl Calls ===

impl<'a> Calls<'a> {
    /// The id of a call of a tool: its own, or one that says which call of the conversation it is.
    pub(super) fn call(&mut self, id: Option<Cow<'a, str>>, name: Cow<'a, str>) -> Cow<'a, str> {
        self.made += 1;
        let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", self.made).into());
        if self.open.len() >= MOST_OPEN {
            self.open.pop_front();
        }
        self.open.push_back((id.clone(), name));
        id
    }

    /// The id of the call that a result answers: the one it names, or else the first open call of that tool, or else the
    /// first open call. Empty if there is none.
    pub(super) fn result(&mut self, id: Option<Cow<'a, str>>, name: Option<&str>) -> Cow<'a, str> {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            self.open.retain(|(open, _)| *open != id);
            return id;
        }
        let of_tool = |name: &str| self.open.iter().position(|(_, open)| open == name);
        let at = name.and_then(of_tool).unwrap_or(0);
        self.open.remove(at).map_or(Cow::Borrowed(""), |(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_find_their_calls_by_id_then_by_name_then_in_order() {
        let mut calls = Calls::default();
        assert_eq!(calls.call(None, "a".into()), "call_1");
        assert_eq!(calls.call(Some("own".into()), "b".into()), "own");
        assert_eq!(calls.call(None, "a".into()), "call_3");
        assert_eq!(calls.result(None, Some("b")), "own");
        assert_eq!(calls.result(None, None), "call_1");
        assert_eq!(calls.result(Some("call_3".into()), None), "call_3");
        assert_eq!(calls.result(None, Some("a")), "");
    }
}
