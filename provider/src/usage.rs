//! What an answer used, counted once, and what that costs.

use policy::catalogue::{NanoUsd, Price};

/// Tokens of one request and its answer, by kind, as OpenTelemetry's conventions count them: the parts lie within the
/// whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Nobody knows: the provider did not say what was used, or not all of it.
    UsageMissing,
    /// The catalogue has no price for the model.
    Unpriced,
    /// This much.
    Known(NanoUsd),
}

// === impl Usage ===

impl Usage {
    /// The tokens, as far as they are known.
    pub fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Missing => None,
            Self::Partial(tokens) | Self::Complete(tokens) => Some(tokens),
        }
    }

    /// What it costs at a price.
    ///
    /// Tokens that are written to a cache are priced as input: a [`Price`] has no price of their own for them.
    pub fn cost(&self, price: Option<&Price>) -> Cost {
        match (self, price) {
            (Self::Missing | Self::Partial(_), _) => Cost::UsageMissing,
            (Self::Complete(_), None) => Cost::Unpriced,
            (Self::Complete(tokens), Some(price)) => {
                let fresh = tokens.input.saturating_sub(tokens.cached);
                Cost::Known(price.cost(fresh, tokens.cached.min(tokens.input), tokens.output))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_paid_once_and_at_their_own_price() {
        let usd = |usd| NanoUsd::from_usd(usd).unwrap();
        let price = Price { input: usd(2.5), cached: usd(1.25), output: usd(10.0) };
        let tokens = Tokens { input: 1000, cached: 600, output: 100, ..Tokens::default() };
        let expected = 400 * 2500 + 600 * 1250 + 100 * 10_000;
        assert_eq!(Usage::Complete(tokens).cost(Some(&price)), Cost::Known(NanoUsd(expected)));
        assert_eq!(Usage::Complete(tokens).cost(None), Cost::Unpriced);
        assert_eq!(Usage::Partial(tokens).cost(Some(&price)), Cost::UsageMissing);
        assert_eq!(Usage::Missing.cost(Some(&Price::FREE)), Cost::UsageMissing);
    }
}
