//! How an answer is to be thought out and drawn, in a chat completions request.

use crate::{
    conversation::{Conversation, Reasoning},
    json::Members,
    loss::Losses,
    quirks::{LimitName, Quirks, Thinking},
};

/// OpenAI takes so many texts to stop at.
const MOST_STOPS: usize = 4;

/// OpenAI takes so many characters to tell users apart; Claude Code sends more.
const LONGEST_USER: usize = 64;

/// Writes all of it.
pub(super) fn write(body: &mut Members<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    let names = conversation.names;
    if let Some(limit) = conversation.limit {
        let name = match quirks.limit {
            LimitName::MaxTokens => "max_tokens",
            LimitName::MaxCompletionTokens => "max_completion_tokens",
        };
        body.whole(name, limit);
    }
    // The newer of those that think do not while they are told not to.
    if quirks.sampling || conversation.reasoning == Some(Reasoning::Off) {
        write_sampling(body, conversation);
    } else {
        lose_sampling(conversation, losses);
    }
    write_stops(body, conversation, quirks, losses);
    if let Some(seed) = conversation.sampling.seed {
        body.signed("seed", seed);
    }
    if conversation.sampling.top_k.is_some() {
        losses.meaning(names.top_k);
    }
    write_reasoning(body, conversation, quirks, losses);
    match conversation.user.as_deref() {
        Some(user) if user.chars().count() > LONGEST_USER => losses.part_hint(names.user, "longer than 64 characters"),
        user => body.some_text("user", user),
    }
}

fn write_sampling(body: &mut Members<'_>, conversation: &Conversation<'_>) {
    let sampling = conversation.sampling;
    body.some_number("temperature", sampling.temperature);
    body.some_number("top_p", sampling.top_p);
    body.some_number("presence_penalty", sampling.presence_penalty);
    body.some_number("frequency_penalty", sampling.frequency_penalty);
}

fn write_stops(body: &mut Members<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    match conversation.stop.as_slice() {
        [] => {}
        _ if !quirks.sampling => losses.meaning(conversation.names.stop),
        stops => {
            if stops.len() > MOST_STOPS {
                losses.part(conversation.names.stop, "more than four");
            }
            body.array("stop", |list| stops.iter().take(MOST_STOPS).for_each(|stop| list.text(stop)));
        }
    }
}

/// Names what a model that thinks is not told, but for what it does anyway.
fn lose_sampling(conversation: &Conversation<'_>, losses: &mut Losses) {
    let (names, sampling) = (conversation.names, conversation.sampling);
    let differs = |value: Option<f64>| value.is_some_and(|value| value != 1.0);
    for (name, set) in [
        (names.temperature, differs(sampling.temperature)),
        (names.top_p, differs(sampling.top_p)),
        (names.presence_penalty, sampling.presence_penalty.is_some()),
        (names.frequency_penalty, sampling.frequency_penalty.is_some()),
    ] {
        if set {
            losses.meaning(name);
        }
    }
}

fn write_reasoning(body: &mut Members<'_>, conversation: &Conversation<'_>, quirks: &Quirks, losses: &mut Losses) {
    let Some(reasoning) = conversation.reasoning else { return };
    match (quirks.thinking, reasoning, reasoning.effort()) {
        // A model that does not think needs no word not to; `none` is what the newest understand.
        (Thinking::None, Reasoning::Off, _) | (_, Reasoning::On, _) => {}
        (Thinking::None, ..) => losses.hint(conversation.names.reasoning),
        (_, Reasoning::Off, _) => body.text("reasoning_effort", "none"),
        (_, _, effort) => body.some_text("reasoning_effort", effort.map(|effort| effort.name())),
    }
    if matches!(reasoning, Reasoning::Budget(_)) && quirks.thinking != Thinking::None {
        losses.part_hint(conversation.names.reasoning, "the exact budget");
    }
}
