//! Prices as written.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Unexpected, Visitor, value::MapAccessDeserializer, value::SeqAccessDeserializer,
    },
};

/// What a model costs.
#[derive(Clone, Debug, PartialEq)]
pub enum PriceConfig {
    /// Nothing.
    Free,
    /// This, always.
    Usd(UsdConfig),
    /// This, by date and by the length of the prompt, in ascending order.
    List(Vec<UsdConfig>),
}

/// US dollars per million tokens, by kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UsdConfig {
    /// The day from which on it holds, such as `2026-11-25`, in UTC; always, if left out.
    pub from: Option<Date>,
    /// It holds for all tokens of a request whose prompt has more tokens than this.
    pub context_above: Option<u64>,
    /// Of the prompt.
    pub input: f64,
    /// Of the prompt where it comes from the provider's cache; as `input` if left out.
    pub cached: Option<f64>,
    /// Of the prompt where it is put into the provider's cache; as `input` if left out.
    pub cache_write: Option<f64>,
    /// Of the prompt where it is sound; as `input` if left out.
    pub audio_input: Option<f64>,
    /// Of the answer.
    pub output: f64,
    /// Of the answer where it is thought and not said; as `output` if left out.
    pub reasoning: Option<f64>,
    /// Of the answer where it is sound; as `output` if left out.
    pub audio_output: Option<f64>,
}

/// A day, as the seconds from 1970 to its beginning in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub u64);

// === impl PriceConfig ===

impl<'de> Deserialize<'de> for PriceConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PriceVisitor)
    }
}

struct PriceVisitor;

impl<'de> Visitor<'de> for PriceVisitor {
    type Value = PriceConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`free`, a map such as `{input: 2.50, output: 10.00}`, or a list of such maps")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PriceConfig, E> {
        if text == "free" { Ok(PriceConfig::Free) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PriceConfig, A::Error> {
        UsdConfig::deserialize(MapAccessDeserializer::new(map)).map(PriceConfig::Usd)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<PriceConfig, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(PriceConfig::List)
    }
}

// === impl Date ===

impl Date {
    /// Years, months and days become days by <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |length: usize| -> Option<u64> {
            let part = parts.next().filter(|part| part.len() == length)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part)?.parse().ok()
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        if parts.next().is_some() || year < 1970 || !crate::detect::validate::is_date(year, month, day) {
            return None;
        }
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, of_era) = (year / 400, year % 400);
        let days = of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1;
        Some(Self((era * 146_097 + days - 719_468) * 86_400))
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DateVisitor)
    }
}

struct DateVisitor;

impl Visitor<'_> for DateVisitor {
    type Value = Date;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day such as `2026-11-25`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
        Date::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_from_1970() {
        let cases = [
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(951_782_400)),
            ("2026-11-25", Some(1_795_564_800)),
            ("2026-02-29", None),
            ("1969-12-31", None),
            ("2026-1-01", None),
            ("2026-01-01-01", None),
            ("+026-01-01", None),
            ("today", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(Date::parse(text), seconds.map(Date), "{text}");
        }
    }
}
