//! What an answer used, as OpenAI says it: parts lie within the whole.

use crate::json::{Members, Node, Object};
use policy::usage::{Tokens, Usage};

/// Reads `usage`, of chat completions or of responses.
pub(crate) fn read_usage(node: Option<Node<'_>>) -> Usage {
    let mut usage = Object::answered(node);
    let mut count = |names: [&str; 2]| names.into_iter().find_map(|name| usage.take(name)?.whole());
    let (input, output) = (count(["prompt_tokens", "input_tokens"]), count(["completion_tokens", "output_tokens"]));
    if input.is_none() && output.is_none() {
        return Usage::Missing;
    }
    let mut within = |names: [&str; 2]| Object::answered(names.into_iter().find_map(|name| usage.take(name)));
    let mut of_input = within(["prompt_tokens_details", "input_tokens_details"]);
    let mut of_output = within(["completion_tokens_details", "output_tokens_details"]);
    let part = |object: &mut Object<'_, '_>, name| object.take(name).and_then(Node::whole).unwrap_or_default();
    Usage::Complete(Tokens {
        input: input.unwrap_or_default(),
        cached: part(&mut of_input, "cached_tokens"),
        cache_written: part(&mut of_input, "cache_write_tokens"),
        audio_input: part(&mut of_input, "audio_tokens"),
        output: output.unwrap_or_default(),
        reasoning: part(&mut of_output, "reasoning_tokens"),
        audio_output: part(&mut of_output, "audio_tokens"),
    })
}

/// Writes `usage`, if there is something to write.
pub(crate) fn write_usage(object: &mut Members<'_>, usage: &Usage) {
    let Some(tokens) = usage.tokens() else { return };
    object.object("usage", |usage| {
        usage.whole("prompt_tokens", tokens.input);
        usage.whole("completion_tokens", tokens.output);
        usage.whole("total_tokens", tokens.input.saturating_add(tokens.output));
        usage.object("prompt_tokens_details", |details| {
            details.whole("cached_tokens", tokens.cached);
            if tokens.cache_written > 0 {
                details.whole("cache_write_tokens", tokens.cache_written);
            }
            details.whole("audio_tokens", tokens.audio_input);
        });
        usage.object("completion_tokens_details", |details| {
            details.whole("reasoning_tokens", tokens.reasoning);
            details.whole("audio_tokens", tokens.audio_output);
        });
    });
}
