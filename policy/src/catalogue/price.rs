//! What a model costs, in whole billionths of a US dollar.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How long an answer is taken to be, in tokens, when candidates are compared by cost. A client's limit, if lower, counts.
///
/// Most clients set no limit or a far too high one, so a limit says little about the answer. The figure only orders the
/// candidates; what a request did cost is reckoned from the usage that the provider reports.
pub const EXPECTED_OUTPUT_TOKENS: u64 = 500;

/// A million: prices are for so many tokens.
const MILLION: u128 = 1_000_000;

/// The dearest price that can be written, in US dollars per million tokens.
const DEAREST: f64 = 1_000_000.0;

/// Billionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub u64);

/// What a million tokens cost, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Of the prompt.
    pub input: NanoUsd,
    /// Of the prompt, where the provider had it in its cache.
    pub cached: NanoUsd,
    /// Of the answer.
    pub output: NanoUsd,
}

/// A number that is no price.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("`{0}` is no price in US dollars per million tokens")]
pub struct InvalidPrice(pub f64);

// === impl Price ===

impl Price {
    /// Nothing at all.
    pub const FREE: Self = Self { input: NanoUsd(0), cached: NanoUsd(0), output: NanoUsd(0) };

    /// What so many tokens cost; `cached` are those of the prompt that come from the cache, and are not part of `input`.
    /// Rounded down to a billionth of a dollar; the largest number if it does not fit.
    pub fn cost(&self, input: u64, cached: u64, output: u64) -> NanoUsd {
        let of = |tokens: u64, price: NanoUsd| u128::from(tokens) * u128::from(price.0) / MILLION;
        let sum = of(input, self.input) + of(cached, self.cached) + of(output, self.output);
        NanoUsd(u64::try_from(sum).unwrap_or(u64::MAX))
    }

    /// What a request is taken to cost before it is sent: nothing from the cache, and an answer of
    /// [`EXPECTED_OUTPUT_TOKENS`] or of the client's limit if that is lower.
    pub fn estimate(&self, prompt_tokens: u64, output_limit: Option<u64>) -> NanoUsd {
        let output = output_limit.unwrap_or(u64::MAX).min(EXPECTED_OUTPUT_TOKENS);
        self.cost(prompt_tokens, 0, output)
    }
}

// === impl NanoUsd ===

impl NanoUsd {
    /// From US dollars as they are written, to the nearest billionth.
    pub fn from_usd(usd: f64) -> Result<Self, InvalidPrice> {
        if !(0.0..=DEAREST).contains(&usd) {
            return Err(InvalidPrice(usd));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range, as just seen")]
        Ok(Self((usd * 1e9).round() as u64))
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let written = format!("{whole}.{rest:09}");
        let short = written.trim_end_matches('0').trim_end_matches('.');
        write!(f, "${short}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(input: f64, output: f64) -> Price {
        let usd = |usd| NanoUsd::from_usd(usd).unwrap();
        Price { input: usd(input), cached: usd(input), output: usd(output) }
    }

    #[test]
    fn cost_is_exact_in_billionths() {
        assert_eq!(price(2.5, 10.0).cost(1000, 0, 500), NanoUsd(2_500_000 + 5_000_000));
        assert_eq!(price(0.075, 0.3).cost(1, 0, 1), NanoUsd(75 + 300));
        assert_eq!(Price::FREE.cost(u64::MAX, u64::MAX, u64::MAX), NanoUsd(0));
        assert_eq!(price(1_000_000.0, 0.0).cost(u64::MAX, 0, 0), NanoUsd(u64::MAX));
    }

    #[test]
    fn an_estimate_takes_a_usual_answer_unless_the_client_wants_less() {
        let price = price(0.0, 1.0);
        assert_eq!(price.estimate(9, None), price.cost(9, 0, EXPECTED_OUTPUT_TOKENS));
        assert_eq!(price.estimate(9, Some(1_000_000)), price.cost(9, 0, EXPECTED_OUTPUT_TOKENS));
        assert_eq!(price.estimate(9, Some(10)), price.cost(9, 0, 10));
    }

    #[test]
    fn a_price_is_a_number_of_dollars() {
        for wrong in [-0.01, f64::NAN, f64::INFINITY, 1e30] {
            assert!(NanoUsd::from_usd(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_amount_is_written_without_needless_digits() {
        for (amount, written) in [(0, "$0"), (1, "$0.000000001"), (7_500_000, "$0.0075"), (12_000_000_000, "$12")] {
            assert_eq!(NanoUsd(amount).to_string(), written);
        }
    }
}
