//! What an answer used, counted once, and what that costs.

use serde::{Deserialize, Serialize};

use crate::catalogue::{NanoUsd, Price};

/// Tokens of one request and its answer, by kind, as OpenTelemetry's conventions count them: the parts lie within the
/// whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Of the prompt: all of it, however it was come by.
    pub input: u64,
    /// Those of the prompt that came from the provider's cache.
    pub cached: u64,
    /// Those of the prompt that were put into the provider's cache.
    pub cache_written: u64,
    /// Those of the prompt that are sound.
    pub audio_input: u64,
    /// Of the answer: all of it.
    pub output: u64,
    /// Those of the answer that were thought and not said.
    pub reasoning: u64,
    /// Those of the answer that are sound.
    pub audio_output: u64,
}

/// What is known of an answer's tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Usage {
    /// The provider said nothing.
    #[default]
    Missing,
    /// The provider said something, but not the last word: the answer broke off.
    Partial(Tokens),
    /// The provider's last word.
    Complete(Tokens),
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Nobody knows: the provider did not say what was used, or not all of it.
    UsageMissing,
    /// The catalogue had no price for the model at that time.
    Unpriced,
    /// This much.
    #[serde(rename = "nano_usd")]
    Known(NanoUsd),
}

// === impl Tokens ===

impl Tokens {
    /// How many there are of each kind, by the kind's name: the whole of the prompt and of the answer, and their parts.
    pub fn kinds(&self) -> [(&'static str, u64); 7] {
        let Self { input, cached, cache_written, audio_input, output, reasoning, audio_output } = *self;
        [
            ("input", input),
            ("cached", cached),
            ("cache_written", cache_written),
            ("audio_input", audio_input),
            ("output", output),
            ("reasoning", reasoning),
            ("audio_output", audio_output),
        ]
    }
}

// === impl Usage ===

impl Usage {
    /// The word for it in stats.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Partial(_) => "partial",
            Self::Complete(_) => "complete",
        }
    }

    /// The tokens, as far as they are known.
    pub fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Missing => None,
            Self::Partial(tokens) | Self::Complete(tokens) => Some(tokens),
        }
    }

    /// What it costs at the price that the model had when the request came.
    pub fn cost(&self, price: Option<&Price>) -> Cost {
        match (self, price) {
            (Self::Missing | Self::Partial(_), _) => Cost::UsageMissing,
            (Self::Complete(_), None) => Cost::Unpriced,
            (Self::Complete(tokens), Some(price)) => Cost::Known(price.cost(tokens)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_shows_what_is_known_and_what_is_not() {
        let tokens = Tokens { input: 3, output: 2, ..Tokens::default() };
        let written = serde_json::to_value(Usage::Complete(tokens)).unwrap();
        assert_eq!(
            (&written["state"], &written["input"], &written["cached"]),
            (&json!("complete"), &json!(3), &json!(0))
        );
        assert_eq!(serde_json::from_value::<Usage>(written).unwrap(), Usage::Complete(tokens));
        assert_eq!(serde_json::to_value(Usage::Missing).unwrap(), json!({"state": "missing"}));
        assert_eq!(serde_json::to_value(Cost::Known(NanoUsd(7))).unwrap(), json!({"nano_usd": 7}));
        assert_eq!(serde_json::to_value(Cost::Unpriced).unwrap(), json!("unpriced"));
    }

    #[test]
    fn what_is_not_known_is_never_nothing() {
        let tokens = Tokens { input: 1000, ..Tokens::default() };
        assert_eq!(Usage::Complete(tokens).cost(Some(&Price::FREE)), Cost::Known(NanoUsd(0)));
        assert_eq!(Usage::Complete(tokens).cost(None), Cost::Unpriced);
        assert_eq!(Usage::Partial(tokens).cost(Some(&Price::FREE)), Cost::UsageMissing);
        assert_eq!(Usage::Missing.cost(Some(&Price::FREE)), Cost::UsageMissing);
    }
}
