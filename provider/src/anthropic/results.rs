//! Messages as Anthropic wants them: user and assistant in turn, and what tools returned right behind their calls.

use std::collections::BTreeSet;

use crate::{
    conversation::{Conversation, Part, Role},
    json::Place,
    loss::Losses,
};

/// A message that is to be written.
pub(super) struct Message<'m, 'a> {
    pub role: Role,
    /// Each with the place of the client's message that it is from, by its index.
    pub parts: Vec<(usize, &'m Part<'a>)>,
}

/// Puts the messages in order: neighbours of one role become one, results of the calls before come first in theirs, and
/// system messages are left out.
pub(super) fn messages<'m, 'a>(conversation: &'m Conversation<'a>) -> Vec<Message<'m, 'a>> {
    let mut messages: Vec<Message<'m, 'a>> = Vec::new();
    for turn in conversation.turns.iter().filter(|turn| turn.role != Role::System) {
        let parts = turn.parts.iter().map(|part| (turn.index, part));
        match messages.last_mut().filter(|last| last.role == turn.role) {
            Some(last) => last.parts.extend(parts),
            None => messages.push(Message { role: turn.role, parts: parts.collect() }),
        }
    }
    let mut calls = BTreeSet::new();
    for message in &mut messages {
        let answers = |part: &Part<'_>| matches!(part, Part::ToolResult { id, .. } if calls.contains(&**id));
        message.parts.sort_by_key(|(_, part)| !answers(part));
        calls = called(message);
    }
    messages
}

/// The ids of the calls in a message. A result that answers none of those in the message before is refused by Anthropic.
pub(super) fn called<'m>(message: &Message<'m, '_>) -> BTreeSet<&'m str> {
    let id = |(_, part): &(usize, &'m Part<'_>)| match part {
        Part::ToolCall { id, .. } => Some(&**id),
        _ => None,
    };
    message.parts.iter().filter_map(id).collect()
}

/// Whether the answer that the last calls were made in began with a thought. Where it did not, Anthropic lets a model with a
/// budget not think on, <https://platform.claude.com/docs/en/build-with-claude/extended-thinking#preserving-thinking-blocks>.
pub(super) fn may_think_on(conversation: &Conversation<'_>) -> bool {
    let answer = conversation.turns.iter().rfind(|turn| turn.role == Role::Assistant);
    let parts = answer.map(|turn| turn.parts.as_slice()).unwrap_or_default();
    let calls = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
    !calls || matches!(parts.first(), Some(Part::Thinking { signature: Some(_), .. }))
}

/// The instructions: the texts of all system messages, each from a new line. Those from the middle of the conversation
/// come first with the others.
pub(super) fn system(conversation: &Conversation<'_>, losses: &mut Losses) -> String {
    let list = Place::ROOT.field(conversation.names.turns);
    let (mut system, mut begun) = (String::new(), false);
    for turn in &conversation.turns {
        if turn.role != Role::System {
            begun = true;
            continue;
        }
        if begun {
            losses.part_hint(list.index(turn.index), "where in the conversation it is said");
        }
        for part in &turn.parts {
            match part {
                Part::Text(text) if text.trim().is_empty() => {}
                Part::Text(text) => {
                    system.push_str(if system.is_empty() { "" } else { "\n" });
                    system.push_str(text);
                }
                _ => losses.part(list.index(turn.index), "what is no text in a system message"),
            }
        }
    }
    system
}
