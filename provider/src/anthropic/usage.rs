//! What an answer used, as Anthropic says it: what came from the cache, and what went into it, lies beside the rest of
//! the input.

use crate::json::{Members, Node, Object};
use policy::usage::{Tokens, Usage};

/// Counts as they come. They are cumulative, and may stand in more than one event of a stream: the highest counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counting {
    any: bool,
    input: u64,
    cached: u64,
    written: u64,
    output: u64,
    reasoning: u64,
}

// === impl Counting ===

impl Counting {
    /// Reads `usage`.
    pub(crate) fn add(&mut self, node: Option<Node<'_>>) {
        let mut usage = Object::answered(node);
        let mut count = |name, total: &mut u64| {
            let found = usage.take(name).and_then(Node::whole);
            *total = found.unwrap_or_default().max(*total);
            found.is_some()
        };
        self.any |= count("input_tokens", &mut self.input);
        self.any |= count("output_tokens", &mut self.output);
        count("cache_read_input_tokens", &mut self.cached);
        count("cache_creation_input_tokens", &mut self.written);
        let mut details = Object::answered(usage.take("output_tokens_details"));
        let thought = details.take("thinking_tokens").and_then(Node::whole);
        self.reasoning = thought.unwrap_or_default().max(self.reasoning);
    }

    /// What was counted, as the last word or not.
    pub(crate) fn usage(&self, complete: bool) -> Usage {
        let tokens = Tokens {
            input: self.input.saturating_add(self.cached).saturating_add(self.written),
            cached: self.cached,
            cache_written: self.written,
            output: self.output,
            reasoning: self.reasoning,
            ..Tokens::default()
        };
        match (self.any, complete) {
            (false, _) => Usage::Missing,
            (true, false) => Usage::Partial(tokens),
            (true, true) => Usage::Complete(tokens),
        }
    }
}

/// Writes `usage`. Anthropic's clients insist on numbers, so what is not known is zero; the record knows better.
pub(crate) fn write_usage(object: &mut Members<'_>, usage: &Usage) {
    let tokens = usage.tokens().copied().unwrap_or_default();
    object.object("usage", |usage| {
        usage.whole("input_tokens", tokens.input.saturating_sub(tokens.cached).saturating_sub(tokens.cache_written));
        usage.whole("cache_creation_input_tokens", tokens.cache_written);
        usage.whole("cache_read_input_tokens", tokens.cached);
        usage.whole("output_tokens", tokens.output);
    });
}
