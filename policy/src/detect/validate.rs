//! Named checks of a matched value: checksums, structure, ranges.
//!
//! A validator gets the matched text with its separators and says what it makes of it. It never panics, and takes time
//! linear in the text.

mod banking;
mod checksum;
mod health;
mod network;
mod numbers_africa_asia;
mod numbers_americas;
mod numbers_europe;
mod numbers_germany;
mod numbers_nordic;
mod numbers_pacific;
mod numbers_romance;
mod numbers_uk;
mod text;
mod tokens;
mod wallets;

/// What a validator makes of a matched value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The value is what the detector looks for.
    Valid,
    /// The value cannot be what the detector looks for.
    Invalid,
    /// The value could be; nothing in it proves it.
    Unsure,
    /// A value published as an example or for tests.
    Specimen,
}

/// A named check of a matched text.
pub type Validator = fn(&str) -> Check;

/// The validator of this name.
pub fn find(name: &str) -> Option<Validator> {
    TABLES.iter().copied().flatten().find(|(known, _)| *known == name).map(|(_, validator)| *validator)
}

/// The names of all validators, grouped by subject.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().copied().flatten().map(|(name, _)| *name)
}

type Table = &'static [(&'static str, Validator)];

const TABLES: &[Table] = &[
    banking::TABLE,
    wallets::TABLE,
    health::TABLE,
    network::TABLE,
    numbers_africa_asia::TABLE,
    numbers_americas::TABLE,
    numbers_europe::TABLE,
    numbers_germany::TABLE,
    numbers_nordic::TABLE,
    numbers_pacific::TABLE,
    numbers_romance::TABLE,
    numbers_uk::TABLE,
    tokens::TABLE,
];

// === impl Check ===

impl Check {
    /// `Valid` if it holds, else `Invalid`: for a check that proves the value.
    fn proves(holds: bool) -> Self {
        if holds { Self::Valid } else { Self::Invalid }
    }

    /// `Unsure` if it holds, else `Invalid`: for a check that only rules values out.
    fn allows(holds: bool) -> Self {
        if holds { Self::Unsure } else { Self::Invalid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_validator_has_a_name_of_its_own_and_is_found_by_it() {
        let mut seen = std::collections::HashSet::new();
        for name in names() {
            assert!(seen.insert(name), "`{name}` stands twice");
            assert!(find(name).is_some());
        }
        assert!(seen.len() >= 100, "{}", seen.len());
        assert!(find("no-such").is_none());
    }

    #[test]
    fn no_validator_trips_over_odd_text() {
        let odd = [
            "",
            " ",
            "\u{0}",
            "é",
            "１２３４",
            "0",
            "-",
            "..",
            "A",
            "Z9",
            "eyJ",
            "::",
            "@",
            "\u{10ffff}-1",
            "999999999999999999999999999999",
        ];
        let long = "9".repeat(5000);
        let wide = "ß€漢字".repeat(100);
        for name in names() {
            let validator = find(name).unwrap();
            for text in odd.iter().copied().chain([long.as_str(), wide.as_str()]) {
                let _ = validator(text);
            }
            for length in 1..48 {
                for byte in ["0", "1", "9", "A", "z", "é"] {
                    let _ = validator(&byte.repeat(length));
                }
            }
        }
    }
}
