//! How an answer is to be thought out, drawn and shaped, in a messages request.

use super::{results, schema};
use crate::{
    conversation::{Choice, Conversation, Effort, Output, Reasoning},
    json::{Members, Node},
    loss::Losses,
    quirks::{Quirks, Thinking},
};

/// The least number of tokens that a model may be told to think.
const LEAST_BUDGET: u64 = 1024;

/// The highest temperature.
const HOTTEST: f64 = 1.0;

/// The budget of a model that is to think as it sees fit, but needs a number.
const USUAL_BUDGET: u64 = 8192;

/// The most tokens of an answer whose client sets no limit: those of its thoughts come on top of the others.
pub(super) fn default_limit(conversation: &Conversation<'_>, quirks: &Quirks) -> u64 {
    let thoughts = budget(conversation).filter(|_| quirks.thinking != Thinking::None).unwrap_or_default();
    quirks.default_limit.saturating_add(thoughts)
}

/// How many tokens to think, if the model is to think at all.
fn budget(conversation: &Conversation<'_>) -> Option<u64> {
    let asked = conversation.reasoning.filter(|reasoning| *reasoning != Reasoning::Off)?;
    Some(match asked {
        Reasoning::Budget(budget) => budget,
        other => other.effort().map_or(USUAL_BUDGET, |effort| effort.budget()),
    })
}

/// Writes all of it. `limit` is the most tokens that the answer may have.
pub(super) fn write(
    body: &mut Members<'_>,
    conversation: &Conversation<'_>,
    limit: u64,
    quirks: &Quirks,
    losses: &mut Losses,
) {
    let thinks = write_reasoning(body, conversation, limit, quirks, losses);
    write_sampling(body, conversation, quirks, thinks, losses);
    write_stops(body, conversation, losses);
}

fn write_sampling(
    body: &mut Members<'_>,
    conversation: &Conversation<'_>,
    quirks: &Quirks,
    thinks: bool,
    losses: &mut Losses,
) {
    let (names, mut sampling) = (conversation.names, conversation.sampling);
    let unsupported = [
        (names.seed, sampling.seed.is_some()),
        (names.presence_penalty, sampling.presence_penalty.is_some()),
        (names.frequency_penalty, sampling.frequency_penalty.is_some()),
    ];
    unsupported.iter().filter(|(_, set)| *set).for_each(|(name, _)| losses.meaning(*name));
    // One is what the API itself takes for both if they are not set.
    sampling.top_p = sampling.top_p.filter(|top_p| *top_p != 1.0);
    sampling.temperature = sampling.temperature.filter(|temperature| *temperature != 1.0);
    if !quirks.sampling || thinks {
        // A model that thinks draws as it wants to.
        for (name, set) in [
            (names.temperature, sampling.temperature.take().is_some()),
            (names.top_p, sampling.top_p.take().is_some()),
            (names.top_k, sampling.top_k.take().is_some()),
        ] {
            if set {
                losses.meaning(name);
            }
        }
    }
    if sampling.temperature.is_some_and(|temperature| temperature > HOTTEST) {
        losses.part(names.temperature, "above one");
        sampling.temperature = Some(HOTTEST);
    }
    if sampling.temperature.is_some() && sampling.top_p.take().is_some() {
        losses.part(names.top_p, "beside a temperature");
    }
    body.some_number("temperature", sampling.temperature);
    body.some_number("top_p", sampling.top_p);
    if let Some(top_k) = sampling.top_k {
        body.whole("top_k", top_k);
    }
}

fn write_stops(body: &mut Members<'_>, conversation: &Conversation<'_>, losses: &mut Losses) {
    let (stops, blank): (Vec<_>, Vec<_>) = conversation.stop.iter().partition(|stop| !stop.trim().is_empty());
    if !blank.is_empty() {
        losses.part(conversation.names.stop, "nothing but white space");
    }
    if !stops.is_empty() {
        body.array("stop_sequences", |list| stops.iter().for_each(|stop| list.text(stop)));
    }
}

/// Writes how much to think, and what the answer must be, and tells whether the model will think.
fn write_reasoning(
    body: &mut Members<'_>,
    conversation: &Conversation<'_>,
    limit: u64,
    quirks: &Quirks,
    losses: &mut Losses,
) -> bool {
    let budget = budget(conversation);
    let budget = budget.map(|budget| budget.clamp(LEAST_BUDGET, limit.saturating_sub(1).max(LEAST_BUDGET)));
    let effort = conversation.reasoning.and_then(Reasoning::effort);
    // A tool that must be called leaves no room for thought.
    let forced = matches!(conversation.choice, Some(Choice::Any | Choice::Tool(_)));
    let (thinks, effort) = match (quirks.thinking, budget) {
        // The newest think unless they are told not to, and some even then; all take an effort.
        (Thinking::Effort, None) if conversation.reasoning == Some(Reasoning::Off) && !quirks.sampling => {
            losses.part_hint(conversation.names.reasoning, "that there is to be none");
            (false, Some(Effort::Low))
        }
        (_, None) => (false, None),
        (Thinking::Budget, Some(budget)) if budget < limit && !forced && results::may_think_on(conversation) => {
            body.object("thinking", |thinking| {
                thinking.text("type", "enabled");
                thinking.whole("budget_tokens", budget);
            });
            (true, None)
        }
        (Thinking::Effort, Some(_)) if !forced => {
            body.object("thinking", |thinking| thinking.text("type", "adaptive"));
            (true, effort)
        }
        _ => {
            losses.hint(conversation.names.reasoning);
            (false, None)
        }
    };
    let shape = shape(conversation, quirks, losses);
    if effort.is_some() || shape.is_some() {
        body.object("output_config", |config| {
            // `minimal` is OpenAI's alone.
            config.some_text("effort", effort.map(|effort| effort.max(Effort::Low).name()));
            if let Some(schema) = shape {
                config.object("format", |format| {
                    format.text("type", "json_schema");
                    let closed = schema::closed(schema);
                    if closed.is_some() {
                        losses.part_hint(conversation.names.output, "that objects may have other members");
                    }
                    format.raw("schema", closed.as_deref().and_then(Node::parse_text).unwrap_or(schema));
                });
            }
        });
    }
    thinks
}

fn shape<'a>(conversation: &Conversation<'a>, quirks: &Quirks, losses: &mut Losses) -> Option<Node<'a>> {
    match conversation.output {
        Output::Any => None,
        Output::Schema { schema, .. } if quirks.schema => Some(schema),
        Output::Json | Output::Schema { .. } => {
            losses.meaning(conversation.names.output);
            None
        }
    }
}
