//! What a model costs, in whole billionths of a US dollar.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::usage::Tokens;

/// How long an answer is taken to be, in tokens, when candidates are compared by cost. A client's limit, if lower, counts.
///
/// Most clients set no limit or a far too high one, so a limit says little about the answer. The figure only orders the
/// candidates; what a request did cost is reckoned from the usage that the provider reports.
pub const EXPECTED_OUTPUT_TOKENS: u64 = 500;

/// A million: rates are for so many tokens.
const MILLION: u128 = 1_000_000;

/// The dearest rate that can be written, in US dollars per million tokens.
const DEAREST: f64 = 1_000_000.0;

/// Billionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub u64);

/// What a million tokens cost, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Of the prompt.
    pub input: NanoUsd,
    /// Of the prompt, where the provider had it in its cache.
    pub cached: NanoUsd,
    /// Of the prompt, where the provider put it into its cache.
    pub cache_write: NanoUsd,
    /// Of the prompt, where it is sound.
    pub audio_input: NanoUsd,
    /// Of the answer.
    pub output: NanoUsd,
    /// Of the answer, where it is thought and not said.
    pub reasoning: NanoUsd,
    /// Of the answer, where it is sound.
    pub audio_output: NanoUsd,
}

/// What a model costs at one time. Longer prompts may have other rates; all tokens of a request have the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The rates.
    pub rates: Rates,
    /// Those of longer prompts, by what their tokens must be above, in ascending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<(u64, Rates)>,
}

/// What a model costs over time: prices, each with the second since 1970 from which on it holds, in ascending order.
///
/// Before the first, and where there is none, it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(pub(crate) Vec<(u64, Price)>);

/// A number that is no price.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("`{0}` is no price in US dollars per million tokens")]
pub struct InvalidPrice(pub f64);

// === impl Prices ===

impl Prices {
    /// The price at a time, in seconds since 1970.
    pub fn at(&self, seconds: u64) -> Option<&Price> {
        let begun = self.0.partition_point(|(from, _)| *from <= seconds);
        self.0.get(begun.checked_sub(1)?).map(|(_, price)| price)
    }
}

// === impl Price ===

impl Price {
    /// Nothing at all.
    pub const FREE: Self = Self { rates: Rates::FREE, above: Vec::new() };

    /// The rates for a prompt of so many tokens.
    pub fn rates(&self, prompt_tokens: u64) -> &Rates {
        let reached = self.above.partition_point(|(above, _)| *above < prompt_tokens);
        reached.checked_sub(1).and_then(|last| self.above.get(last)).map_or(&self.rates, |(_, rates)| rates)
    }

    /// What a request and its answer cost.
    pub fn cost(&self, tokens: &Tokens) -> NanoUsd {
        self.rates(tokens.input).cost(tokens)
    }

    /// What a request is taken to cost before it is sent: nothing from the cache, and an answer of
    /// [`EXPECTED_OUTPUT_TOKENS`] or of the client's limit if that is lower.
    pub fn estimate(&self, prompt_tokens: u64, output_limit: Option<u64>) -> NanoUsd {
        let output = output_limit.unwrap_or(u64::MAX).min(EXPECTED_OUTPUT_TOKENS);
        self.cost(&Tokens { input: prompt_tokens, output, ..Tokens::default() })
    }
}

// === impl Rates ===

impl Rates {
    /// Nothing at all.
    pub const FREE: Self = {
        let free = NanoUsd(0);
        Self {
            input: free,
            cached: free,
            cache_write: free,
            audio_input: free,
            output: free,
            reasoning: free,
            audio_output: free,
        }
    };

    /// What so many tokens cost, each counted once, of the kinds of which they may be several the first that is listed.
    /// The sum is rounded down to a billionth of a dollar; it is the largest number if it does not fit.
    fn cost(&self, tokens: &Tokens) -> NanoUsd {
        let Self { input, cached, cache_write, audio_input, output, reasoning, audio_output } = *self;
        let prompt = [(tokens.cached, cached), (tokens.cache_written, cache_write), (tokens.audio_input, audio_input)];
        let answer = [(tokens.reasoning, reasoning), (tokens.audio_output, audio_output)];
        let sum = within(tokens.input, &prompt, input) + within(tokens.output, &answer, output);
        NanoUsd(u64::try_from(sum / MILLION).unwrap_or(u64::MAX))
    }
}

/// What a whole costs whose parts have their own rates, in billionths of a dollar times a million.
fn within(whole: u64, parts: &[(u64, NanoUsd)], rate: NanoUsd) -> u128 {
    let mut left = whole;
    let mut sum = 0;
    for (tokens, rate) in parts {
        let tokens = left.min(*tokens);
        left -= tokens;
        sum += u128::from(tokens) * u128::from(rate.0);
    }
    sum + u128::from(left) * u128::from(rate.0)
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

    fn usd(usd: f64) -> NanoUsd {
        NanoUsd::from_usd(usd).unwrap()
    }

    /// A model whose cache is read at a tenth and written at five quarters, that thinks at the price of speaking.
    fn rates(input: f64, output: f64) -> Rates {
        Rates {
            input: usd(input),
            cached: usd(input / 10.0),
            cache_write: usd(input * 1.25),
            audio_input: usd(input),
            output: usd(output),
            reasoning: usd(output),
            audio_output: usd(output),
        }
    }

    fn price(input: f64, output: f64) -> Price {
        Price { rates: rates(input, output), above: Vec::new() }
    }

    fn tokens(input: u64, output: u64) -> Tokens {
        Tokens { input, output, ..Tokens::default() }
    }

    #[test]
    fn cost_is_exact_in_billionths() {
        assert_eq!(price(2.5, 10.0).cost(&tokens(1000, 500)), NanoUsd(2_500_000 + 5_000_000));
        assert_eq!(price(0.075, 0.3).cost(&tokens(1, 1)), NanoUsd(75 + 300));
        assert_eq!(Price::FREE.cost(&tokens(u64::MAX, u64::MAX)), NanoUsd(0));
        assert_eq!(price(800_000.0, 800_000.0).cost(&tokens(u64::MAX, u64::MAX)), NanoUsd(u64::MAX));
        // Half a billionth twice is a whole one: only the sum is rounded.
        assert_eq!(price(0.0005, 0.0005).cost(&tokens(1, 1)), NanoUsd(1));
    }

    #[test]
    fn every_token_is_paid_once_at_the_rate_of_its_kind() {
        let used =
            Tokens { input: 10_000, cached: 6000, cache_written: 1000, output: 800, reasoning: 300, ..tokens(0, 0) };
        // In millionths of a dollar: 3000 at 3, 6000 at 0.30, 1000 at 3.75, 800 at 15.
        assert_eq!(price(3.0, 15.0).cost(&used), NanoUsd(9_000_000 + 1_800_000 + 3_750_000 + 12_000_000));
        let spoken = Rates { audio_input: usd(40.0), audio_output: usd(80.0), reasoning: usd(1.0), ..rates(2.5, 10.0) };
        let used = Tokens { audio_input: 200, audio_output: 50, reasoning: 10, ..tokens(300, 100) };
        // 100 at 2.50, 200 at 40; 40 at 10, 50 at 80, 10 at 1.
        let expected = 250_000 + 8_000_000 + 400_000 + 4_000_000 + 10_000;
        assert_eq!(Price { rates: spoken, above: Vec::new() }.cost(&used), NanoUsd(expected));
        // A provider that says more of a part than of the whole is not paid for more than the whole.
        let odd = Tokens { cached: 900, cache_written: 900, ..tokens(1000, 0) };
        assert_eq!(price(3.0, 15.0).cost(&odd), NanoUsd(270_000 + 375_000));
    }

    #[test]
    fn a_long_prompt_makes_every_token_dearer() {
        let tiers = vec![(200_000, rates(6.0, 22.5)), (500_000, rates(12.0, 45.0))];
        let price = Price { rates: rates(3.0, 15.0), above: tiers };
        assert_eq!(price.cost(&tokens(200_000, 1000)), NanoUsd(600_000_000 + 15_000_000));
        assert_eq!(price.cost(&tokens(200_001, 1000)), NanoUsd(1_200_006_000 + 22_500_000));
        assert_eq!(price.cost(&tokens(500_001, 1000)), NanoUsd(6_000_012_000 + 45_000_000));
    }

    #[test]
    fn a_price_holds_until_the_next() {
        let prices = Prices(vec![(100, price(3.0, 15.0)), (200, price(2.0, 10.0))]);
        assert_eq!(prices.at(99), None);
        assert_eq!(prices.at(100), Some(&price(3.0, 15.0)));
        assert_eq!(prices.at(199), Some(&price(3.0, 15.0)));
        assert_eq!(prices.at(200), Some(&price(2.0, 10.0)));
        assert_eq!(Prices::default().at(u64::MAX), None);
    }

    #[test]
    fn an_estimate_takes_a_usual_answer_unless_the_client_wants_less() {
        let price = price(0.0, 1.0);
        assert_eq!(price.estimate(9, None), price.cost(&tokens(9, EXPECTED_OUTPUT_TOKENS)));
        assert_eq!(price.estimate(9, Some(1_000_000)), price.cost(&tokens(9, EXPECTED_OUTPUT_TOKENS)));
        assert_eq!(price.estimate(9, Some(10)), price.cost(&tokens(9, 10)));
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
